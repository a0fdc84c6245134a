/** Lines that say that an earlier mail follows: `-----Original Message-----`, "Begin forwarded message:". */

const ORIGINAL = `original message|original appointment|original mail|original|ursprüngliche nachricht|originalnachricht|original-nachricht|ursprünglicher termin
  |message d'origine|message d’origine|message original|message initial|message d'origine :|mensaje original|correo original
  |missatge original|mensagem original|messaggio originale|messaggio di origine|oorspronkelijk bericht|oorspronkelijke bericht|origineel bericht
  |wiadomość oryginalna|oryginalna wiadomość|wiadomość pierwotna|původní zpráva|původní e-mail|originální zpráva|pôvodná správa
  |ursprungligt meddelande|originalmeddelande|opprinnelig melding|opprinnelig meddelelse|oprindelig meddelelse|original meddelelse
  |alkuperäinen viesti|algkiri|eredeti üzenet|mesajul original|mesaj original|orijinal ileti|orijinal mesaj|özgün ileti|özgün mesaj
  |исходное сообщение|оригинальное сообщение|первоначальное сообщение|вихідне повідомлення|оригінальне повідомлення|оригінал повідомлення
  |αρχικό μήνυμα|πρωτότυπο μήνυμα|הודעה מקורית|ההודעה המקורית|הודעה המקורית|الرسالة الأصلية|رسالة أصلية|رسالة اصلية
  |tin nhắn gốc|thư gốc|thư ban đầu|nguyên bản|tin nhắn ban đầu|元のメッセージ|オリジナルメッセージ|元メール|元のメール
  |原始邮件|邮件原件|原始信息|原邮件|原始郵件|原始訊息|原信件|郵件原件|원본 메시지|원본 메일|원본메일|원본 이메일|원본메시지
  |izvorna poruka|originalna poruka|izvirno sporočilo|оригинално съобщение|оригинална порука|pesan asli`

const FORWARDED = `forwarded message|forwarded mail|forwarded email|forwarded messages|forward message|weitergeleitete nachricht|weitergeleitete e-mail
  |anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|begin forwarded message|start of forwarded message
  |message transféré|message transmis|message réexpédié|début du message transféré|début du message réexpédié|debut du message transfere
  |mensaje reenviado|inicio del mensaje reenviado|inicio del mensaje transmitido|comienzo del mensaje reenviado|missatge reenviat|inici del missatge reenviat
  |mensagem encaminhada|mensagem reencaminhada|início da mensagem encaminhada|início da mensagem reencaminhada
  |messaggio inoltrato|messaggio rinviato|inizio messaggio inoltrato|inizio del messaggio inoltrato
  |doorgestuurd bericht|begin doorgestuurd bericht|doorgezonden bericht
  |wiadomość przekazana dalej|przekazana wiadomość|przesłana wiadomość|treść przekazanej wiadomości|początek przekazywanej wiadomości|początek przekazanej wiadomości|wiadomość przekazana|wiadomość przesłana dalej
  |přeposlaná zpráva|začátek přeposílané zprávy|začátek přeposlané zprávy|předaná zpráva|preposlaná správa|začiatok preposlanej správy
  |vidarebefordrat meddelande|vidarebefordrat mail|vidarebefordrat brev|vidarebefordrat mejl|påbörjat vidarebefordrat mejl|börja vidarebefordrat meddelande|början på vidarebefordrat meddelande|början på vidarebefordrat brev
  |videresendt melding|videresendt meddelelse|begynnelse på videresendt melding|start på videresendt melding|start på videresendt besked|videresendt besked|starten af den videresendte besked
  |välitetty viesti|välitetty viesti alkaa|edelleenlähetetty viesti|edastatud kiri
  |továbbított üzenet|továbbított levél|továbbított üzenet kezdete|mesaj redirecționat|mesaj redirecţionat|mesaj transferat|începutul mesajului redirecționat|mesaj înaintat
  |iletilen ileti|iletilen mesaj|iletilmiş mesaj|iletilmiş ileti|iletilen mesajın başlangıcı|yönlendirilen ileti|yönlendirilmiş mesaj
  |пересылаемое сообщение|пересланное сообщение|переадресованное сообщение|перенаправленное сообщение|начало переадресованного сообщения|начало пересылаемого сообщения|начало пересланного сообщения|конец пересылаемого сообщения
  |переслане повідомлення|перенаправлене повідомлення|пересланий лист|початок переспрямованого повідомлення|початок листа, що пересилається
  |προωθημένο μήνυμα|μήνυμα που προωθήθηκε|έναρξη προωθημένου μηνύματος|αρχή προωθημένου μηνύματος
  |הודעה שהועברה|הודעה מועברת|תחילת ההודעה שהועברה|תחילת הודעה שהועברה|رسالة معاد توجيهها|رسالة مُعاد توجيهها|رسالة معاد إرسالها|رسالة مُعادة توجيهها|بدء الرسالة المعاد توجيهها|بداية الرسالة المُعاد توجيهها
  |thư đã chuyển tiếp|thư được chuyển tiếp|tin nhắn được chuyển tiếp|tin nhắn chuyển tiếp|tin đã chuyển tiếp|bắt đầu thư được chuyển tiếp|bắt đầu tin nhắn được chuyển tiếp|chuyển tiếp thư
  |転送メッセージ|転送されたメッセージ|転送メール|転送されたメール|以下転送|以下、転送メッセージ|begin forwarded message|ここから転送|ここから転送メール
  |转发邮件信息|转发邮件|已转发邮件|转发的邮件|转发的邮件信息|以下是转发的邮件|開始轉寄的郵件|轉寄郵件|轉寄的郵件|轉寄訊息|轉寄的訊息|轉發郵件|轉發的郵件|已轉寄的郵件|开始转发的邮件|以下是轉寄的郵件|下面是被转发的邮件|下面是被轉寄的郵件|下面是轉寄的郵件
  |전달된 메시지|전달된 메일|전달 메시지|전달된 메시지 시작|전달된 메시지의 시작
  |proslijeđena poruka|posredovano sporočilo|препратено съобщение|прослеђена порука|pesan terusan|pesan yang diteruskan`

const PHRASES = phrasesOf(`${ORIGINAL}|${FORWARDED}`)
const FORWARD_PHRASES = phrasesOf(FORWARDED)

function phrasesOf(list: string): ReadonlySet<string> {
  return new Set(list.split('|').map((phrase) => phrase.trim()))
}

/** What mail programs draw around the words, and what may stand before it. */
const FRAME = /[-_=~*#‐─━—–]{2}/u
const LEADING_FRAME = /^[>.·\s]*[-_=~*#‐─━—–]{2}[-_=~*#‐─━—–\s]*/u

/** "Begin forwarded message:" of Apple Mail has no frame. */
const ANNOUNCED = /^[*_]{0,2}([^:：]{4,60}?) ?[:：][*_]{0,2}$/u

/** Lotus Notes: `----- Forwarded by Anna/ACME on 03.02.2016 15:35 -----`. */
const FORWARDED_BY =
  /^-{3,} ?(?:forwarded by|weitergeleitet von|réacheminé par|transféré par|reenviado por|remitido por|encaminhado por|inoltrato da|doorgestuurd door|przesłane przez|vidarebefordrat av|videresendt av|videresendt af|välittänyt|переслано|转发人|轉寄者) .{1,200}-{3,}$/iu

/** Help desks ask to write above a line of their own; what stands below is theirs. */
const ABOVE_THIS_LINE =
  /(?:reply|repl|respond|write|type|antwort|schreib|répon|ecri|écri|respon|escrib|escrev|rispo|scriv|antwoord|odpow|odpov)[^.]{0,60}(?:above this line|above the line|above the dotted line|oberhalb dieser (?:linie|zeile)|über dieser (?:linie|zeile)|au-dessus de cette ligne|(?:por )?encima de esta línea|acima desta linha|sopra questa (?:linea|riga)|boven deze (?:regel|lijn)|powyżej tej linii|nad tento řádek|nad túto čiaru)/i

/** Characters of such a line, which says little else. */
const MAX_ABOVE_CHARS = 200

/** The shortest words are Chinese; Android writes a header behind the words on the same line. */
const MIN_CHARS = 4
const MAX_CHARS = 400

/** Whether a line, normal, says that an earlier mail follows. */
export function isDivider(line: string): boolean {
  if (line.length < MIN_CHARS || line.length > MAX_CHARS) return false
  return isPhrase(line) || (line.startsWith('---') && FORWARDED_BY.test(line))
}

/** Whether a line, normal, is that of a help desk. */
export function asksToReplyAbove(line: string): boolean {
  return line.length <= MAX_ABOVE_CHARS && ABOVE_THIS_LINE.test(line)
}

function isPhrase(line: string): boolean {
  const left = LEADING_FRAME.exec(line)?.[0].length ?? 0
  const inside = line.slice(left)
  const right = left === 0 ? -1 : inside.search(FRAME)
  if (right > 0 && PHRASES.has(phraseOf(inside.slice(0, right)))) return true
  if (!line.includes(':', line.length - 3) && !line.includes('：', line.length - 3)) return false
  const announced = ANNOUNCED.exec(line)?.[1]
  return announced !== undefined && FORWARD_PHRASES.has(phraseOf(announced))
}

function phraseOf(words: string): string {
  return words.replace(/[:：]? ?$/u, '').toLowerCase()
}
