import assert from 'node:assert/strict'
import {test} from 'node:test'
import {messageData} from '../../src/lib/diagnosis/message-data.ts'

const data = (message: string) => messageData(Buffer.from(message, 'latin1')).toString('latin1')

test('a message follows DATA with CRLF, with its dots doubled, and with its end', () => {
  assert.equal(data('Subject: a\r\n\r\n.dot\r\n..\r\n'), 'Subject: a\r\n\r\n..dot\r\n...\r\n.\r\n')
  assert.equal(data('Subject: a\n\n.\nmid.dle\rend'), 'Subject: a\r\n\r\n..\r\nmid.dle\r\nend\r\n.\r\n')
  assert.equal(data('.'), '..\r\n.\r\n')
  assert.equal(data(''), '.\r\n')
})

test('bytes beyond ASCII are left as they are', () => {
  const bytes = Buffer.from('Subject: a\r\n\r\ngrüße\r\n')
  assert.deepEqual(messageData(bytes), Buffer.concat([bytes, Buffer.from('.\r\n')]))
})
