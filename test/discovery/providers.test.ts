import assert from 'node:assert/strict'
import {isIP} from 'node:net'
import {describe, test} from 'node:test'
import {checkDomain} from '../../src/lib/address.ts'
import {
  forwardingTo,
  loginOf,
  PROVIDERS,
  providerOfDomain,
  providerOfHost,
  providerOfMx,
} from '../../src/lib/discovery/providers.ts'

/** RFC 6761, RFC 6762 and names that are private by custom. */
const PRIVATE = /\.(?:localhost|local|internal|intranet|lan|home|corp|test|invalid|example)$/

const assertOnce = (names: readonly string[]) => assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted())

describe('the table of providers', () => {
  test('has each id, domain and MX suffix once', () => {
    assertOnce(PROVIDERS.map(({id}) => id))
    assertOnce(PROVIDERS.flatMap(({domains}) => domains))
    assertOnce(PROVIDERS.flatMap(({mx}) => mx))
  })

  for (const provider of PROVIDERS)
    test(`has usable facts for ${provider.id}`, () => {
      for (const name of [...provider.domains, ...provider.mx, ...provider.smtp.map(({host}) => host)]) {
        assert.equal(checkDomain(name), null, name)
        assert.equal(isIP(name), 0, name)
        assert.doesNotMatch(name, PRIVATE)
      }
      assertOnce(provider.smtp.map(({host, port}) => `${host}:${port}`))
      // RFC 8314 3.3: TLS from the first byte before STARTTLS, and 465 is never STARTTLS.
      assert.deepEqual(
        provider.smtp.map(({security}) => security),
        provider.smtp.map(({security}) => security).toSorted((a, b) => (a === b ? 0 : a === 'tls' ? -1 : 1)),
      )
      for (const {port, security} of provider.smtp) assert.equal(security === 'tls', port === 465)
      assert.equal(provider.consumer, provider.domains.length > 0)
      if (provider.consumer || provider.mx.length > 0) assert.ok(provider.forwarding, 'mailboxes can be forwarded')
      for (const url of [provider.source, provider.password.url, provider.forwarding?.url])
        if (url !== undefined) assert.ok(URL.canParse(url), url)
      assert.match(provider.password.say, /\.$/)
      for (const step of provider.forwarding?.steps ?? []) assert.match(step, /\.$/)
    })
})

describe('a provider is found', () => {
  test('by its own domain, exactly and in any letters', () => {
    assert.equal(providerOfDomain('GMail.com')?.id, 'gmail')
    assert.equal(providerOfDomain('hotmail.com')?.password.kind, 'none')
    assert.equal(providerOfDomain('mail.gmail.com'), null)
    assert.equal(providerOfDomain('notgmail.com'), null)
  })

  test('by the MX of a domain, the longest suffix first', () => {
    assert.equal(providerOfMx(['aspmx.l.google.com', 'alt1.aspmx.l.google.com'])?.id, 'google-workspace')
    assert.equal(providerOfMx(['acme-example.mail.protection.outlook.com.'])?.id, 'microsoft-365')
    assert.equal(providerOfMx(['outlook-com.olc.protection.outlook.com'])?.id, 'outlook')
    assert.equal(providerOfMx(['mx-aol.mail.gm0.yahoodns.net'])?.id, 'aol')
    assert.equal(providerOfMx(['MX.ZOHO.EU'])?.id, 'zoho-organisation-eu')
    assert.equal(providerOfMx(['mx.evilgoogle.com', 'mx.acme.example']), null)
    assert.equal(providerOfMx([]), null)
  })

  test('by the host that one sends through, also by that of a region', () => {
    assert.equal(providerOfHost('smtp.gmail.com')?.id, 'gmail')
    assert.equal(providerOfHost('smtp.office365.com')?.maxConnections, 3)
    assert.equal(providerOfHost('email-smtp.eu-central-1.amazonaws.com')?.id, 'amazon-ses')
    assert.equal(providerOfHost('email-smtp.eu-central-1.amazonaws.com.evil.example'), null)
    assert.equal(providerOfHost('smtp.acme.example'), null)
  })
})

test('the login is the address, its local part, a fixed word, or not known', () => {
  const login = (host: string) => loginOf('ann@web.de', providerOfHost(host)!)
  assert.equal(login('smtp.gmail.com'), 'ann@web.de')
  assert.equal(login('smtp.web.de'), 'ann')
  assert.equal(login('smtp.sendgrid.net'), 'apikey')
  assert.equal(login('smtp-relay.brevo.com'), null)
})

test('the steps of forwarding name the target, also for a provider that is not known', () => {
  for (const provider of [...PROVIDERS, null]) {
    const {steps} = forwardingTo('help@acme.example', provider)
    assert.match(steps.join('\n'), /help@acme\.example/)
    assert.doesNotMatch(steps.join('\n'), /\{/)
  }
})
