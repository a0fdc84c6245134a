/** What stands below the words of a person: a signature, and the line by which a mail program advertises itself. */
import {normalLine} from './normal-line.ts'

/** "-- " (RFC 3676 4.3), its space lost as often as not, or the dashes that phones make of it; escaped by OpenPGP (RFC 9580 7.2). */
const DELIMITER = /^(?:- )?(?:--|—|––|——|__)$/u

/** A line drawn across the page. Below it may stand a signature, or the second half of the letter. */
const RULE = /^(?:[-_=~*#+‐—–─━] ?){3,}$/u

/** Names under which devices and programs advertise themselves. */
const BRAND =
  'i-?phon|i-?pad|i-?pod|айфон|android|galaxy|samsung|huawei|xiaomi|redmi|oneplus|oppo|vivo|realme|htc|nokia|lumia|xperia|motorola|blackberry|windows (?:phone|mail|\\d+)|for windows|outlook|mailbox for|yahoo|ymail|aol|gmx|web\\.de|t-online|proton ?mail|proton|tutanota|tuta mail|airmail|gmail|edison|k-9|fairemail|blue ?mail|thunderbird|mailspring|mailbird|touchdown|zimbra|hushmail|fastmail|zoho mail|superhuman|canary mail|polymail|cloudmagic|mymail|mail\\.ru|yandex|яндекс|qq ?邮箱|foxmail|网易'

/** Words for such devices. */
const DEVICE =
  'ios|mobile?|mobil\\p{L}*|mobiel\\p{L}*|móvil|movil|móbil|celular|cell|cellphone|phone|smartphone|handy|handheld|telefon\\p{L}*|téléphone|telefono|teléfono|telemóvel|tablet|телефон\\p{L}*|смартфон\\p{L}*|мобильн\\p{L}*|мобільн\\p{L}*|устройств\\p{L}*|пристро\\p{L}*|手机|手機|邮箱|郵箱|行動裝置|移动设备|スマートフォン|携帯|κινητό\\p{L}*|συσκευή\\p{L}*|הטלפון|המכשיר|נייד|הנייד|هاتف\\p{L}*|الهاتف|جوال\\p{L}*|جهاز\\p{L}*|điện thoại|thiết bị|device|gerät\\p{L}*|appareil|dispositivo|urządze\\p{L}*|zařízení|enhet|enhed|laite\\p{L}*|készülék\\p{L}*|dispozitiv\\p{L}*|cihaz\\p{L}*'

/** "Sent from", at the start of a line. What follows must be a product, or the line stand where signatures do. */
const SENT_FROM = [
  'sent (?:from|via|with|using|by|through|on)|(?:written|typed|composed) (?:on|with)',
  'gesendet (?:von|mit|über|via|aus)|diese (?:nachricht|e-?mail|mail) wurde (?:von|mit|über)|von (?:meine[mr]|unterwegs)|verfasst (?:auf|mit)',
  "envoyé (?:de(?:puis)?|à partir d[eu]|avec|via|par)|envoye (?:depuis|de|avec)|provenance ?: ?courrier|envoyé (?:du|d[’'])",
  'enviado (?:desde|de|do|da|a partir d[eo]|pelo|pela|con|com|mediante|por|via)|enviada (?:do|desde)|enviat (?:des|amb)',
  'inviato (?:da|dal|con|tramite)\\p{L}*|inviata? (?:dal|con)|spedito (?:da|con)',
  'verzonden (?:vanaf|met|via|vanuit|van|door)|verstuurd (?:vanaf|met|via|vanuit)|verstuurd van',
  'wysłan[eoy] (?:z|ze|przy|za)|odesl[aá]no z|odoslan[eé] z|odesláno (?:z|ze|pomocí)|poslano (?:z|iz|s)|poslané z|poslato (?:sa|s)|изпратено от',
  'skickat (?:från|med|via)|sendt (?:fra|med|via)|lähetetty|saadetud|sūtīts no|išsiųsta iš',
  'küldve|elküldve|trimis (?:de|din|cu|prin)',
  'отправлено (?:с|из|от|через|со)|отправлена? (?:с|из)|надіслано (?:з|із|за|через)|відправлено (?:з|із)',
  'στάλθηκε (?:από|με)|απεστάλη (?:από|με)|εστάλη από',
  'נשלח (?:מ|ב|באמצעות)|أُ?رسلت? (?:من|بواسطة|عبر)|مُ?رسل من|تم ال?إرسال (?:من|بواسطة)|تم إرساله من',
  '(?:được )?gửi (?:từ|bằng|qua|lúc)|đã gửi từ|dikirim dari',
].join('|')

const SENT_LINE = new RegExp(`^[(<\\[*_«"]{0,4}(?:${SENT_FROM})`, 'iu')

// Brands take endings in many languages ("iPhonesta"), and Hebrew and Arabic set words before them.
const NAMES_BRAND = new RegExp(BRAND, 'iu')
const NAMES_DEVICE = new RegExp(`(?<![\\p{L}\\p{N}])(?:${DEVICE})(?![\\p{L}\\p{M}])`, 'iu')

/** Languages that put the verb last: "Von meinem iPhone gesendet", "iPhoneから送信", "從我的 iPhone 傳送". */
const SENT_LAST =
  /^.{0,60}(?:(?:von|mit|aus|über) .{2,60} (?:gesendet|geschickt|verschickt|geschrieben)|(?:van|vanaf|met) .{2,60} (?:verzonden|verstuurd)|から送信(?:されました|しました)?|より送信|发自.{0,20}|來自.{0,20}|[发發]自.{0,20}|(?:从|從|由|自|用).{1,40}(?:发送|傳送|發送|发出|寄出|發出)|傳送自.{0,40}|发送自.{0,40}|發送自.{0,40}|에서 (?:보냄|보냈습니다|보낸 메일|발송)|(?:dan|den|’dan|'dan|ümden|umdan|ımdan|imden|'den|’den) gönderildi|gönderildi|(?:ról|ről|omról|emről|ömről) küldve|küldve|lähetetty)[.。!]?$/iu

/** How such a line ends, or what it has in it where words are not separated: most lines need no search beyond this. */
const VERB_LAST =
  /(?:gesendet|geschickt|verschickt|geschrieben|verzonden|verstuurd|gönderildi|küldve|lähetetty)[.!]?$/iu
const LONGEST_VERB = 'geschrieben.'.length
const SENT_JOINED = /[自送发發寄냄냈낸송]/

/** Short forms, of people who wrote their own: only where signatures stand. */
const SHORT =
  /^[(<]{0,2}(?:from my \S+(?: \S+){0,3}|\S{1,30} from (?:my )?(?:mobile|phone|cell|iphone|ipad)|(?:sent|typed|written) (?:by|from|on|via) .{1,40})[)>.]{0,3}$/iu

/** Programs that ask to be installed. */
const GET_PROGRAM =
  /^[<([*_]{0,3}(?:get|download|obtenir|téléchargez|télécharger|obtenga|obtener|obtén|consigue|descargar?|baixar|baixe o|obter|obtenha o|scarica|ottieni|download|hol(?:en)? sie sich|hämta|hent|last ned|hanki|pobierz|stáhněte|получить|получите|скачать|завантажити|tải|下载|下載|取得|获取|다운로드)\b.{0,4}\[?(?:the )?(?:outlook|proton ?mail|yahoo ?mail|aol|gmail|spark|bluemail|edison|k-9|tuta)|^[<([]{0,2}outlook (?:für|pour|para|per|voor|dla|för|til|pro|для) (?:ios|android)(?: (?:beziehen|herunterladen|holen|downloaden|ophalen|tevékenység))?/iu

/** The mark that trackers of opened mail leave in Gmail (Streak, Mailtrack). */
const TRACKER = 'ᐧ'

/**
 * Whether a mail program, or a device, wrote a line, normal: `certain` by its words alone; `likely` where nothing but
 * quotes follows, for people write "Sent from our warehouse on Monday" as well.
 */
export function sentFromLine(line: string): 'certain' | 'likely' | null {
  if (line === '' || line.length > MAX_SENT_FROM_CHARS) return null
  if (line === TRACKER || GET_PROGRAM.test(line)) return 'certain'
  const says = SENT_LINE.test(line) || saysLast(line)
  if (!says && !SHORT.test(line)) return null
  const words = line.split(' ').length
  if (words > MAX_SENT_FROM_WORDS || /[:：]$/u.test(line)) return null
  if (!says) return 'likely'
  if (NAMES_BRAND.test(line)) return 'certain'
  return NAMES_DEVICE.test(line) || words <= MAX_UNKNOWN_SENT_FROM_WORDS ? 'likely' : null
}

function saysLast(line: string): boolean {
  return (VERB_LAST.test(line.slice(-LONGEST_VERB)) || SENT_JOINED.test(line)) && SENT_LAST.test(line)
}

/** "Sent from my Windows 8 PC <http://…>" has a link behind it. */
const MAX_SENT_FROM_CHARS = 200

/** "Sent from my HTC M8 Android phone. Please excuse typos, I am on the move": more is a sentence of a person. */
const MAX_SENT_FROM_WORDS = 16

/** "Sent from my TI-85": without a name that is known here, a line is short. */
const MAX_UNKNOWN_SENT_FROM_WORDS = 6

export function isSignatureDelimiter(line: string): boolean {
  return DELIMITER.test(line)
}

export function isRule(line: string): boolean {
  return line.length >= 3 && RULE.test(line)
}

/** Lines of a signature below a delimiter, empty ones not counted: what is longer is the letter going on. */
export const MAX_SIGNATURE_LINES = 40

/** Lines of a block below a mere rule, empty ones not counted, that may still be a signature or the footer of a list. */
const MAX_FOOTER_LINES = 15

/** Lines of a name and a position, without any contact detail. */
const MAX_NAME_LINES = 4

/** A name of a person: two to four words that begin with capitals. */
const PERSON = /^\p{Lu}[\p{L}’'-]+(?: \p{Lu}[\p{L}.’'-]+){1,3}$/u

const CONTACT = /[^\s@]{1,64}@[^\s@]{1,64}|https?:\/\/|www\.|\+?\d[\d ()/.-]{7,}\d/iu

/** Whether lines below a rule are a signature or a footer, not a part of the letter. `block` is normal. */
export function looksLikeFooter(block: readonly string[]): boolean {
  const lines = block.filter((line) => line !== '')
  if (lines.length === 0) return true
  if (lines.length > MAX_FOOTER_LINES) return false
  const isShort = (line: string) => line.length <= 60 && !/[.?!:,;…]$/u.test(line)
  if (lines.length <= MAX_NAME_LINES && PERSON.test(lines[0] ?? '') && lines.every(isShort)) return true
  // A letter names an address too, but in sentences.
  const sentences = lines.filter((line) => /[.?!]["')]?$/u.test(line) && !CONTACT.test(line)).length
  return lines.some((line) => CONTACT.test(line)) && sentences <= 1 && !lines.some((line) => line.endsWith('?'))
}

/** Words that close a letter. */
const VALEDICTION = new RegExp(
  `^(?:${[
    'best|best regards|best wishes|all the best|kind regards|kindest regards|warm regards|warmest regards|with kind regards|with best regards|with regards|regards|many thanks|thanks|thank you|thanks and regards|thanks & regards|thanks in advance|cheers|sincerely|yours sincerely|sincerely yours|yours faithfully|yours truly|respectfully|br|brgds|rgds|kr',
    'mit freundlichen grüßen|mit freundlichen grüssen|mit freundlichem gruß|mit freundlichem gruss|freundliche grüße|freundliche grüsse|viele grüße|viele grüsse|beste grüße|beste grüsse|liebe grüße|schöne grüße|herzliche grüße|hochachtungsvoll|mit besten grüßen|mfg|lg|vg|gruß|gruss|grüße',
    'cordialement|bien cordialement|très cordialement|bien à vous|sincères salutations|salutations|meilleures salutations|cdlt|amicalement',
    'saludos|un saludo|saludos cordiales|un cordial saludo|atentamente|cordialmente|gracias|atenciosamente|att|cumprimentos|com os melhores cumprimentos|melhores cumprimentos|abraços|obrigado|obrigada',
    'cordiali saluti|distinti saluti|saluti|un saluto|grazie|met vriendelijke groet|met vriendelijke groeten|vriendelijke groet|groeten|groet|mvg',
    'pozdrawiam|z poważaniem|pozdrowienia|s pozdravem|s přátelským pozdravem|s pozdravom|lep pozdrav|lijep pozdrav|srdačan pozdrav',
    'med vänliga hälsningar|vänliga hälsningar|med vänlig hälsning|vänligen|mvh|hälsningar|med vennlig hilsen|vennlig hilsen|hilsen|med venlig hilsen|venlig hilsen|mvh|ystävällisin terveisin|terveisin|lugupidamisega',
    'üdvözlettel|tisztelettel|köszönettel|cu stimă|cu respect|saygılarımla|saygılarımızla|iyi çalışmalar|teşekkürler|με εκτίμηση|ευχαριστώ|με φιλικούς χαιρετισμούς',
    'с уважением|с наилучшими пожеланиями|спасибо|з повагою|з найкращими побажаннями|дякую|с уважение|поздрави',
    'בברכה|בתודה|תודה|مع التحية|مع أطيب التحيات|تحياتي|وتفضلوا بقبول فائق الاحترام|شكرا|trân trọng|thân ái|thân mến|xin cảm ơn|cảm ơn|kính thư',
    'よろしくお願いします|よろしくお願いいたします|宜しくお願い致します|敬具|以上|此致|此致敬礼|祝好|谢谢|謝謝|顺祝商祺|順頌商祺|감사합니다|고맙습니다|안녕히 계세요|hormat saya|salam|terima kasih',
  ].join('|')})[,.!;،。！，~]{0,3}$`,
  'iu',
)

/** Lines below a closing formula that are name, position and address of the person. */
const MAX_VALEDICTION_LINES = 10

/**
 * The closing formula of a letter and what stands below it, null where it ends otherwise. Conservative: below the
 * formula stand a few short lines, and no sentence.
 */
export function valedictionOf(lines: readonly string[]): string | null {
  let below = 0
  for (let at = lines.length - 1; at >= 0 && below <= MAX_VALEDICTION_LINES; at--) {
    const line = normalLine(lines[at] ?? '')
    if (line === '') continue
    // A letter that is nothing but "Thanks" says so.
    if (VALEDICTION.test(line)) return below > 0 ? lines.slice(at).join('\n').trim() : null
    if (line.length > 80 || /[?!]$/.test(line)) return null
    below++
  }
  return null
}
