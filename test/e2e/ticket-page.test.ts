/** The page of a conversation in a real browser, which would run and load what is left alive of hostile mail. */
import assert from 'node:assert/strict'
import {join} from 'node:path'
import {test} from 'node:test'
import {pathToFileURL} from 'node:url'
import type {Page} from 'playwright-core'
import {fixture} from '../message/mail.ts'
import {chromiumMissing, startChromium} from '../support/chromium.ts'
import {HOSTILE_HTML} from '../support/hostile-html.ts'
import {startProgram, type Program} from '../support/program.ts'
import {customerMail} from '../support/seed.ts'

const skip = chromiumMissing()

const HTML = {'Content-Type': 'text/html; charset=utf-8', 'MIME-Version': '1.0'}
const FIRST = {'Message-ID': '<first@example.com>'}
const NEXT = {'In-Reply-To': '<first@example.com>'}

/** A mail as its sender meant it: a picture of its own, one from elsewhere, and an answer above what it answers. */
const kind = customerMail(
  {...FIRST, 'MIME-Version': '1.0', 'Content-Type': 'multipart/related; boundary=b'},
  [
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<p style="color:rgb(200, 0, 0)">The hinge: <img src="cid:LOGO%40acme.example" alt="logo"></p>',
    '<img src="https://cdn.example/banner.png" alt="Banner"><img src="https://track.example/1.gif" width=1>',
    '<a href="https://shop.example/">Shop</a>',
    '<div class="gmail_quote"><blockquote>What is broken?</blockquote></div>',
    '--b',
    'Content-Type: image/png',
    'Content-ID: <logo@acme.example>',
    'Content-Transfer-Encoding: base64',
    '',
    fixture('logo.png').toString('base64'),
    '--b--',
    '',
  ].join('\n'),
)

/** Opens the page of ticket 1, and collects what it must not do. */
async function openPage(program: Program, page: Page): Promise<{complaints: string[]}> {
  const file = join(program.home, 'ticket.html')
  const {code, stderr} = await program.run(['ticket', 'show', '1', '--web', '--out', file])
  assert.equal(code, 0, stderr)
  const {href} = pathToFileURL(file)
  const complaints: string[] = []
  page.context().on('request', (request) => {
    if (request.url() !== href && !request.url().startsWith('data:')) complaints.push(`request: ${request.url()}`)
  })
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('console', (message) => complaints.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('framenavigated', (frame) => {
    if (frame.url() !== href) complaints.push(`navigated: ${frame.url()}`)
  })
  await page.goto(href)
  return {complaints}
}

// What runs in the page is given as text: this program has no `document`.

const OF_THE_MAIL = `(() => {
  const root = document.querySelector('.mail').shadowRoot
  return {
    pictures: [...root.querySelectorAll('img')].map((image) => image.naturalWidth),
    colour: getComputedStyle(root.querySelector('p')).color,
  }
})()`

const WHAT_IS_THERE = `(() => {
  const roots = [...document.querySelectorAll('.mail')].map((mail) => mail.shadowRoot)
  const all = [document, ...roots].flatMap((root) => [...root.querySelectorAll('*')])
  const articles = [...document.querySelectorAll('main > article')]
  const alive =
    'script,iframe,frame,object,embed,form,input,base,link,svg,math,[id]:not(article),[name]:not(meta)'
  return {
    mails: roots.length,
    articles: articles.length,
    body: [...document.body.children].map((element) => element.tagName),
    alive: all.filter((element) => element.matches(alive)).map((element) => element.outerHTML),
    handlers: all
      .flatMap((element) => [...element.attributes].map((attribute) => attribute.name))
      .filter((name) => name.startsWith('on')),
    // Times of messages over which something else lies.
    covered: articles
      .filter((article) => {
        const time = article.querySelector('header .when')
        time.scrollIntoView({block: 'center'})
        const {left, top, width, height} = time.getBoundingClientRect()
        return !time.contains(document.elementFromPoint(left + width / 2, top + height / 2))
      })
      .map((article) => article.id),
  }
})()`

/** As a person who moves over all of it, clicks where no link is, and opens the folds. */
const TOUCH_EVERYTHING = `(() => {
  for (const mail of document.querySelectorAll('.mail'))
    for (const element of mail.shadowRoot.querySelectorAll('*')) {
      for (const type of ['mouseover', 'mousemove', 'focus', 'toggle', 'wheel', 'copy'])
        element.dispatchEvent(new Event(type, {bubbles: true}))
      if (!element.closest('a')) element.click()
    }
  for (const details of document.querySelectorAll('details')) details.open = true
})()`

test('a mail is shown as its sender meant it, without what it would load', {skip}, async (t) => {
  const program = await startProgram(t, 'sqlite', {agents: {'ann@acme.example': true}})
  for (const bytes of [kind, customerMail(NEXT, 'Plain <b>words</b>\n')]) {
    const {code, stdout} = await program.run(['email', 'deliver', '--recipient=support@acme.example'], bytes)
    assert.equal(code, 0, stdout)
  }
  await program.run(['ticket', 'note', '1', '--body', 'To do', '--as', 'ann@acme.example'])
  const page = await (await startChromium(t)).newPage()
  const {complaints} = await openPage(program, page)

  assert.deepEqual(await page.evaluate(OF_THE_MAIL), {pictures: [1], colour: 'rgb(200, 0, 0)'})
  assert.ok(await page.getByText('Banner (picture from cdn.example not loaded)').isVisible())
  assert.ok(await page.getByText('2 pictures were not loaded from cdn.example, track.example').isVisible())
  assert.equal(await page.locator('.mail a').getAttribute('href'), 'https://shop.example/')
  await page.locator('.mail a').hover()

  const quote = page.locator('.mail').getByText('What is broken?')
  assert.equal(await quote.isVisible(), false)
  await page.locator('.mail summary').click()
  assert.ok(await quote.isVisible())

  assert.ok(await page.getByText('Plain <b>words</b>').isVisible())
  assert.ok(await page.locator('.note').getByText('To do').isVisible())
  assert.match((await page.locator('.message time').first().getAttribute('title'))!, /^2\d{3}-.*Z$/)
  await page.emulateMedia({colorScheme: 'dark'})
  await page.emulateMedia({media: 'print'})
  assert.deepEqual(complaints, [])
})

test('hostile mail runs nothing, loads nothing and stays in its place', {skip}, async (t) => {
  const program = await startProgram(t, 'sqlite')
  await program.deliver([customerMail({...HTML, ...FIRST}, '<p>First</p>')])
  await program.deliver(
    HOSTILE_HTML.map((html, index) => customerMail({...HTML, ...NEXT, Subject: `Attack ${index}`}, html)),
  )
  const page = await (await startChromium(t)).newPage()
  const {complaints} = await openPage(program, page)

  assert.deepEqual(await page.evaluate(WHAT_IS_THERE), {
    mails: HOSTILE_HTML.length + 1,
    articles: HOSTILE_HTML.length + 1,
    body: ['HEADER', 'MAIN', 'FOOTER'],
    alive: [],
    handlers: [],
    covered: [],
  })
  await page.evaluate(TOUCH_EVERYTHING)
  for (let presses = 0; presses < 5; presses++) await page.keyboard.press('Tab')
  await page.mouse.move(200, 200)
  assert.deepEqual(complaints, [])
})
