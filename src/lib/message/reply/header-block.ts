/** The header of an earlier mail as mail programs write it above the mail: From, Sent, To, Subject, in any language. */

export type HeaderName = 'from' | 'to' | 'cc' | 'date' | 'subject' | 'other'

/**
 * Labels in the words of mail programs (Outlook, Apple Mail, Gmail, Thunderbird, Lotus Notes, Yahoo, Yandex, QQ and
 * others), in lower case and without spaces. Some words are short: a block is only believed for several of them.
 */
const LABELS: Readonly<Record<HeaderName, string>> = {
  from: `from von absender de expéditeur expediteur remitente da mittente van afzender od nadawca odesílatel odesilatel
    odosielateľ från avsändare fra avsender afsender lähettäjä saatja feladó küldő dela expeditor kimden gönderen от откого
    отправитель від відкого відправник από αποστολέας מאת من المرسل từ ngườigửi 差出人 送信者 送信元 发件人 發件人 寄件者 寄件人
    发送人 보낸사람 보낸이 발신 발신인 dari nuo no šalje pošiljatelj pošiljatelj: จาก`,
  to: `to an empfänger à a destinataire para destinatario destinatari destinatário aan naar do adresat komu príjemca
    till til mottagare mottaker modtager vastaanottaja kenelle címzett către catre destinatar kime alıcı кому получатель
    одержувач отримувач προς παραλήπτης אל לכבוד נמען إلى الى المستلم đến tới ngườinhận gửiđến 宛先 受信者 收件人 收件者
    받는사람 받는이 수신 수신인 kepada kam kellele prima primatelj za ถึง`,
  cc: `cc kopie kopia copie copia cópia copiaa kopi kopio másolat bilgi копия копія κοιν κοινοποίηση עותק نسخة đồnggửi
    抄送 副本 副本抄送 참조 bcc bc bci cci ccn skrytá blindkopie dw udw`,
  date: `date sent senton datesent datum gesendet gesendetam envoyé envoye envoyéle dated'envoi dateenvoi fecha enviado
    enviadoel enviada enviadael enviadaem enviadoem fechadeenvío data dataeora inviato inviatoil datadiinvio datainvio verzonden
    verzondenop wysłano wysłane datawysłania odesláno odoslané odoslaná dátum skickat skickatden sänt sendt dato
    lähetetty päivämäärä päiväys saadetud kuupäev küldve elküldve küldésdátuma trimis trimisă dată gönderme gönderildi
    göndermetarihi gönderilmetarihi tarih отправлено датаотправки дата послано надіслано відправлено ημερομηνία
    στάλθηκε απεστάλη נשלח תאריך נשלחבתאריך تاريخ التاريخ تمالإرسال أُرسلت أرسلت تاريخالإرسال đãgửi ngày ngàygửi gửilúc
    gửi gửivào thờigian 送信日時 送信日 日時 日付 发送时间 发送日期 發送時間 發送日期 傳送時間 傳送日期 寄件日期 日期 時間 时间 보낸날짜
    보낸시간 날짜 발송일 발송일시 tanggal poslano วันที่ ส่ง`,
  subject: `subject betreff objet sujet asunto assumpte assunto oggetto onderwerp temat předmět predmet ämne emne aihe
    otsikko teema tárgy subiect konu тема предмет θέμα נושא הנדון الموضوع موضوع chủđề tiêuđề 件名 标题 主题 主旨 主題 標題 제목
    perihal subjek naslov zadeva tēma เรื่อง หัวเรื่อง betr`,
  other: `replyto antwortan risposta rispondia rispondere répondreà responder respondera responderpara antwoordaan
    odpowiedźdo svartill svartil vastausosoite válaszcím răspundela yanıtla ответить відповісти απάντησησε השבל الرد
    返信先 回复 回覆 회신 sender organization importance priority wichtigkeit priorität importancia prioridad importance:
    importanza belang prioriteit ważność attachments attachment anlagen anhänge piècesjointes adjuntos anexos allegati
    bijlagen załączniki resentfrom via mailedby signedby security`,
}

const NAMES: ReadonlyMap<string, HeaderName> = new Map(
  (Object.entries(LABELS) as [HeaderName, string][]).flatMap(([name, labels]) =>
    labels.split(/\s+/).map((label) => [label, name] as const),
  ),
)

/** `Label: value`, maybe bold (`*From:* Anna`, `**From:** Anna`) or in a table (`| From: | Anna`). */
const HEADER_LINE = /^[*_| ]{0,4}([\p{L}\p{M}][\p{L}\p{M} .'’()-]{0,30}?)[*_ ]{0,4}[:：][*_| ]{0,4}(.*)$/u

/** A line drawn below a header ends it (Zoho, Lotus Notes). */
const RULE = /^[-_=]{4}/

/** Lines between two header lines: a list of recipients that is wrapped, or empty lines that a converter put there. */
const MAX_GAP = 8

/** A block of header lines: lines `from` to before `to`, and their values. */
export interface HeaderBlock {
  readonly from: number
  readonly to: number
  /** As written, continuation lines included; the first of each name. */
  readonly values: ReadonlyMap<HeaderName, string>
}

/**
 * The header block that begins at a line, null where none does. `announced` is true below a line that says that an
 * earlier mail follows: then two fields are enough. `lines` are normal.
 */
export function headerBlockAt(lines: readonly string[], at: number, announced = false): HeaderBlock | null {
  const first = headerLine(lines[at] ?? '')
  if (first === null) return null
  const values = new Map<HeaderName, string>()
  const oneLine = blockInLine(first)
  if (oneLine !== null) return {from: at, to: at + 1, values: oneLine}
  let last = first.name
  let to = at
  let gap = 0
  let apart = false
  for (let index = at; index < lines.length && gap <= MAX_GAP; index++) {
    const line = lines[index] ?? ''
    const header = headerLine(line)
    if (header !== null) {
      // A form of a person repeats what a header has once; another mail may follow at once.
      if (values.has(header.name) && header.name !== 'other' && header.name !== 'cc') break
      if (!values.has(header.name)) values.set(header.name, header.value)
      last = header.name
      to = index + 1
      gap = 0
      apart = false
      continue
    }
    gap++
    if (line === '') {
      // The subject comes last, or last but one; whoever wrote lines apart wrote all of them so.
      if (values.has('subject') && isBlock(values, announced)) break
      apart = true
    } else if (apart || RULE.test(line)) break
    else if (values.get(last) !== undefined) values.set(last, `${values.get(last)} ${line}`.trim())
  }
  return isBlock(values, announced) ? {from: at, to, values} : null
}

/**
 * What is certainly a header: people fill in forms as well ("From: Berlin", "To: Munich", "Date: 3 May"), but not with
 * a subject, or an address as sender.
 */
function isBlock(values: ReadonlyMap<HeaderName, string>, announced: boolean): boolean {
  const from = values.get('from')
  if (from === undefined) return false
  if (announced) return values.size >= 2
  return values.size >= 3 && (values.has('subject') || from.includes('@'))
}

interface HeaderLine {
  readonly name: HeaderName
  readonly value: string
}

function headerLine(line: string): HeaderLine | null {
  if (!line.includes(':') && !line.includes('：')) return null
  const match = HEADER_LINE.exec(line)
  if (match === null) return null
  const [, label = '', value = ''] = match
  const name = nameOf(label)
  return name === undefined ? null : {name, value: value.trim()}
}

/** A label after a space, with the words before it that may be part of it. */
const INNER_LABEL = /(?<=[\s*])(\p{L}[\p{L}’']{0,20}(?: \p{L}{1,12})?)\*{0,2} ?[:：]/gu

/** A header that has lost its line breaks: `From: Anna Sent: Wednesday To: Bo Subject: Order`. */
function blockInLine(start: HeaderLine): ReadonlyMap<HeaderName, string> | null {
  if (start.name !== 'from') return null
  const values = new Map<HeaderName, string>()
  let name: HeaderName = 'from'
  let begin = 0
  for (const {index, 0: all, 1: label = ''} of start.value.matchAll(INNER_LABEL)) {
    // The value before may end in a word of its own: `Anna Sent:`.
    const lastWord = label.slice(label.lastIndexOf(' ') + 1)
    const whole = nameOf(label)
    const next = whole ?? nameOf(lastWord)
    if (next === undefined || values.has(next) || next === name) continue
    values.set(
      name,
      start.value.slice(begin, index + (whole === undefined ? label.length - lastWord.length : 0)).trim(),
    )
    name = next
    begin = index + all.length
  }
  values.set(name, start.value.slice(begin).trim())
  return values.has('subject') && (values.has('to') || values.has('date')) ? values : null
}

function nameOf(label: string): HeaderName | undefined {
  return NAMES.get(label.toLowerCase().replaceAll(/[ -]/g, ''))
}

/** Whether a line, normal, names a sender with an address, as some programs write above a quote. */
export function isSenderLine(line: string): boolean {
  const header = headerLine(line)
  return header?.name === 'from' && header.value.includes('@')
}

/** Lines that a header of Lotus Notes spreads over: each label and each value stands on its own. */
const MAX_NOTES_LINES = 10

/**
 * The header of Lotus Notes that begins at a line, null where none does:
 * the sender, the date, then `To`, `cc` and `Subject` without colons, each above its value. `lines` are normal.
 */
export function notesBlockAt(lines: readonly string[], at: number): HeaderBlock | null {
  if (!/(?:19|20)\d\d/.test(lines[at + 1] ?? '') || (lines[at] ?? '') === '') return null
  const values = new Map<HeaderName, string>([
    ['from', lines[at] ?? ''],
    ['date', lines[at + 1] ?? ''],
  ])
  let label: HeaderName | null = null
  for (let index = at + 2; index < Math.min(lines.length, at + 2 + MAX_NOTES_LINES); index++) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const name = NAMES.get(line.toLowerCase())
    if (name === 'to' || name === 'cc' || name === 'subject') label = name
    else if (label === null) return null
    else {
      if (!values.has(label)) values.set(label, line)
      if (label === 'subject') return values.has('to') ? {from: at, to: index + 1, values} : null
    }
  }
  return null
}
