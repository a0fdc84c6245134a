import assert from 'node:assert/strict'
import {test} from 'node:test'
import {ownMessageId, providerMessageId} from '../../src/lib/smtp/provider-message-id.ts'

const OURS = 'pd.abc@acme.example'

const REPLIES = [
  [
    'Microsoft 365 shows the id that it gave',
    'smtp.office365.com',
    '250 2.0.0 OK <DB7PR04MB4567@DB7PR04MB4567.eurprd04.prod.outlook.com> [Hostname=DB7PR04MB4567.eurprd04.prod.outlook.com]',
    'DB7PR04MB4567@DB7PR04MB4567.eurprd04.prod.outlook.com',
  ],
  [
    'Microsoft 365 shows ours where it kept it',
    'smtp.office365.com',
    `250 2.0.0 OK <${OURS}> [Hostname=DB7PR04MB4567.eurprd04.prod.outlook.com]`,
    null,
  ],
  [
    'Amazon SES in a region',
    'email-smtp.eu-west-1.amazonaws.com',
    '250 Ok 0102018b5c3c0a4f-7b1c2d3e-0000-1111-2222-333344445555-000000',
    '0102018b5c3c0a4f-7b1c2d3e-0000-1111-2222-333344445555-000000@eu-west-1.amazonses.com',
  ],
  [
    'Amazon SES in its oldest region',
    'email-smtp.us-east-1.amazonaws.com',
    '250 Ok 0100018b5c3c0a4f-7b1c2d3e-0000-1111-2222-333344445555-000000\r\n',
    '0100018b5c3c0a4f-7b1c2d3e-0000-1111-2222-333344445555-000000@email.amazonses.com',
  ],
  ['a reply that only looks like that of SES', 'mail.acme.example', '250 Ok 0100018b5c3c0a4f-000000', null],
  ['Postfix shows its queue id', 'mail.acme.example', '250 2.0.0 Ok: queued as 4Wxyz12345', null],
  ['Gmail shows none', 'smtp.gmail.com', '250 2.0.0 OK  1712345678 x-gsmtp', null],
] as const

for (const [name, host, reply, id] of REPLIES)
  test(name, () => {
    assert.equal(providerMessageId(reply, host, OURS), id)
  })

test('our own Message-ID is read from the header alone, folded or not', () => {
  const read = (text: string) => ownMessageId(Buffer.from(text))
  assert.equal(read(`Subject: x\r\nmessage-id: <${OURS}>\r\n\r\nhello`), OURS)
  assert.equal(read(`Message-ID:\r\n <${OURS}>\r\n\r\nhello`), OURS)
  assert.equal(read(`Subject: x\r\n\r\nMessage-ID: <${OURS}>\r\n`), null)
  assert.equal(read(`X-Message-ID: <${OURS}>\r\n\r\n`), null)
})
