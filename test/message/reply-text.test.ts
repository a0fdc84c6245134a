import assert from 'node:assert/strict'
import {describe, test} from 'node:test'
import {htmlLines, htmlToText} from '../../src/lib/message/html-text.ts'
import {parseMessage} from '../../src/lib/message/parse.ts'
import {splitReply} from '../../src/lib/message/reply-text.ts'
import {fixture, seededRandom} from './mail.ts'
import {ATTRIBUTIONS, FORWARDS, HEADERS, HTML_REPLIES, SENT_FROM, SHORT_ATTRIBUTIONS} from './reply-samples.ts'

const split = (...lines: readonly string[]) => splitReply(lines.join('\n'), null)
const splitHtml = (html: string) => splitReply(htmlToText(html), htmlLines(html))
const replyOf = (...lines: readonly string[]) => split(...lines).replyText

/** Words, with how often each is there. */
function words(...texts: readonly string[]): readonly string[] {
  return texts
    .flatMap((text) => text.split(/\s+/))
    .filter((word) => word !== '')
    .toSorted()
}

describe('words above a quote', () => {
  for (const [program, line] of [...ATTRIBUTIONS, ...SHORT_ATTRIBUTIONS]) {
    test(program, () => {
      assert.deepEqual(split('Done, thanks.', '', line, '', '> quoted words', '> more', ''), {
        replyText: 'Done, thanks.',
        quotedText: `${line}\n\n> quoted words\n> more`,
        signature: null,
      })
    })
  }
})

describe('words above an earlier mail without marks', () => {
  for (const [program, lines] of [...ATTRIBUTIONS, ...HEADERS]) {
    test(program, () => {
      assert.deepEqual(split('Done, thanks.', '', lines, '', 'quoted words', ''), {
        replyText: 'Done, thanks.',
        quotedText: `${lines}\n\nquoted words`,
        signature: null,
      })
    })
  }
})

describe('words above a forward', () => {
  for (const [program, lines] of FORWARDS) {
    test(program, () => {
      const body = lines.includes('\n> ') ? '> quoted words' : 'quoted words'
      const {replyText, quotedText} = split('Please see below.', '', lines, '', body, '')
      assert.equal(replyText, 'Please see below.')
      assert.equal(quotedText, `${lines}\n\n${body}`)
    })
    test(`${program}, bare`, () => {
      const text = `${lines}\n\n${lines.includes('\n> ') ? '> ' : ''}quoted words`
      assert.deepEqual(split(text, ''), {replyText: text, quotedText: '', signature: null})
    })
  }
})

describe('answers are never lost', () => {
  for (const [program, line] of [...ATTRIBUTIONS, ...SHORT_ATTRIBUTIONS]) {
    test(`between quoted lines: ${program}`, () => {
      const quote = ['> one', '', 'first answer', '', '> two', 'second answer', '', '> three']
      for (const above of [[], ['Hello,', '']]) {
        const {replyText, quotedText} = split(...above, line, ...quote)
        assert.equal(replyText, [...above, '> one', '', 'first answer', '', '> two', 'second answer'].join('\n'))
        assert.equal(quotedText, `${line}\n> three`)
      }
    })
    test(`below the quote: ${program}`, () => {
      assert.equal(replyOf(line, '> one', '> two', '', 'my answer', ''), 'my answer')
      const {replyText} = split('Hello,', '', line, '> one', '', 'my answer')
      assert.deepEqual(
        replyText.split(/\n+/).filter((text) => !text.startsWith('>')),
        ['Hello,', 'my answer'],
      )
    })
  }

  test('below the quote of a phone, which holds the attribution', () => {
    assert.equal(
      replyOf('> On 3 Feb 2016, at 15:35, Anna <anna@example.org>', '> wrote:', '>', '> one', '', 'my answer'),
      'my answer',
    )
  })

  test('below a quote that nothing introduces, which then is context', () => {
    assert.equal(replyOf('> one', '', 'my answer', '', '-- ', 'Bo'), '> one\n\nmy answer')
  })

  test('inside an earlier mail without marks, where the words above say so', () => {
    const header = HEADERS[0]?.[1] ?? ''
    for (const says of [
      'My answers are below in red.',
      'Antworten im Text.',
      'Mes réponses ci-dessous',
      'See inline',
    ]) {
      const text = `${says}\n\n${header}\n\nWhen?\nOn Monday.`
      assert.equal(splitReply(text, null).replyText, text)
    }
    assert.equal(replyOf('See below.', '', header, '', 'When?'), 'See below.')
  })

  const cited = [
    ['Gmail', '<blockquote class="gmail_quote" style="border-left:1px #ccc solid">'],
    ['Apple Mail', '<blockquote type="cite">'],
    ['Thunderbird', '<blockquote type="cite" cite="mid:x">'],
    ['Proton', '<blockquote class="protonmail_quote">'],
    ['Tuta', '<blockquote class="tutanota_quote">'],
    ['mail.ru', '<blockquote style="border-left:1px solid #0857A6">'],
    ['163', '<blockquote id="isReplyContent" style="BORDER-LEFT: #ccc 1px solid">'],
  ] as const
  for (const [program, quote] of cited) {
    test(`in HTML: ${program}`, () => {
      const {replyText, quotedText} = splitHtml(
        `<div>Hello,</div><div>On 3 Feb 2016, at 15:35, Anna &lt;anna@example.org&gt; wrote:</div>${quote}one</blockquote><div>first answer</div>${quote}two</blockquote><p>second answer</p>${quote}three</blockquote>`,
      )
      assert.equal(replyText.replaceAll(/\n+/g, '|'), 'Hello,|> one|first answer|> two|second answer')
      assert.equal(
        quotedText.replaceAll(/\n+/g, '|'),
        'On 3 Feb 2016, at 15:35, Anna <anna@example.org> wrote:|> three',
      )
    })
  }
})

describe('HTML of mail programs', () => {
  for (const [program, html] of HTML_REPLIES) {
    test(program, () => {
      const {replyText, quotedText} = splitHtml(html)
      assert.equal(replyText, 'Done, thanks.')
      assert.ok(quotedText.endsWith('quoted words'))
      assert.deepEqual(words(replyText, quotedText), words(htmlToText(html)))
    })
  }

  test('a signature that the program marks', () => {
    const {replyText, signature} = splitHtml(
      '<div>Done.</div><div class="gmail_signature"><b>Bo</b><br>Acme</div><div id="appendonsend"></div><p>old</p>',
    )
    assert.deepEqual([replyText, signature], ['Done.', 'Bo\nAcme'])
  })

  test('a letter typed into the signature', () => {
    const letter = Array.from({length: 60}, (_, at) => `Line ${at}.`)
    assert.equal(splitHtml(`<p>Hello</p><div id="Signature">${letter.join('<br>')}</div>`).signature, null)
    assert.equal(splitHtml('<div id="Signature">My answer is yes.</div>').replyText, 'My answer is yes.')
  })

  test('blocks that people indent', () => {
    const html =
      '<p>See</p><blockquote style="margin:0 0 0 40px;border:none;padding:0px">indented</blockquote><blockquote>a poem</blockquote>'
    assert.equal(splitHtml(html).quotedText, '')
  })

  test('names that a program prefixed are of quoted mail', () => {
    assert.equal(splitHtml('<p>one</p><div class="x_gmail_signature">two</div>').quotedText, '')
  })

  test('tags that do not match', () => {
    for (const html of [
      '<blockquote type=cite>one</div></blockquote><p>two</p>',
      '</blockquote><p>two</p></div></div><blockquote type=cite>one',
      '<p>two</p><blockquote type=cite>one<div><span></blockquote>',
      `<blockquote type=cite>${'<p>one<table><tr><td>one'.repeat(20)}</blockquote><p>two</p>`,
    ]) {
      assert.match(splitHtml(html).replyText, /two/)
    }
  })

  test('a block that Outlook strips of its border, but for the line beside it, is a quote', () => {
    const block = '<blockquote style="border:none;border-left:solid #CCCCCC 1.0pt;padding:0cm 0cm 0cm 6.0pt">'
    assert.equal(splitHtml(`<p>Done.</p>${block}old</blockquote>`).quotedText, '> old')
  })

  test('answers in what a program keeps together', () => {
    const quote = (text: string) => `<blockquote class="gmail_quote">${text}</blockquote>`
    const {replyText, quotedText} = splitHtml(
      `<div>Hello,</div><div class="gmail_quote"><div class="gmail_attr">Xyzzy Anna plugh</div>${quote('one')}<div>my answer</div>${quote('two')}</div>`,
    )
    assert.deepEqual([replyText, quotedText], ['Hello,\n> one\nmy answer', 'Xyzzy Anna plugh\n> two'])
  })

  test('a quote that is typed in HTML', () => {
    assert.equal(splitHtml('<pre>Done.\n\n&gt; one\n&gt; two</pre>').quotedText, '> one\n> two')
  })
})

describe('signatures', () => {
  for (const line of SENT_FROM) {
    test(line, () => {
      assert.deepEqual(split('Done, thanks.', '', line, ''), {
        replyText: 'Done, thanks.',
        quotedText: line,
        signature: line,
      })
      const above = split('Done, thanks.', '', line, '', 'On Feb 3, 2016, at 15:35, A <a@b.example> wrote:', '> x')
      assert.deepEqual([above.replyText, above.signature], ['Done, thanks.', line])
    })
  }

  test('below the delimiter, up to a quote', () => {
    assert.deepEqual(split('Done.', '-- ', 'Bo', 'Acme', '', 'On Mon, Feb 1, 2016, A <a@b.example> wrote:', '> x'), {
      replyText: 'Done.',
      quotedText: '-- \nBo\nAcme\n\nOn Mon, Feb 1, 2016, A <a@b.example> wrote:\n> x',
      signature: 'Bo\nAcme',
    })
  })

  test('a footer below a rule', () => {
    const footer = [
      '_______________________________________________',
      'users mailing list',
      'https://lists.example/users',
    ]
    assert.equal(replyOf('Done.', '', ...footer), 'Done.')
    assert.equal(replyOf('Done.', '', '-----', 'Bo Ek', 'Acme GmbH'), 'Done.')
  })

  test('rules that are the shape of a letter or a form', () => {
    for (const letter of [
      ['The first thing.', '', '-----', '', 'The second thing: what about the date?'],
      ['New request', '-----------', 'Name: Bo', 'Mail: bo@example.org', '-----------', 'Tel: 040 1234567'],
      ['Heading', '=======', 'See https://example.org', ''],
    ]) {
      assert.equal(replyOf(...letter), letter.join('\n').trim())
    }
  })

  test('sentences that begin like the line of a device', () => {
    for (const sentence of [
      'Sent from our warehouse on Monday, but it never came to us, says the driver.',
      'Sent by mail on Monday and never seen again.',
      'From my point of view this is done.',
    ]) {
      const text = ['Dear all,', sentence, 'What now?']
      assert.equal(replyOf(...text), text.join('\n'))
    }
  })

  test('a closing formula is kept, and named', () => {
    assert.deepEqual(split('It works.', '', 'Mit freundlichen Grüßen', 'Bo Ek', 'Acme'), {
      replyText: 'It works.\n\nMit freundlichen Grüßen\nBo Ek\nAcme',
      quotedText: '',
      signature: 'Mit freundlichen Grüßen\nBo Ek\nAcme',
    })
    assert.equal(split('Thanks').signature, null)
    assert.equal(split('Thanks', 'but is it done?').signature, null)
  })

  test('the frame of a signed text', () => {
    const signed = ['-----BEGIN PGP SIGNED MESSAGE-----', 'Hash: SHA256', '', 'Done.', '', '- -- ', 'Bo']
    const armor = ['-----BEGIN PGP SIGNATURE-----', '', 'iQEzBAEBCAAdFiEE', '=abcd', '-----END PGP SIGNATURE-----']
    const {replyText, signature} = split(...signed, ...armor, '')
    assert.deepEqual([replyText, signature], ['Done.', 'Bo'])
  })
})

describe('text that only looks like mail', () => {
  const kept = {
    'code between fences': ['```', '> prompt', '-- comment', 'On 3 Feb 2016 15:35 A <a@b.example> wrote:', '```'],
    'a unified difference': ['--- a/x', '+++ b/x', '@@ -1,3 +1,3 @@', '-> one', '+> two', ' --', '---', '-- ', 'end'],
    'a difference of ed': ['12c12', '< one', '---', '> two'],
    'a table': ['| a | b |', '| 1 | 2 |'],
    prompts: ['SQL> select 1', 'SQL> quit'],
    'a form of travel': ['Please book:', '', 'From: Berlin', 'To: Munich', 'Date: 3 May 2016', '', 'Thank you!'],
    'a line of a header': ['Subject: what you wrote', 'is not what I asked.'],
    'a story': ['On 3 May 2016 at 15:00 I wrote:', '', 'Please call.', '', 'Nobody called.'],
    'words before an attribution': ['Thanks! On Wed, Feb 3, 2016 at 3:35 PM Anna <anna@example.org> wrote:', '', 'x'],
    'a story of somebody else': [
      'Am 3.5.2016 um 15:00 war der Techniker da und schrieb ins Protokoll:',
      '',
      'Alles gut.',
    ],
    'a story without an instant': ['As I said on Monday you wrote:', '', 'Please call.'],
    'an unclosed fence': ['```', 'code'],
  }
  for (const [name, lines] of Object.entries(kept)) {
    test(name, () => {
      const text = ['Words above.', '', ...lines]
      if (name === 'a unified difference') return assert.match(replyOf(...text), /\+> two\n --\n---\n/)
      assert.equal(replyOf(...text), text.join('\n'))
    })
  }

  test('an unclosed fence does not hide the quote', () => {
    assert.equal(replyOf('```', 'code', '', 'On 3 Feb 2016 15:35 A <a@b.example> wrote:', '> x'), '```\ncode')
  })
})

describe('odd quotes', () => {
  test('bars, and initials', () => {
    const line = 'On 3 Feb 2016 15:35, A <a@b.example> wrote:'
    assert.equal(replyOf('Done.', line, '', '| one', '|', '| two'), 'Done.')
    assert.equal(replyOf('Done.', line, 'AB> one', 'AB> two', 'answer'), 'Done.\nAB> one\nAB> two\nanswer')
  })

  test('enclosed by marks', () => {
    assert.equal(replyOf('>>> Anna Berg >>>', 'one', 'two', '<<< Anna Berg <<<', '', 'answer').includes('answer'), true)
    assert.equal(replyOf('answer', '', '>>>>', 'one', '<<<<'), 'answer')
  })

  test('a sender alone', () => {
    assert.equal(replyOf('Done.', '', 'From: Anna <anna@example.org>', '> one'), 'Done.')
  })

  test('a line of a help desk', () => {
    assert.equal(replyOf('Done.', '', '##- Please type your reply above this line -##', 'Old mail'), 'Done.')
  })
})

describe('what holds for every text', () => {
  test('nothing there', () => {
    assert.deepEqual(splitReply('', null), {replyText: '', quotedText: '', signature: null})
    assert.deepEqual(splitReply(' \n\n', null), {replyText: '', quotedText: '', signature: null})
  })

  test('only quotes, only a signature', () => {
    for (const text of [
      '> one\n> two',
      '-- \nBo',
      'Sent from my iPhone',
      'On 3 Feb 2016 15:35 A <a@b.example> wrote:\n> x',
    ]) {
      assert.deepEqual(splitReply(text, null), {replyText: text, quotedText: '', signature: null})
    }
  })

  test('every word is in the reply or in the quote, and the reply is not empty', () => {
    const random = seededRandom(7)
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
    const fragments = [
      ...[...ATTRIBUTIONS, ...SHORT_ATTRIBUTIONS, ...HEADERS, ...FORWARDS].map(([, lines]) => lines),
      ...SENT_FROM,
      ...[
        '',
        '',
        '',
        '> quoted',
        '>> deeper',
        '-- ',
        '-----',
        '```',
        'Words of mine.',
        'And more words?',
        'Best regards',
      ],
      ...['| bar', 'AB> initials', '>>>>', '<<<<', '@@ -1,2 +1,2 @@', '-----BEGIN PGP SIGNED MESSAGE-----', 'Bo Ek'],
    ]
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({length: 1 + Math.floor(random() * 14)}, () => pick(fragments)).join('\n')
      const {replyText, quotedText, signature} = splitReply(text, null)
      assert.deepEqual(words(replyText, quotedText), words(text), text)
      assert.ok(text.trim() === '' || replyText !== '', text)
      for (const word of words(signature ?? '')) assert.ok(text.includes(word))
    }
  })

  test('words of the person between marked quotes stay, whatever stands around them', () => {
    const random = seededRandom(11)
    for (const [, line] of ATTRIBUTIONS) {
      const answers: string[] = []
      const body = Array.from({length: 8}, (_, at) => {
        if (random() < 0.5) return `> quoted line ${at}`
        answers.push(`My answer number ${at}.`)
        return `\n${answers.at(-1)}\n`
      })
      const {replyText} = split(line, '> first', ...body)
      for (const answer of answers) assert.ok(replyText.includes(answer), `${line}: ${answer}`)
    }
  })

  test('nothing hostile takes long', () => {
    // Each is quadratic, or worse, in a careless implementation, and would then take hours.
    const pieces = [
      ...['>', '> \n', 'On On On … wrote ', 'On 3 May 2016 15:35 a@b.c wrote:\n', '--\n', '---\n', '---\na\n', '1:\n'],
      ...['From: a\n', 'From: a\nTo: b\n\n', '<a@b>:\n', 'a@', '```\n', '1c1\n< a\n', '>>>>\n', '<<<<\n>>>>\n', '-a'],
      ...['@@ -1,999999999 +1,999999999 @@\n', 'Sent from my ', 'Best regards\n', '\n', 'answers a ', 'a: b\n', '* '],
    ]
    for (const piece of pieces) {
      const text = `words\n${piece.repeat(300_000 / piece.length)}`
      assert.ok(splitReply(text, null).replyText.startsWith('words'))
    }
    for (const piece of [
      '<blockquote>',
      '<div class="gmail_quote">',
      '<a ',
      '</div>',
      '<div><span>',
      '<div id="',
      '<!--',
    ]) {
      const html = `<p>words</p><blockquote type=cite>x</blockquote>${piece.repeat(300_000 / piece.length)}`
      assert.ok(splitHtml(html).replyText.startsWith('words'))
    }
  })
})

describe('whole messages', () => {
  test('a plain part has its say, not the HTML beside it', () => {
    const {body} = parseMessage(fixture('gmail-inline-answers.eml'))
    assert.equal(
      body.replyText,
      '> Which version do you use?\n\n4.2, since Monday.\n\n> And which printer?\n\nThe one on the second floor.',
    )
    assert.equal(body.signature, 'Bo Ek\nAcme GmbH')
  })

  test('each part has its say', () => {
    const part = (type: string, text: string) => `--b\r\nContent-Type: text/${type}\r\n\r\n${text}\r\n`
    const parts = [part('plain', 'Done.'), part('html', '<blockquote type=cite>old</blockquote>')]
    const raw = `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts.join('')}--b--\r\n`
    const {text, replyText, quotedText} = parseMessage(Buffer.from(raw)).body
    assert.deepEqual([text, replyText, quotedText], ['Done.\n> old', 'Done.', '> old'])
  })

  test('Outlook that sends HTML only', () => {
    const {body} = parseMessage(fixture('outlook-html-only-reply.eml'))
    assert.equal(body.replyText, 'Hallo,\n\nder Drucker geht wieder.\n\nViele Grüße\nSabine Weber')
    assert.equal(body.signature, 'Viele Grüße\nSabine Weber')
    assert.match(body.quotedText, /^Von: Acme Support[\s\S]*Wir schicken morgen jemanden\.$/)
  })
})
