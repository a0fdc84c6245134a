import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {parseFacts} from '../../src/lib/message/parse.ts'
import {mail} from '../support/portal.ts'
import {fixture} from './mail.ts'

const LINK =
  'https://mail-settings.google.com/mail/vf-%5BANGjdJ-tOkEnOfAForwardThatNobodyHas_0123456789abcdefghijklmnopqrstuvwxyz%5D-aBcDeFgHiJkLmNoPqRsTuVwXyZ0'

const confirmationOf = (bytes: Buffer) => parseFacts(bytes).confirmation

/** A mail as Gmail sends it, with this text. */
const gmail = (body: string, headers: Readonly<Record<string, string>> = {}) =>
  mail(
    {
      From: 'Gmail Team <forwarding-noreply@google.com>',
      To: 'support@acme.example',
      Subject: '(Gmail Forwarding Confirmation - Receive Mail from shop.sales@gmail.com',
      ...headers,
    },
    body,
  )

describe('a confirmation of Gmail', () => {
  test('has a link, and in earlier years a code, in whatever language', () => {
    for (const [name, code] of [
      ['gmail-forwarding-link.eml', null],
      ['gmail-forwarding-code.eml', '99427480'],
      ['gmail-forwarding-chinese.eml', '416704879'],
    ] as const)
      assert.deepEqual(
        confirmationOf(fixture(name)),
        {provider: 'Gmail', code, link: LINK, forAddress: 'shop.sales@gmail.com'},
        name,
      )
  })

  test('is one where a company put its own name in place of Gmail, and where the subject names nobody', () => {
    const subject = '(#239314020) Shop Forwarding Confirmation - Receive Mail from ann@shop.example'
    assert.deepEqual(confirmationOf(gmail(`${LINK}\n`, {Subject: subject})), {
      provider: 'Gmail',
      code: '239314020',
      link: LINK,
      forAddress: 'ann@shop.example',
    })
    const text = `ann@shop.example a demandé le transfert.\nCode de confirmation : 740215896\n`
    assert.deepEqual(confirmationOf(gmail(text, {Subject: 'Confirmation'})), {
      provider: 'Gmail',
      code: '740215896',
      link: null,
      forAddress: 'ann@shop.example',
    })
  })

  test('is one in HTML as well, where the link stands behind words', () => {
    const bytes = gmail(`<p>shop.sales@gmail.com …</p><a href="${LINK}">Confirm</a>`, {'Content-Type': 'text/html'})
    assert.equal(confirmationOf(bytes)?.link, LINK)
  })

  test('has its link at any of the hosts that Google has used', () => {
    for (const host of ['mail-settings.google.com', 'mail.google.com', 'isolated.mail.google.com']) {
      const link = LINK.replace('mail-settings.google.com', host)
      assert.equal(confirmationOf(gmail(`${link}\n`))?.link, link)
      assert.equal(confirmationOf(gmail(`${link.replace(host, `${host}.evil.example`)}\n`)), null)
      assert.equal(confirmationOf(gmail(`${link.replace(host, `evil.${host}`)}\n`)), null)
    }
  })

  test('is not taken for one where it has neither code nor link, or another sender', () => {
    assert.equal(confirmationOf(gmail('Your forward was removed.\n')), null)
    for (const From of [
      'forwarding-noreply@google.com.evil.example',
      'forwarding-noreply@gmail.com',
      '"forwarding-noreply@google.com" <x@evil.example>',
      'forwarding-noreply@google.com, x@evil.example',
      'x@google.com',
    ])
      assert.equal(confirmationOf(gmail(`${LINK}\n`, {From})), null, From)
  })

  test('shows no link that leads elsewhere, or takes the request back', () => {
    for (const link of [
      LINK.replace('/vf-', '/uf-'),
      LINK.replace('https:', 'http:'),
      LINK.replace('google.com', 'google.com.evil.example'),
      LINK.replace('mail-settings.google.com', 'evil.example'),
      LINK.replace('https://', 'https://mail-settings.google.com@evil.example/'),
      LINK.replace('https://', 'https://user:password@'),
      LINK.replace('google.com/', 'google.com:8443/'),
      'https://mail.google.com/mail/u/0/#settings/fwdandpop',
      'https://mail.google.com/mail/vf-',
    ]) {
      const confirmation = confirmationOf(gmail(`${link}\n`, {Subject: '(#99427480) Gmail Forwarding Confirmation'}))
      assert.deepEqual([confirmation?.code, confirmation?.link], ['99427480', null], link)
    }
    const both = `cancel: ${LINK.replace('/vf-', '/uf-')}\nconfirm: <${LINK}>.\n`
    assert.equal(confirmationOf(gmail(both))?.link, LINK)
  })

  test('takes time that grows with its length alone', () => {
    const started = performance.now()
    confirmationOf(gmail('https://mail-settings.google.com/mail/vf-'.repeat(20_000)))
    confirmationOf(gmail(`${'a.'.repeat(300_000)}\n`, {Subject: `${'a'.repeat(20_000)} ${': 1'.repeat(20_000)}`}))
    assert.ok(performance.now() - started < 20_000)
  })
})

test('a confirmation of Yandex is known by its subject and the link to its own host', () => {
  const bytes = (link: string, from = 'noreply@yandex.ru') =>
    mail(
      {
        From: from,
        To: 'support@acme.example',
        Subject: `=?utf-8?B?${Buffer.from('Подтверждение адреса для пересылки писем').toString('base64')}?=`,
        'Content-Type': 'text/plain; charset=utf-8',
      },
      `<${link}>\n`,
    )
  const link = 'https://mail.yandex.ru/forward?e=mQk1%2Bx_0'
  assert.deepEqual(confirmationOf(bytes(link)), {provider: 'Yandex', code: null, link, forAddress: null})
  assert.equal(confirmationOf(bytes('https://mail.yandex.ru/')), null)
  assert.equal(confirmationOf(bytes(link.replace('yandex.ru', 'yandex.ru.evil.example'))), null)
  assert.equal(confirmationOf(bytes(link, 'noreply@yandex.ru.evil.example')), null)
})
