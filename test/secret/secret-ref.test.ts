import assert from 'node:assert/strict'
import {test} from 'node:test'
import {PostdeskError} from '../../src/lib/errors.ts'
import {formatSecretRef, parseSecretRef} from '../../src/lib/secret/secret-ref.ts'

test('every form is read and written back', () => {
  for (const [text, ref] of [
    ['env:SMTP_PASSWORD', {kind: 'env', variable: 'SMTP_PASSWORD'}],
    ['file:/run/secrets/a b:c', {kind: 'file', path: '/run/secrets/a b:c'}],
    ['cmd:["pass","show","mail/smtp"]', {kind: 'cmd', argv: ['pass', 'show', 'mail/smtp']}],
    ['cmd:["/usr/bin/op","read",""]', {kind: 'cmd', argv: ['/usr/bin/op', 'read', '']}],
    ['keychain:smtp.example/me@example/x', {kind: 'keychain', entry: 'smtp.example/me@example/x'}],
    ['vault:s/p/c/password', {kind: 'vault', entry: 's/p/c/password'}],
  ] as const) {
    assert.deepEqual(parseSecretRef(text), ref)
    assert.equal(formatSecretRef(parseSecretRef(text)), text)
  }
})

test('anything else is refused with the right form, and never repeated', () => {
  for (const [text, form] of [
    ['hunter2', 'env:SMTP_PASSWORD'],
    ['', 'env:SMTP_PASSWORD'],
    ['password:hunter2', 'vault:ENTRY'],
    ['env:$hunter2', 'env:SMTP_PASSWORD'],
    ['env:', 'env:SMTP_PASSWORD'],
    ['file:hunter2', 'file:/run/secrets'],
    ['file:~/hunter2', 'file:/run/secrets'],
    ['cmd:pass show hunter2', 'cmd:["pass","show"'],
    ['cmd:"hunter2"', 'cmd:["pass"'],
    ['cmd:[]', 'cmd:["pass"'],
    ['cmd:["hunter2",1]', 'cmd:["pass"'],
    ['cmd:[""]', 'cmd:["pass"'],
    ['cmd:["./hunter2"]', 'cmd:["pass"'],
    ['cmd:["hunter2\\u0000"]', 'cmd:["pass"'],
    ['keychain:hunter2', 'keychain:SERVICE/ACCOUNT'],
    ['keychain:hunter2/', 'keychain:SERVICE/ACCOUNT'],
    ['vault:', 'vault:ENTRY'],
    [`file:/${'hunter2'.repeat(600)}`, 'file:/run/secrets'],
  ] as const)
    assert.throws(
      () => parseSecretRef(text),
      (error: unknown) => {
        assert.ok(error instanceof PostdeskError, text)
        assert.equal(error.exitCode, 64)
        const shown = error.message + error.fixes.map((fix) => fix.text).join()
        assert.ok(shown.includes(form), `${text}: ${shown}`)
        assert.ok(!shown.includes('hunter2'), shown)
        return true
      },
    )
})
