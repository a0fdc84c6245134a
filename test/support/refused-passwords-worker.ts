/** A program of its own that remembers refusals: `refused-passwords-worker.ts STATE_DIRECTORY PORT`. */
import {openRefusedPasswords} from '../../src/lib/refused-passwords.ts'
import {Secret} from '../../src/lib/secret/secret.ts'
import {NOW} from './portal.ts'

const [directory = '', port] = process.argv.slice(2)
const memory = openRefusedPasswords(directory, {now: () => NOW})
for (const user of ['a', 'b', 'c'])
  await memory.remember({
    host: 'smtp.acme.example',
    port: Number(port),
    user,
    password: new Secret('correct horse battery staple'),
  })
