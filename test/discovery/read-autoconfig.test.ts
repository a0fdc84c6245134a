import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {readAutoconfig} from '../../src/lib/discovery/read-autoconfig.ts'
import {autoconfigFile} from './autoconfig-server.ts'

const read = (xml: string) => readAutoconfig(xml, 'ann@acme.test')

describe('an autoconfig file', () => {
  test('names servers and logins, with the address filled in', async () => {
    const xml = autoconfigFile(
      'smtp.%EMAILDOMAIN% 465 SSL %EMAILADDRESS%',
      'SMTP.acme.test 587 STARTTLS %EMAILLOCALPART%',
    )
    assert.deepEqual(await read(xml), [
      {host: 'smtp.acme.test', port: 465, security: 'tls', user: 'ann@acme.test'},
      {host: 'smtp.acme.test', port: 587, security: 'starttls', user: 'ann'},
    ])
  })

  test('loses what has no TLS, no public name and no port', async () => {
    const xml = autoconfigFile(
      'smtp.acme.test 25 plain ann',
      'localhost 465 SSL ann',
      '192.168.0.1 465 SSL ann',
      '%EMAILHOST% 465 SSL ann',
      'smtp.acme.test 0 SSL ann',
      'smtp.acme.test 99999 SSL ann',
      'smtp.acme.test x SSL ann',
      'smtp.acme.test 465 constructor ann',
    )
    assert.deepEqual(await read(xml), [])
  })

  test('leaves the login open where it has another variable, or is no word', async () => {
    const users = async (user: string) => (await read(autoconfigFile(`smtp.acme.test 465 SSL ${user}`)))[0]?.user
    assert.equal(await users('%REALNAME%'), null)
    assert.equal(await users(''), null)
    assert.equal(await users('x'.repeat(255)), null)
    assert.equal(await users('a\u202eb'), null)
  })

  test('is refused with a document type, and its entities are not expanded', async () => {
    const bomb = `<!DOCTYPE x [<!ENTITY a "smtp.acme.test">]>${autoconfigFile('&a; 465 SSL ann').replace(/^.*\n/, '')}`
    await assert.rejects(read(bomb), /document type/)
    assert.deepEqual(await read(autoconfigFile('smtp.acme&#46;test 465 SSL ann')), [])
  })

  test('is refused where it is something else', async () => {
    for (const text of ['', 'not found', '<html><body></body></html>', '{"a":1}', '<clientConfig>', '<a></b>'])
      await assert.rejects(read(text))
    await assert.rejects(read(`<clientConfig>${'<a>'.repeat(100)}${'</a>'.repeat(100)}</clientConfig>`))
    assert.deepEqual(await read('<clientConfig></clientConfig>').catch(() => []), [])
    assert.deepEqual(
      await read('<clientConfig><__proto__><emailProvider/></__proto__></clientConfig>').catch(() => []),
      [],
    )
  })
})
