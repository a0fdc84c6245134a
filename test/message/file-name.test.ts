import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {nameKey, namedBySubject, numberedName, safeFileName} from '../../src/lib/message/file-name.ts'

const PDF = 'application/pdf'

describe('the name of a file', () => {
  for (const [filename, name] of [
    ['report.pdf', 'report.pdf'],
    ['Rechnung März 2026.pdf', 'Rechnung März 2026.pdf'],
    ['Rechnung Ma\u0308rz.pdf', 'Rechnung März.pdf'],
    ['../../etc/cron.d/x', 'etc_cron.d_x'],
    ['..\\..\\windows\\system32\\evil.dll', 'windows_system32_evil.dll'],
    ['/etc/passwd', 'etc_passwd'],
    ['C:\\My Documents\\LETTER.DOC', 'LETTER.DOC'],
    ['a/./b', 'a_b'],
    ['invoice\u202Efdp.exe', 'invoicefdp.exe'],
    ['a\0b\r\nc\u0007d\u200Be.txt', 'ab cde.txt'],
    ['.bashrc', 'bashrc'],
    ['...', 'attachment.pdf'],
    ['. .hidden', 'hidden'],
    ['-rf', 'rf'],
    ['report.pdf. . ', 'report.pdf'],
    ['a:b*c?d"e<f>g|h', 'a_b_c_d_e_f_g_h'],
    ['con', '_con'],
    ['NUL.txt', '_NUL.txt'],
    ['com1.tar.gz', '_com1.tar.gz'],
    ['LPT\u00B2', '_LPT\u00B2'],
    ['console.log', 'console.log'],
    ['\uD800a.txt', '\uFFFDa.txt'],
    ['   ', 'attachment.pdf'],
    ['', 'attachment.pdf'],
    [null, 'attachment.pdf'],
  ] as const)
    test(JSON.stringify(filename), () => assert.equal(safeFileName({filename, contentType: PDF}), name))

  test('has at most 120 bytes, and keeps its extension and its letters whole', () => {
    for (const [filename, ending] of [
      [`${'x'.repeat(300)}.pdf`, 'x.pdf'],
      [`${'ü'.repeat(300)}.jpeg`, 'ü.jpeg'],
      [`${'👩‍👩‍👧'.repeat(300)}.png`, '.png'],
      [`x.${'y'.repeat(300)}`, 'y'],
      ['日本語'.repeat(5000), ''],
    ] as const) {
      const name = safeFileName({filename, contentType: PDF})
      assert.ok(Buffer.byteLength(name) <= 120 && Buffer.byteLength(name) > 80, name)
      assert.ok(name.endsWith(ending), name)
      assert.ok(!name.includes('\uFFFD'), name)
      const numbered = numberedName(name, 12)
      assert.ok(Buffer.byteLength(numbered) <= 120 && numbered.includes(' (12)'), numbered)
    }
  })

  test('comes from the type, or the subject of a mail, where none was sent', () => {
    for (const [contentType, subject, name] of [
      ['image/png', '', 'attachment.png'],
      ['text/calendar', '', 'calendar.ics'],
      ['message/delivery-status', '', 'delivery-status.txt'],
      ['message/rfc822', 'Re: Order 7/8', 'Re_ Order 7_8.eml'],
      ['message/rfc822', '../', 'message.eml'],
      ['application/x-unknown', '', 'attachment.bin'],
      ['constructor', '', 'attachment.bin'],
    ] as const)
      assert.equal(safeFileName({filename: null, contentType, subject}), name)
    assert.equal(namedBySubject({filename: null, contentType: 'message/rfc822'}), true)
    assert.equal(namedBySubject({filename: 'a.eml', contentType: 'message/rfc822'}), false)
    assert.equal(namedBySubject({filename: null, contentType: PDF}), false)
  })

  test('gets a number before its extension', () => {
    assert.deepEqual(
      ['a.pdf', 'a', 'a.tar.gz'].map((name) => [numberedName(name, 1), numberedName(name, 2)]),
      [
        ['a.pdf', 'a (2).pdf'],
        ['a', 'a (2)'],
        ['a.tar.gz', 'a.tar (2).gz'],
      ],
    )
    assert.equal(nameKey('A\u0308.PDF'), nameKey('ä.pdf'))
  })
})
