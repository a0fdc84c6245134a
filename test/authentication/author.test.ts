import assert from 'node:assert/strict'
import {test} from 'node:test'
import {domainOf, normalDomain} from '../../src/lib/authentication/author.ts'

test('domains are compared as DNS knows them', () => {
  for (const [domain, normal] of [
    ['Example.COM', 'example.com'],
    ['example.com.', 'example.com'],
    ['BÜCHER.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['a_b.example', 'a_b.example'],
    [' example.com ', 'example.com'],
  ] as const)
    assert.equal(normalDomain(domain), normal)
})

test('what a URL would take for a domain is none', () => {
  for (const text of [
    '',
    '.',
    'ex%61mple.com',
    'example.com/a',
    'example.com:80',
    'a b.example',
    'a".example',
    '[192.0.2.1]',
    'a\\b.example',
    'a?b',
    'a#b',
  ])
    assert.equal(normalDomain(text), '', text)
})

test('an address has the domain after its only @', () => {
  for (const [address, domain] of [
    ['ann@shop.example', 'shop.example'],
    ['"a@b"@shop.example', 'shop.example'],
    ['ann@bank.test@evil.test', ''],
    ['"ann"@bank.test@evil.test', ''],
    ['ann', ''],
    ['ann@', ''],
    ['ann@[192.0.2.1]', ''],
  ] as const)
    assert.equal(domainOf(address), domain, address)
})
