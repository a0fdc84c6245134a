import assert from 'node:assert/strict'
import {describe, test, type TestContext} from 'node:test'
import {createParsePool, type ParsePoolOptions} from '../../src/lib/message/parse-pool.ts'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {decompressChunk} from '../../src/lib/message/raw-chunks.ts'
import {packRtf, writeTnef} from '../support/tnef-writer.ts'
import {fixture} from './mail.ts'

const broken = new URL('./broken-parse-worker.ts', import.meta.url)

function poolFor(t: TestContext, options?: ParsePoolOptions) {
  const pool = createParsePool(options)
  t.after(() => pool.close())
  return pool
}

const mail = (text: string) => Buffer.from(`${text}\r\n\r\nbody`)
const mails = [
  fixture('outlook-nested-related.eml'),
  Buffer.alloc(0),
  fixture('webform-raw-latin1-header.eml'),
  mail(`Subject: ${'long '.repeat(500_000)}`),
]

describe('parse pool', () => {
  test('gives the facts and the bytes of each message, in order, and leaves the bytes alone', async (t) => {
    const pool = poolFor(t)
    // Two small messages that share memory, as pieces of one network read do.
    const shared = Buffer.from('Subject: one\r\n\r\nxSubject: two\r\n\r\ny')
    const batch = [...mails, shared.subarray(0, 17), shared.subarray(17)]
    const copies = batch.map((raw) => Buffer.from(raw))
    const parsed = await pool.parse(batch)
    assert.deepEqual(
      parsed.map(({message}) => message),
      copies.map(parseFacts),
    )
    assert.deepEqual(
      parsed.map(({chunks}) => Buffer.concat(chunks.map(decompressChunk))),
      copies,
    )
    assert.deepEqual(batch, copies)
  })

  test('is not brought down by what is built to do so', async (t) => {
    const pool = poolFor(t)
    const attached = (type: string, bytes: Buffer) =>
      Buffer.from(`Content-Type: ${type}\r\nContent-Transfer-Encoding: base64\r\n\r\n${bytes.toString('base64')}`)
    const size = 4 * 1024 * 1024
    // A winmail.dat whose first attribute claims 4 GB, and RTF that claims as much.
    const claim = Buffer.from('789f3e22010001039006 00ffffffff'.replaceAll(' ', ''), 'hex')
    const rtf = packRtf('{'.repeat(size))
    rtf.writeUInt32LE(0xffffffff, 4)
    const batch = [
      attached('application/ms-tnef', Buffer.concat([claim, Buffer.alloc(size)])),
      attached('application/ms-tnef', writeTnef({properties: [{id: 0x1009, value: rtf}]})),
      attached('application/pkcs7-mime', Buffer.from('30802480'.repeat(size / 4), 'hex')),
      Buffer.from(`Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n${'BEGIN:VEVENT\r\n'.repeat(size / 14)}`),
      Buffer.from(`Content-Type: text/plain; charset=utf-7\r\n\r\n${'+'.repeat(size)}`),
      Buffer.from(`Content-Type: text/plain; format=flowed\r\n\r\n${'>'.repeat(size)}`),
      Buffer.from(`Subject: x\r\n\r\n${'begin 644 a\r\n'.repeat(size / 13)}`),
    ]
    for (const {message} of await pool.parse(batch)) {
      assert.ok(!message.defects.some(({code}) => code === 'parse-failed'), message.defects[0]?.detail)
    }
  })

  test('works on batches in the order of the calls', async (t) => {
    const pool = poolFor(t)
    const order: number[] = []
    const batches = Array.from({length: 6}, (_, index) => [mail(`Subject: ${index}`)])
    const subjects = await Promise.all(
      batches.map(async (batch, index) => {
        const [parsed] = await pool.parse(batch)
        order.push(index)
        return parsed?.message.subject
      }),
    )
    assert.deepEqual(subjects, ['0', '1', '2', '3', '4', '5'])
    assert.deepEqual(order, [0, 1, 2, 3, 4, 5])
    assert.deepEqual(await pool.parse([]), [])
  })

  const failures = [
    ['hang', /more than 0.2 seconds/],
    ['throw', /asked to throw/],
    ['exit', /ended/],
    ['eat', /memory/],
  ] as const
  for (const [what, why] of failures) {
    test(`a message that makes the parser ${what} costs that message only`, async (t) => {
      const pool = poolFor(t, {worker: broken, ...(what === 'hang' && {deadlineMs: 200})})
      const bad = mail(`X-Do: ${what}\r\nSubject: bad\r\nFrom: A <a@x.example>`)
      const good = mail('Subject: good')
      const [first, second] = await Promise.all([pool.parse([good, bad, good, bad]), pool.parse([good])])
      assert.deepEqual(
        [...first, ...second].map(({message}) => message.subject),
        ['good', 'bad', 'good', 'bad', 'good'],
      )
      for (const index of [1, 3]) {
        const parsed = first[index]!
        assert.deepEqual(
          parsed.message.defects.map(({code}) => code),
          ['parse-failed'],
        )
        assert.match(parsed.message.defects[0]!.detail, why)
        assert.deepEqual(parsed.message.from, [{name: '', address: 'a@x.example'}])
        assert.deepEqual(Buffer.concat(parsed.chunks.map(decompressChunk)), bad)
      }
      assert.deepEqual(first[2]?.message.defects, [])
    })
  }

  test('rejects when the worker cannot be started at all', async (t) => {
    const pool = poolFor(t, {worker: new URL('./no-such-worker.ts', import.meta.url)})
    await assert.rejects(pool.parse([mail('Subject: x')]), /cannot be started: .*no-such-worker/)
  })

  test('rejects what is not done when it is closed, and everything after', async () => {
    const pool = createParsePool()
    const waiting = [pool.parse(mails), pool.parse(mails), pool.parse(mails)]
    const settled = Promise.allSettled(waiting)
    await pool.close()
    assert.deepEqual(
      (await settled).map(({status}) => status),
      ['rejected', 'rejected', 'rejected'],
    )
    await assert.rejects(pool.parse(mails), /closed/)
  })
})
