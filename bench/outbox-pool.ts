/** nodemailer's own pool, alone with mails that it has in memory: node bench/outbox-pool.ts PORT MESSAGES CONNECTIONS */
import {createTransport} from 'nodemailer'
import {generateMail, outlineMail} from '../test/support/mail-generator.ts'

const [port, messages, maxConnections] = process.argv.slice(2).map(Number)
const mails = Array.from({length: messages!}, (_, index) => ({
  raw: generateMail(index),
  envelope: {from: 'bench@provider.example', to: [outlineMail(index).from.address]},
}))
const pool = createTransport({
  host: '127.0.0.1',
  port: port!,
  pool: true,
  maxConnections: maxConnections!,
  maxMessages: Infinity,
  ignoreTLS: true,
  auth: {user: 'bench', pass: 'bench'},
})
await Promise.all(mails.map((mail) => pool.sendMail(mail)))
pool.close()
