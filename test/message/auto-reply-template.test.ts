import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {checkTemplate, renderTemplate} from '../../src/lib/message/auto-reply-template.ts'

const VALUES = {ticket: 12, queue: 'Billing', portal: 'Acme', date: 'November 30, 2026'}

describe('a template', () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'We have it as #{ticket}, in {queue}.\n{portal}, {date}',
      'We have it as #12, in Billing.\nAcme, November 30, 2026',
    ],
    ['{ticket}{ticket}', '1212'],
    ['{{ticket}} {{{ticket}', '{ticket}} {12'],
    ['a { b } {} {', 'a { b } {} {'],
    ['{name} {Ticket} {ticket', '{name} {Ticket} {ticket'],
    ['', ''],
  ]
  for (const [template, expected] of cases)
    test(JSON.stringify(template), () => assert.equal(renderTemplate(template, VALUES), expected))

  test('takes each value once, on one line', () => {
    const values = {...VALUES, queue: '{date}', portal: 'A\r\nB\0\u202e{{ $& $1'}
    assert.equal(renderTemplate('{queue} {portal}', values), '{date} A B{{ $& $1')
  })
})

describe('what is wrong with a template', () => {
  test('is a placeholder that is none', () => {
    assert.equal(
      checkTemplate('Hello {name}'),
      '{name} is no placeholder: use {ticket}, {queue}, {portal}, {date}, or write {{ for a brace',
    )
    for (const template of ['{Ticket}', '{ticket }', '{}', '{{{x}', '{toString}', '{__proto__}'])
      assert.notEqual(checkTemplate(template), null, template)
  })

  test('is nothing in a good one', () => {
    for (const template of ['', 'Hello', '{ticket} {queue} {portal} {date}', '{{name}', 'a { b', '}'])
      assert.equal(checkTemplate(template), null, template)
  })
})
