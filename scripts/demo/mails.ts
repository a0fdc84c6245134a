/**
 * Three days in the mailbox of a small company that sells lamps and furniture: what customers write, and what mail does.
 * Every person and domain is made up (RFC 2606).
 */
import MailComposer from 'nodemailer/lib/mail-composer'
import type {WaitingMail} from './imap-server.ts'

export const DOMAIN = 'acme.example'

/** What one of them says, and what it shows. */
export interface Letter {
  /** Minutes before now. */
  readonly ago: number
  readonly from: string
  readonly to: string
  readonly cc?: string
  /** Where the last mail server delivered it, which it wrote on top; the address of `to` where it is left out, null for not noted. */
  readonly deliveredTo?: string | null
  readonly subject: string
  /** The left part of its Message-ID; others answer it by this. */
  readonly id: string
  /** The ids of the thread, the oldest first. */
  readonly answers?: readonly string[]
  /** The same for mail that is not of this file, as whole ids. */
  readonly references?: readonly string[]
  readonly text?: string
  readonly html?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly attachments?: readonly {filename: string; content: string | Buffer; contentType?: string; cid?: string}[]
}

const JULIA = 'Julia Weber <julia.weber@post.example>'
const JOHN = 'John Carter <john.carter@mail.example>'
const HUONG = 'Nguyễn Thị Hương <huong.nguyen@cong-ty-an-phat.example>'
export const NOAH = 'Noah Ellis <noah.ellis@mail.example>'
const HOTEL = 'Fiona Kerr <fiona.kerr@harbour-hotels.example>'

const LETTERS: readonly Letter[] = [
  {
    ago: 4220,
    from: JULIA,
    to: `support@${DOMAIN}`,
    subject: 'Bestellung A-204917 ist noch nicht angekommen',
    id: 'julia-1',
    headers: {'User-Agent': 'Mozilla Thunderbird'},
    text: `Guten Tag,

vor zwei Wochen habe ich die Schreibtischleuchte „Luna“ bestellt (A-204917).
Laut Sendungsverfolgung liegt das Paket seit sechs Tagen in Köln.

Können Sie bitte beim Paketdienst nachfragen?

Viele Grüße
Julia Weber`,
  },
  {
    ago: 4100,
    from: JOHN,
    to: `billing@${DOMAIN}`,
    subject: 'Charged twice for order A-204881',
    id: 'john-1',
    text: `Hello,

my card statement shows two payments of 129.00 EUR to you, one on Monday and one
on Wednesday. I placed only one order (A-204881).

Please refund the second one.

John Carter
+44 20 7946 0123`,
  },
  {
    ago: 3990,
    from: HUONG,
    to: `billing@${DOMAIN}`,
    subject: 'Xin xuất lại hóa đơn 2026-0147',
    id: 'huong-1',
    text: `Kính gửi bộ phận kế toán,

Trên hóa đơn 2026-0147 tên công ty bị ghi sai. Tên đúng là:
Công ty TNHH An Phát, mã số thuế 0312345678.

Nhờ anh chị xuất lại giúp trong tuần này.

Trân trọng
Nguyễn Thị Hương`,
  },
  {
    ago: 3875,
    from: '佐藤 結衣 <yui.sato@yubin.example>',
    to: `support@${DOMAIN}`,
    subject: 'デスクライト「ルナ」が点灯しません',
    id: 'yui-1',
    text: `サポートご担当者様

先週届いたデスクライト「ルナ」（注文番号 A-204790）ですが、昨日から点灯しません。
コンセントと電球は確認済みです。

交換は可能でしょうか。よろしくお願いいたします。

佐藤 結衣`,
  },
  {
    ago: 3700,
    from: 'Emma Shaw <emma.shaw@mail.example>',
    to: `support@${DOMAIN}`,
    subject: 'My lamp arrived broken 😢💡',
    id: 'emma-1',
    text: `Hi!

I was so happy when the parcel came 🎉 and then this... see the photo.
The shade has a crack all the way down.

Can I get a new one? 🙏

Emma`,
    html: `<div style="font-family:Helvetica,sans-serif">Hi!<br><br>I was so happy when the parcel came 🎉 and then this... see the photo.<br>
<img src="cid:photo@shaw" width="1"><br>The shade has a crack all the way down.<br><br>Can I get a new one? 🙏<br><br>Emma</div>`,
    attachments: [
      {
        filename: 'IMG_2041.png',
        contentType: 'image/png',
        cid: 'photo@shaw',
        content: Buffer.from(
          'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg==',
          'base64',
        ),
      },
    ],
  },
  {
    ago: 3555,
    from: '"Accounts Payable, Northwind" <ap@northwind.example>',
    to: `billing@${DOMAIN}`,
    subject: 'VAT number missing on invoice 2026-0139',
    id: 'ap-1',
    text: `Dear Sir or Madam,

our system rejected the attached invoice because your VAT number is missing on
page two. Please send a corrected document before the end of the month.

Regards
Accounts Payable`,
    attachments: [{filename: 'Invoice 2026-0139.pdf', content: pdf('Invoice 2026-0139')}],
  },
  {
    ago: 3400,
    from: JOHN,
    to: `billing@${DOMAIN}`,
    subject: 'Re: Charged twice for order A-204881',
    id: 'john-2',
    answers: ['john-1'],
    text: `One more detail: the second payment has the reference ACME*7731.

Earlier I wrote:
> my card statement shows two payments of 129.00 EUR to you, one on Monday and one
> on Wednesday. I placed only one order (A-204881).`,
  },
  {
    ago: 3010,
    from: HOTEL,
    to: `hello@${DOMAIN}`,
    cc: 'Purchasing <purchasing@harbour-hotels.example>',
    subject: 'Quote for 48 bedside lamps',
    id: 'hotel-1',
    text: `Good morning,

we are refitting 24 rooms in Bristol and would need 48 bedside lamps in brass by
the end of next month. What would be your price, and can you deliver in two lots?

Fiona Kerr
Harbour Hotels`,
    html: `<p>Good morning,</p><p>we are refitting <b>24 rooms</b> in Bristol and would need <b>48 bedside lamps</b> in brass by the end of next month.
What would be your price, and can you deliver in two lots?</p><table><tr><td style="border-right:2px solid #069;padding-right:8px"><b>Fiona Kerr</b></td>
<td style="padding-left:8px">Harbour Hotels<br><a href="https://harbour-hotels.example/">harbour-hotels.example</a></td></tr></table>`,
  },
  {
    ago: 2890,
    from: JULIA,
    to: `support@${DOMAIN}`,
    subject: 'Re: Bestellung A-204917 ist noch nicht angekommen',
    id: 'julia-2',
    answers: ['julia-1'],
    text: `Hallo,

inzwischen steht in der Sendungsverfolgung „Empfänger unbekannt“. Unsere Anschrift
stimmt aber: Mühlenweg 4, 50667 Köln. Was auf dem Klingelschild steht, hängt an.

Viele Grüße
Julia Weber

Gestern schrieb ich:
> vor zwei Wochen habe ich die Schreibtischleuchte „Luna“ bestellt (A-204917).
> Laut Sendungsverfolgung liegt das Paket seit sechs Tagen in Köln.`,
    attachments: [{filename: 'Türschild Mühlenweg.txt', content: 'Weber / Schröder\n2. Stock links\n'}],
  },
  {
    ago: 2700,
    from: 'Paul Osborne <paul@osborne.example>',
    to: `hello@${DOMAIN}`,
    subject: 'Re: ☀️ Spring sale: 20% off all lamps',
    id: 'paul-1',
    text: `Does the discount also hold for the walnut shelf? And please use my new address
from now on, this one will be closed in May.

Paul`,
    html: `<div>Does the discount also hold for the walnut shelf? And please use my new address from now on, this one will be closed in May.<br><br>Paul</div>
<blockquote type="cite" style="border-left:1px solid #ccc;padding-left:1ex"><table width="600" align="center" bgcolor="#fff7e0"><tr><td>
<h1 style="color:#d97706">☀️ Spring sale</h1><p>20% off all lamps until Sunday. <a href="https://shop.acme.example/sale?u=8731">Shop now</a></p>
<img src="https://shop.acme.example/pixel.gif?u=8731" width="1" height="1" alt=""><p style="font-size:10px">You get this mail because you bought from us.
<a href="https://shop.acme.example/unsubscribe?u=8731">Unsubscribe</a></p></td></tr></table></blockquote>`,
  },
  {
    ago: 2650,
    from: 'Clara Vogt <clara@baeckerei-vogt.example>',
    to: `hello@${DOMAIN}`,
    subject: 'Automatische Antwort: Spring sale: 20% off all lamps',
    id: 'clara-ooo',
    headers: {'Auto-Submitted': 'auto-replied', 'X-Auto-Response-Suppress': 'All', Precedence: 'auto_reply'},
    text: `Ich bin bis zum 30. nicht im Büro und lese meine E-Mails nicht.
In dringenden Fällen wenden Sie sich bitte an kontakt@baeckerei-vogt.example.`,
  },
  ...['support', 'billing'].map((local): Letter => ({
    ago: 2410,
    from: 'Tom Reid <tom.reid@gardens.example>',
    to: `support@${DOMAIN}, billing@${DOMAIN}`,
    deliveredTo: `${local}@${DOMAIN}`,
    subject: 'Order A-204902: one item missing, and wrong total',
    id: 'tom-1',
    text: `Hello both,

the parcel had only one of the two garden lanterns, and the invoice shows three.
I did not know which of you is right for this, so I am writing to both addresses.

Tom`,
  })),
  {
    ago: 2300,
    from: 'Grace Nash <grace.nash@mail.example>',
    to: `sales@${DOMAIN}`,
    subject: 'Do you ship to Iceland?',
    id: 'grace-1',
    text: 'Hi, do you ship to Iceland, and what does it cost for one floor lamp?\n\nGrace',
  },
  {
    ago: 2150,
    from: 'Daniel Price <d.price@mail.example>',
    to: `support+returns@${DOMAIN}`,
    subject: 'Return of order A-204850',
    id: 'daniel-1',
    headers: {'X-Mailer': 'iPhone Mail (21E236)'},
    text: 'I would like to send back the wool blanket, it is too small. Is there a label?\n\nSent from my iPhone',
  },
  {
    ago: 1985,
    from: HUONG,
    to: `billing@${DOMAIN}`,
    subject: 'Re: Xin xuất lại hóa đơn 2026-0147',
    id: 'huong-2',
    answers: ['huong-1'],
    text: `Chào anh chị,

Xin bổ sung địa chỉ: 12 Nguyễn Huệ, Quận 1, Thành phố Hồ Chí Minh.
Cảm ơn anh chị nhiều.

Hương`,
  },
  {
    ago: 1760,
    from: 'Kate Morgan <kate@morgan-design.example>',
    to: `hello@${DOMAIN}`,
    subject: 'Application: product photographer',
    id: 'kate-1',
    text: `Dear Acme team,

I have photographed furniture for eight years and would love to work with you.
My portfolio is attached.

Kate Morgan`,
    attachments: [{filename: 'Kate Morgan – portfolio.pdf', content: pdf('Portfolio')}],
  },
  {
    ago: 1540,
    from: 'Marta Lang <marta.lang@praxis-am-markt.example>',
    to: `support@${DOMAIN}`,
    subject: 'Fwd: Reklamation Wartezimmerstühle',
    id: 'marta-1',
    text: 'Guten Morgen, die Beschwerde unserer Kollegin hängt an. Bitte direkt ihr antworten.\n\nMarta Lang',
    attachments: [
      {
        filename: 'Reklamation.eml',
        contentType: 'message/rfc822',
        content:
          'From: Ilse Pohl <ilse.pohl@praxis-am-markt.example>\r\nTo: marta.lang@praxis-am-markt.example\r\nSubject: Reklamation\r\nMessage-ID: <ilse-1@praxis-am-markt.example>\r\nDate: Mon, 02 Mar 2026 08:12:00 +0100\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nZwei der acht Stuehle wackeln.\r\n',
      },
    ],
  },
  {
    ago: 1330,
    from: 'خالد منصور <khaled@mansour.example>',
    to: `support@${DOMAIN}`,
    subject: 'تغيير عنوان التسليم للطلب A-204933',
    id: 'khaled-1',
    text: 'مرحباً،\n\nأرجو تغيير عنوان التسليم للطلب A-204933 إلى: شارع النيل ١٢، الجيزة.\n\nشكراً\nخالد',
  },
  {
    ago: 1200,
    from: '"Acme IT Helpdesk" <it-helpdesk@acme-example.invalid>',
    to: `hello@${DOMAIN}`,
    subject: 'Your mailbox is full\u202E!won pu kcilC',
    id: 'spam-1',
    text: 'Your mailbox is 99% full. Open the attached file within 24 hours or lose your mail.\u001B[2J',
    attachments: [{filename: 'invoice_\u202Efdp.exe', content: Buffer.from('MZ not really a program')}],
  },
  {
    ago: 990,
    from: 'Purchasing <purchasing@harbour-hotels.example>',
    to: `hello@${DOMAIN}`,
    cc: HOTEL,
    subject: 'Re: Quote for 48 bedside lamps',
    id: 'hotel-2',
    answers: ['hotel-1'],
    text: `Adding to Fiona's question: we can order as soon as you confirm 30 days net, and
need the lamps without plugs.

Purchasing, Harbour Hotels`,
  },
  {
    ago: 840,
    from: 'Quinn Abbott <quinn@abbott.example>',
    to: 'orders@marketplace.example',
    cc: `support@${DOMAIN}`,
    deliveredTo: null,
    subject: 'Please cancel order A-204940',
    id: 'quinn-1',
    text: 'I ordered the oak side table by mistake, please cancel before it is sent.\n\nQuinn',
  },
  {
    ago: 610,
    from: JULIA,
    to: `support@${DOMAIN}`,
    subject: 'Re: Bestellung A-204917 ist noch nicht angekommen',
    id: 'julia-3',
    answers: ['julia-1', 'julia-2'],
    text: 'Das Paket ist heute doch noch gekommen, die Nachbarn hatten es. Vielen Dank!\n\nJulia Weber',
  },
  {
    ago: 420,
    from: NOAH,
    to: `support@${DOMAIN}`,
    subject: 'Cannot sign in since yesterday',
    id: 'noah-1',
    text: `Resetting the password works, but afterwards I land on the sign-in page again.
Same in two browsers.

-- 
Noah Ellis
Workshop for lutes and guitars, Cork`,
  },
  {
    ago: 75,
    from: 'Mia Turner <mia.turner@mail.example>',
    to: `hello@${DOMAIN}`,
    subject: 'Thank you!',
    id: 'mia-1',
    text: 'The espresso grinder is wonderful and came a day early. Please tell whoever packed it 💛\n\nMia',
  },
]

/** The mails in the order in which they arrived. */
export async function demoMails(now = new Date()): Promise<WaitingMail[]> {
  const mails = await Promise.all(LETTERS.map((letter) => write(letter, now)))
  return [...mails, withoutMessageId(now), rawLatin1(now)].sort((a, b) => a.arrived.getTime() - b.arrived.getTime())
}

/** A letter as it arrives in the mailbox. */
export async function write(letter: Letter, now: Date): Promise<WaitingMail> {
  const date = minutesBefore(now, letter.ago)
  const {from, to, cc, subject, text, html, headers, attachments} = letter
  const references = letter.references ?? letter.answers?.map((id) => messageId(id))
  const composer = new MailComposer({
    from,
    to,
    subject,
    date,
    messageId: messageId(letter.id),
    ...(cc === undefined ? {} : {cc}),
    ...(references ? {inReplyTo: references.at(-1)!, references: [...references]} : {}),
    ...(text === undefined ? {} : {text}),
    ...(html === undefined ? {} : {html}),
    ...(headers ? {headers: {...headers}} : {}),
    ...(attachments ? {attachments: [...attachments]} : {}),
    newline: 'windows',
  })
  const body = await composer.compile().build()
  const deliveredTo = letter.deliveredTo === undefined ? to : letter.deliveredTo
  return arrive(body, {sender: addressOf(from), deliveredTo}, date)
}

/** An office printer that mails its scans, and has never heard of a Message-ID. */
function withoutMessageId(now: Date): WaitingMail {
  const date = minutesBefore(now, 1460)
  const lines = [
    'From: scanner@tischlerei-krueger.example',
    `To: billing@${DOMAIN}`,
    'Subject: Scan from MFP-2',
    `Date: ${mailDate(date)}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="scan"',
    '',
    '--scan',
    'Content-Type: text/plain',
    '',
    'Please see the attached document.',
    '--scan',
    'Content-Type: application/pdf; name=SCAN0007.PDF',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment; filename=SCAN0007.PDF',
    '',
    Buffer.from(pdf('Signed delivery note')).toString('base64'),
    '--scan--',
    '',
  ]
  return arrive(
    Buffer.from(lines.join('\r\n')),
    {sender: 'scanner@tischlerei-krueger.example', deliveredTo: `billing@${DOMAIN}`},
    date,
  )
}

/** A contact form of long ago: its header fields are raw Latin-1, which RFC 5322 never allowed. */
function rawLatin1(now: Date): WaitingMail {
  const date = minutesBefore(now, 230)
  const lines = [
    'From: André Lefèvre <andre.lefevre@courrier.example>',
    `To: support@${DOMAIN}`,
    'Subject: Réclamation: étagère abîmée à la livraison',
    `Date: ${mailDate(date)}`,
    'Message-ID: <form.8841@courrier.example>',
    'Content-Type: text/plain; charset=iso-8859-1',
    'Content-Transfer-Encoding: 8bit',
    '',
    "Bonjour, l'étagère en noyer (commande A-204921) est arrivée abîmée.",
    'Le côté gauche est fendu. Pouvez-vous la remplacer ?',
    '',
    'André Lefèvre',
    '',
  ]
  return arrive(
    Buffer.from(lines.join('\r\n'), 'latin1'),
    {sender: 'andre.lefevre@courrier.example', deliveredTo: `support@${DOMAIN}`},
    date,
  )
}

/** Puts on top what the servers on the way write. */
export function arrive(body: Buffer, envelope: {sender: string; deliveredTo: string | null}, date: Date): WaitingMail {
  const {sender, deliveredTo} = envelope
  const host = sender.split('@')[1] ?? `mail.${DOMAIN}`
  const [sent, arrived] = [new Date(date.getTime() + 2000), new Date(date.getTime() + 9000)]
  const trace = [
    ...(deliveredTo === null ? [] : [`Delivered-To: ${deliveredTo}`]),
    `Return-Path: <${sender}>`,
    `Received: from out.${host} (out.${host} [192.0.2.25]) by mx.${DOMAIN} with ESMTPS; ${mailDate(arrived)}`,
    `Received: from [198.51.100.7] by out.${host} with ESMTPSA; ${mailDate(sent)}`,
    '',
  ]
  return {raw: Buffer.concat([Buffer.from(trace.join('\r\n')), body]), arrived}
}

const minutesBefore = (now: Date, minutes: number) => new Date(now.getTime() - minutes * 60_000)
const messageId = (id: string) => `<${id}@customers.example>`
const mailDate = (date: Date) => date.toUTCString().replace('GMT', '+0000')
export const addressOf = (mailbox: string) => /<(.+)>$/.exec(mailbox)?.[1] ?? mailbox

/** The smallest file that a PDF viewer opens, with one line of text. */
function pdf(line: string): string {
  const content = `BT /F1 18 Tf 72 720 Td (${line}) Tj ET`
  return `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj
4 0 obj<</Length ${content.length}>>stream
${content}
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
`
}
