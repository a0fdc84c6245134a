/** How mail programs of many languages introduce the mail that is answered or passed on, as their users send it. */

/** Lines above a quote, by program and language. */
export const ATTRIBUTIONS: readonly (readonly [string, string])[] = [
  ['Gmail en', 'On Wed, Feb 3, 2016 at 3:35 PM Anna Berg <anna@example.org> wrote:'],
  ['Gmail en, wrapped', 'On Wed, Feb 3, 2016 at 3:35 PM Anna Berg <\nanna@example.org> wrote:'],
  [
    'Gmail en, wrapped twice',
    'On Wed, Feb 3, 2016 at 3:35 PM Anna Maria von und zu\nBerg-Hohenstein\n<anna@example.org> wrote:',
  ],
  ['Gmail en-GB', 'On Wed, 3 Feb 2016 at 15:35, Anna Berg <anna@example.org> wrote:'],
  ['Gmail, old', '2016-02-03 15:35 GMT+01:00 Anna Berg <anna@example.org>:'],
  ['Gmail de', 'Am Mi., 3. Feb. 2016 um 15:35 Uhr schrieb Anna Berg <anna@example.org>:'],
  ['Gmail de, wrapped', 'Am Mi., 3. Feb. 2016 um 15:35 Uhr schrieb Anna Berg <\nanna@example.org>:'],
  ['Gmail de, wrapped inside the address', 'Am 03.02.2016 15:35 schrieb "Anna Berg" <anna@example.org\n>:'],
  ['Gmail fr', 'Le mer. 3 févr. 2016 à 15:35, Anna Berg <anna@example.org> a écrit :'],
  ['Gmail es', 'El mié., 3 de feb. de 2016 a la(s) 15:35, Anna Berg (anna@example.org) escribió:'],
  ['Gmail pt-BR', 'Em qua., 3 de fev. de 2016 às 15:35, Anna Berg <anna@example.org> escreveu:'],
  ['Gmail pt-PT', 'Anna Berg <anna@example.org> escreveu (quarta, 3/02/2016 à(s) 15:35):'],
  ['Gmail it', 'Il giorno mer 3 feb 2016 alle ore 15:35 Anna Berg <anna@example.org> ha scritto:'],
  ['Gmail nl', 'Op wo 3 feb 2016 om 15:35 schreef Anna Berg <anna@example.org>:'],
  ['Gmail pl', 'śr., 3 lut 2016 o 15:35 Anna Berg <anna@example.org> napisał(a):'],
  ['Gmail cs', 'st 3. 2. 2016 v 15:35 odesílatel Anna Berg <anna@example.org> napsal:'],
  ['Gmail sk', 'st 3. 2. 2016 o 15:35 Anna Berg <anna@example.org> napísal(a):'],
  ['Gmail sv', 'Den ons 3 feb. 2016 kl 15:35 skrev Anna Berg <anna@example.org>:'],
  ['Gmail no', 'ons. 3. feb. 2016 kl. 15:35 skrev Anna Berg <anna@example.org>:'],
  ['Gmail da', 'Den ons. 3. feb. 2016 kl. 15.35 skrev Anna Berg <anna@example.org>:'],
  ['Gmail fi', 'ke 3. helmik. 2016 klo 15.35 Anna Berg (anna@example.org) kirjoitti:'],
  ['Gmail hu', 'Anna Berg <anna@example.org> ezt írta (időpont: 2016. febr. 3., Sze, 15:35):'],
  ['Gmail ro', 'În mie., 3 feb. 2016 la 15:35, Anna Berg <anna@example.org> a scris:'],
  ['Gmail tr', 'Anna Berg <anna@example.org>, 3 Şub 2016 Çar, 15:35 tarihinde şunu yazdı:'],
  ['Gmail ru', 'ср, 3 февр. 2016 г. в 15:35, Анна Берг <anna@example.org>:'],
  ['Gmail uk', 'ср, 3 лют. 2016 р. о 15:35 Анна Берг <anna@example.org> пише:'],
  ['Gmail el', 'Στις Τετ 3 Φεβ 2016 στις 3:35 μ.μ., ο χρήστης Άννα Μπεργκ <anna@example.org> έγραψε:'],
  [
    'Gmail he',
    '\u202bבתאריך יום ד׳, 3 בפבר׳ 2016 ב-15:35 מאת \u202aאנה ברג\u202c\u200f <\u202aanna@example.org\u202c\u200f>:\u202c',
  ],
  ['Gmail ar', 'في الأربعاء، ٣ فبراير ٢٠١٦ ٣:٣٥ م آنا بيرغ <anna@example.org> كتب:'],
  ['Gmail vi', 'Vào Th 4, 3 thg 2, 2016 vào lúc 15:35 Anna Berg <anna@example.org> đã viết:'],
  ['Gmail ja', '2016年2月3日(水) 15:35 アンナ <anna@example.org>:'],
  ['Gmail zh-CN', 'Anna Berg <anna@example.org> 于2016年2月3日周三 15:35写道：'],
  ['Gmail zh-TW', 'Anna Berg <anna@example.org> 於 2016年2月3日 週三 下午3:35寫道：'],
  ['Gmail ko', '2016년 2월 3일 (수) 오후 3:35, 안나 <anna@example.org>님이 작성:'],
  ['Gmail bg', 'На ср, 3.02.2016 г. в 15:35 ч. Анна Берг <anna@example.org> написа:'],
  ['Gmail hr', 'sri, 3. velj 2016. u 15:35 Anna Berg <anna@example.org> napisao je:'],
  ['Gmail id', 'Pada tanggal Rab, 3 Feb 2016 pukul 15.35 Anna Berg <anna@example.org> menulis:'],
  ['Gmail th', 'ในวันที่ พ. 3 ก.พ. 2016 เวลา 15:35 Anna Berg <anna@example.org> เขียนว่า:'],
  ['Apple Mail en', 'On Feb 3, 2016, at 15:35, Anna Berg <anna@example.org> wrote:'],
  ['Apple Mail de', 'Am 03.02.2016 um 15:35 schrieb Anna Berg <anna@example.org>:'],
  ['Apple Mail fr', 'Le 3 févr. 2016 à 15:35, Anna Berg <anna@example.org> a écrit :'],
  ['Apple Mail es', 'El 3 feb 2016, a las 15:35, Anna Berg <anna@example.org> escribió:'],
  ['Apple Mail pt', 'No dia 3 de fev. de 2016, às 15:35, Anna Berg <anna@example.org> escreveu:'],
  ['Apple Mail it', 'Il giorno 03 feb 2016, alle ore 15:35, Anna Berg <anna@example.org> ha scritto:'],
  ['Apple Mail nl', 'Op 3 feb. 2016, om 15:35 heeft Anna Berg <anna@example.org> het volgende geschreven:'],
  ['Apple Mail pl', 'Wiadomość napisana przez Anna Berg <anna@example.org> w dniu 03.02.2016, o godz. 15:35:'],
  ['Apple Mail cs', '3. 2. 2016 v 15:35, Anna Berg <anna@example.org>:'],
  ['Apple Mail sv', '3 feb. 2016 kl. 15:35 skrev Anna Berg <anna@example.org>:'],
  ['Apple Mail da', 'Den 3. feb. 2016 kl. 15.35 skrev Anna Berg <anna@example.org>:'],
  ['Apple Mail fi', 'Anna Berg <anna@example.org> kirjoitti 3.2.2016 kello 15.35:'],
  ['Apple Mail hu', '2016. febr. 3. dátummal, 15:35 időpontban Anna Berg <anna@example.org> írta:'],
  ['Apple Mail ro', 'Pe 3 feb. 2016, la 15:35, Anna Berg <anna@example.org> a scris:'],
  ['Apple Mail tr', 'Anna Berg <anna@example.org> şunları yazdı (3 Şub 2016 15:35):'],
  ['Apple Mail ru', '3 февр. 2016 г., в 15:35, Анна Берг <anna@example.org> написал(а):'],
  ['Apple Mail uk', '3 лют. 2016 р. о 15:35 Анна Берг <anna@example.org> написав(-ла):'],
  ['Apple Mail el', '3 Φεβ 2016, 3:35 μ.μ., ο χρήστης «Άννα <anna@example.org>» έγραψε:'],
  ['Apple Mail he', 'ב-3 בפבר׳ 2016, בשעה 15:35, אנה ברג <anna@example.org> כתב/ה:'],
  ['Apple Mail ar', 'في ٣ فبراير ٢٠١٦، الساعة ٣:٣٥ م، كتب/كتبت آنا <anna@example.org>:'],
  ['Apple Mail vi', 'Vào 15:35, 3 thg 2, 2016, Anna Berg <anna@example.org> đã viết:'],
  ['Apple Mail ja', '2016/02/03 15:35、アンナ <anna@example.org>のメール:'],
  ['Apple Mail zh-CN', '在 2016年2月3日，下午3:35，Anna Berg <anna@example.org> 写道：'],
  ['Apple Mail zh-TW', 'Anna Berg <anna@example.org> 於 2016年2月3日 下午3:35 寫道：'],
  ['Apple Mail ko', '2016. 2. 3. 오후 3:35, 안나 <anna@example.org> 작성:'],
  ['Thunderbird en', 'On 2/3/16 3:35 PM, Anna Berg wrote:'],
  ['Thunderbird de', 'Am 03.02.2016 um 15:35 schrieb Anna Berg:'],
  ['Thunderbird fr', 'Le 03/02/2016 à 15:35, Anna Berg a écrit :'],
  ['Thunderbird es', 'El 03/02/2016 a las 15:35, Anna Berg escribió:'],
  ['Thunderbird it', 'Il 03/02/2016 15:35, Anna Berg ha scritto:'],
  ['Thunderbird nl', 'Op 03-02-16 om 15:35 schreef Anna Berg:'],
  ['Thunderbird pl', 'W dniu 03.02.2016 o 15:35, Anna Berg pisze:'],
  ['Thunderbird cs', 'Dne 03.02.16 v 15:35 Anna Berg napsal(a):'],
  ['Thunderbird sv', 'Den 2016-02-03 kl. 15:35, skrev Anna Berg:'],
  ['Thunderbird fi', '3.2.2016 15.35, Anna Berg kirjoitti:'],
  ['Thunderbird hu', '2016. 02. 03. 15:35 keltezéssel, Anna Berg írta:'],
  ['Thunderbird ru', '03.02.2016 15:35, Анна Берг пишет:'],
  ['Thunderbird tr', '03.02.2016 15:35 tarihinde Anna Berg yazdı:'],
  ['Thunderbird ja', '2016/02/03 15:35, Anna Berg wrote:'],
  ['Yahoo en', 'On Wednesday, February 3, 2016 3:35 PM, Anna Berg <anna@example.org> wrote:'],
  ['Yahoo en, new', 'On Wednesday, February 3, 2016 at 03:35:12 PM GMT+1, Anna Berg <anna@example.org> wrote:'],
  ['Yahoo de', 'Anna Berg <anna@example.org> schrieb am 15:35 Mittwoch, 3.Februar 2016:'],
  ['Yahoo fr', 'Le Mercredi 3 février 2016 15h35, Anna Berg <anna@example.org> a écrit :'],
  ['Proton', 'On Wednesday, February 3rd, 2016 at 3:35 PM, Anna Berg <anna@example.org> wrote:'],
  [
    'Proton, old',
    '‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Wednesday, February 3, 2016 3:35 PM, Anna Berg <anna@example.org> wrote:',
  ],
  ['Zoho', '---- On Wed, 03 Feb 2016 15:35:12 +0100 Anna Berg <anna@example.org> wrote ----'],
  ['web.de', 'Am 3. Februar 2016 15:35:12 MEZ schrieb Anna Berg <anna@example.org>:'],
  ['Roundcube', 'On 2016-02-03 15:35, Anna Berg wrote:'],
  ['Roundcube de', 'Am 2016-02-03 15:35, schrieb Anna Berg:'],
  ['mail.ru', 'Среда, 3 февраля 2016, 15:35 +03:00 от Анна Берг <anna@example.org>:'],
  ['Yandex', '03.02.2016, 15:35, "Анна Берг" <anna@example.org>:'],
  ['163', '在 2016-02-03 15:35:12，"Anna Berg" <anna@example.org> 写道：'],
  ['163 en', 'At 2016-02-03 15:35:12, "Anna Berg" <anna@example.org> wrote:'],
  ['Becky', 'On Wed, 3 Feb 2016 15:35:12 +0900\nAnna Berg <anna@example.org> wrote:'],
  ['GroupWise', '>>> Anna Berg <anna@example.org> 03.02.2016 15:35 >>>'],
  [
    'Outlook.com',
    'On Wed, Feb 3, 2016 at 3:35 PM +0100, "Anna Berg" <anna@example.org<mailto:anna@example.org>> wrote:',
  ],
  ['an unknown language', 'Sa 3 Feb 2016, 15:35, nagsulat si Anna Berg <anna@example.org>:'],
]

/** Lines above a quote that name neither an address nor an instant: believed where a marked quote follows. */
export const SHORT_ATTRIBUTIONS: readonly (readonly [string, string])[] = [
  ['Thunderbird, name only', 'Anna Berg wrote:'],
  ['Thunderbird de, name only', 'Anna Berg schrieb:'],
  ['by hand', 'On Monday, Anna wrote:'],
  ['Becky', 'Anna Bergさんは書きました:'],
  ['old Gmail ja', '2016/02/03 Anna Berg <anna@example.org>'],
]

/** Headers above an earlier mail that bears no marks, by program and language. */
export const HEADERS: readonly (readonly [string, string])[] = [
  [
    'Outlook en',
    'From: Anna Berg <anna@example.org>\nSent: Wednesday, February 3, 2016 3:35 PM\nTo: Support <support@acme.example>\nSubject: Order 77',
  ],
  [
    'Outlook en, its line',
    '________________________________\nFrom: Anna Berg <anna@example.org>\nSent: Wednesday, February 3, 2016 3:35 PM\nTo: Support <support@acme.example>\nCc: Bo\nSubject: Order 77',
  ],
  [
    'Outlook en, bold',
    '*From:* Anna Berg [mailto:anna@example.org]\n*Sent:* Wednesday, February 3, 2016 3:35 PM\n*To:* Support\n*Subject:* Order 77',
  ],
  [
    'Outlook 2003',
    '-----Original Message-----\nFrom: Anna Berg [mailto:anna@example.org]\nSent: Wednesday, February 3, 2016 3:35 PM\nTo: Support\nSubject: Order 77',
  ],
  [
    'Outlook de',
    'Von: Anna Berg <anna@example.org>\nGesendet: Mittwoch, 3. Februar 2016 15:35\nAn: Support\nBetreff: Bestellung 77',
  ],
  [
    'Outlook 2003 de',
    '-----Ursprüngliche Nachricht-----\nVon: Anna Berg [mailto:anna@example.org]\nGesendet: Mittwoch, 3. Februar 2016 15:35\nAn: Support\nBetreff: Bestellung 77',
  ],
  [
    'Outlook fr',
    'De : Anna Berg <anna@example.org>\nEnvoyé : mercredi 3 février 2016 15:35\nÀ : Support\nObjet : Commande 77',
  ],
  [
    'Outlook fr, old',
    "-----Message d'origine-----\nDe : Anna Berg [mailto:anna@example.org]\nEnvoyé : mercredi 3 février 2016 15:35\nÀ : Support\nObjet : Commande 77",
  ],
  [
    'Outlook es',
    'De: Anna Berg <anna@example.org>\nEnviado el: miércoles, 3 de febrero de 2016 15:35\nPara: Soporte\nAsunto: Pedido 77',
  ],
  [
    'Outlook pt',
    'De: Anna Berg <anna@example.org>\nEnviada em: quarta-feira, 3 de fevereiro de 2016 15:35\nPara: Suporte\nAssunto: Pedido 77',
  ],
  [
    'Outlook it',
    'Da: Anna Berg <anna@example.org>\nInviato: mercoledì 3 febbraio 2016 15:35\nA: Supporto\nOggetto: Ordine 77',
  ],
  [
    'Outlook nl',
    'Van: Anna Berg <anna@example.org>\nVerzonden: woensdag 3 februari 2016 15:35\nAan: Support\nOnderwerp: Bestelling 77',
  ],
  [
    'Outlook pl',
    'Od: Anna Berg <anna@example.org>\nWysłano: środa, 3 lutego 2016 15:35\nDo: Wsparcie\nTemat: Zamówienie 77',
  ],
  [
    'Outlook cs',
    'Od: Anna Berg <anna@example.org>\nOdesláno: středa 3. února 2016 15:35\nKomu: Podpora\nPředmět: Objednávka 77',
  ],
  [
    'Outlook sv',
    'Från: Anna Berg <anna@example.org>\nSkickat: den 3 februari 2016 15:35\nTill: Support\nÄmne: Order 77',
  ],
  [
    'Outlook no',
    'Fra: Anna Berg <anna@example.org>\nSendt: onsdag 3. februar 2016 15.35\nTil: Support\nEmne: Ordre 77',
  ],
  ['Outlook da', 'Fra: Anna Berg <anna@example.org>\nSendt: 3. februar 2016 15:35\nTil: Support\nEmne: Ordre 77'],
  [
    'Outlook fi',
    'Lähettäjä: Anna Berg <anna@example.org>\nLähetetty: keskiviikko 3. helmikuuta 2016 15.35\nVastaanottaja: Tuki\nAihe: Tilaus 77',
  ],
  [
    'Outlook hu',
    'Feladó: Anna Berg <anna@example.org>\nElküldve: 2016. február 3., szerda 15:35\nCímzett: Támogatás\nTárgy: 77-es rendelés',
  ],
  [
    'Outlook ro',
    'De la: Anna Berg <anna@example.org>\nTrimis: miercuri, 3 februarie 2016 15:35\nCătre: Suport\nSubiect: Comanda 77',
  ],
  [
    'Outlook tr',
    'Kimden: Anna Berg <anna@example.org>\nGönderildi: 3 Şubat 2016 Çarşamba 15:35\nKime: Destek\nKonu: Sipariş 77',
  ],
  [
    'Outlook ru',
    'От: Анна Берг <anna@example.org>\nОтправлено: 3 февраля 2016 г. 15:35\nКому: Поддержка\nТема: Заказ 77',
  ],
  [
    'Outlook uk',
    'Від: Анна Берг <anna@example.org>\nНадіслано: 3 лютого 2016 р. 15:35\nКому: Підтримка\nТема: Замовлення 77',
  ],
  [
    'Outlook el',
    'Από: Άννα <anna@example.org>\nΣτάλθηκε: Τετάρτη, 3 Φεβρουαρίου 2016 3:35 μμ\nΠρος: Υποστήριξη\nΘέμα: Παραγγελία 77',
  ],
  ['Outlook he', 'מאת: אנה ברג <anna@example.org>\nנשלח: יום רביעי 03 פברואר 2016 15:35\nאל: תמיכה\nנושא: הזמנה 77'],
  ['Outlook ar', 'من: آنا <anna@example.org>\nتم الإرسال: الأربعاء، ٣ فبراير ٢٠١٦\nإلى: الدعم\nالموضوع: طلب 77'],
  [
    'Outlook vi',
    'Từ: Anna Berg <anna@example.org>\nĐã gửi: Thứ Tư, 3 Tháng Hai 2016 3:35 CH\nĐến: Hỗ trợ\nChủ đề: Đơn hàng 77',
  ],
  ['Outlook ja', '差出人: アンナ <anna@example.org>\n送信日時: 2016年2月3日 15:35\n宛先: サポート\n件名: 注文 77'],
  ['Outlook zh-CN', '发件人: Anna Berg <anna@example.org>\n发送时间: 2016年2月3日 15:35\n收件人: 支持\n主题: 订单 77'],
  ['Outlook zh-TW', '寄件者: Anna Berg <anna@example.org>\n寄件日期: 2016年2月3日 15:35\n收件者: 支援\n主旨: 訂單 77'],
  [
    'Outlook ko',
    '보낸 사람: 안나 <anna@example.org>\n보낸 날짜: 2016년 2월 3일 수요일 오후 3:35\n받는 사람: 지원\n제목: 주문 77',
  ],
  [
    'QQ',
    '------------------ 原始邮件 ------------------\n发件人: "Anna Berg" <anna@example.org>;\n发送时间: 2016年2月3日(星期三) 下午3:35\n收件人: "support"<support@acme.example>;\n主题: 订单 77',
  ],
  ['Foxmail', '发件人： Anna Berg <anna@example.org>\n发送时间： 2016-02-03 15:35\n收件人： support\n主题： 订单 77'],
  [
    'Zimbra',
    '----- Original Message -----\nFrom: "Anna Berg" <anna@example.org>\nTo: "support" <support@acme.example>\nSent: Wednesday, February 3, 2016 3:35:12 PM\nSubject: Order 77',
  ],
  [
    'Samsung',
    '-------- Original message --------\nFrom: Anna Berg <anna@example.org>\nDate: 03/02/2016 15:35 (GMT+01:00)\nTo: support@acme.example\nSubject: Order 77',
  ],
  [
    'GMX',
    'Gesendet: Mittwoch, 03. Februar 2016 um 15:35 Uhr\nVon: "Anna Berg" <anna@example.org>\nAn: support@acme.example\nBetreff: Bestellung 77',
  ],
  [
    'Lotus Notes',
    'From: Anna Berg/ACME <anna@example.org>\nTo: support@acme.example\nDate: 03.02.2016 15:35\nSubject: Order 77',
  ],
  [
    'Lotus Notes de',
    'Von:    Anna Berg <anna@example.org>\nAn:     support@acme.example\nKopie:\nDatum:  03.02.2016 15:35\nBetreff:        Bestellung 77',
  ],
  [
    'Lotus Notes, old',
    'Anna Berg <anna@example.org>\n02/03/2016 03:35 PM\n\nTo\nsupport@acme.example\ncc\n\nSubject\nOrder 77',
  ],
  [
    'a list of recipients',
    'From: Anna Berg <anna@example.org>\nSent: Wednesday, February 3, 2016 3:35 PM\nTo: Support <support@acme.example>; Bo Ek <bo@acme.example>;\n Cy Li <cy@acme.example>\nSubject: Order 77',
  ],
  [
    'empty lines between',
    'From: Anna Berg <anna@example.org>\n\nSent: Wednesday, February 3, 2016 3:35 PM\n\nTo: Support\n\nSubject: Order 77',
  ],
]

/** Headers above a mail that is passed on. Each names Anna Berg, anna@example.org. */
export const FORWARDS: readonly (readonly [string, string])[] = [
  [
    'Gmail en',
    '---------- Forwarded message ---------\nFrom: Anna Berg <anna@example.org>\nDate: Wed, Feb 3, 2016 at 3:35 PM\nSubject: Order 77\nTo: <support@acme.example>',
  ],
  [
    'Gmail en, bold',
    '---------- Forwarded message ---------\nFrom: *Anna Berg* <anna@example.org>\nDate: Wed, Feb 3, 2016 at 3:35 PM\nSubject: Order 77\nTo: <support@acme.example>',
  ],
  [
    'Gmail de',
    '---------- Forwarded message ---------\nVon: Anna Berg <anna@example.org>\nDate: Mi., 3. Feb. 2016 um 15:35 Uhr\nSubject: Order 77\nTo: <support@acme.example>',
  ],
  [
    'Gmail fr',
    '---------- Message transféré ----------\nDe : Anna Berg <anna@example.org>\nDate : 3 février 2016 à 15:35\nObjet : Order 77\nÀ : support@acme.example',
  ],
  [
    'Outlook de',
    '-----Ursprüngliche Nachricht-----\nVon: Anna Berg [mailto:anna@example.org]\nGesendet: Mittwoch, 3. Februar 2016 15:35\nAn: Support\nBetreff: Order 77',
  ],
  [
    'Outlook, no divider',
    'From: Anna Berg <anna@example.org>\nSent: Wednesday, February 3, 2016 3:35 PM\nTo: Support\nSubject: Order 77',
  ],
  [
    'Apple Mail en',
    'Begin forwarded message:\n\n> From: Anna Berg <anna@example.org>\n> Subject: Order 77\n> Date: 3 February 2016 at 15:35:12 CET\n> To: support@acme.example',
  ],
  [
    'Apple Mail de',
    'Anfang der weitergeleiteten Nachricht:\n\nVon: Anna Berg <anna@example.org>\nBetreff: Order 77\nDatum: 3. Februar 2016 um 15:35:12 MEZ\nAn: support@acme.example',
  ],
  [
    'Apple Mail fr',
    'Début du message transféré :\n\n> De: Anna Berg <anna@example.org>\n> Objet: Order 77\n> Date: 3 février 2016\n> À: support@acme.example',
  ],
  [
    'Apple Mail vi',
    'Bắt đầu thư được chuyển tiếp:\n\nTừ: Anna Berg <anna@example.org>\nChủ đề: Order 77\nNgày: 15:35, 3 tháng 2, 2016\nĐến: support@acme.example',
  ],
  [
    'Thunderbird en',
    '-------- Forwarded Message --------\nSubject: \tOrder 77\nDate: \tWed, 3 Feb 2016 15:35:12 +0100\nFrom: \tAnna Berg <anna@example.org>\nTo: \tsupport@acme.example',
  ],
  [
    'Thunderbird de',
    '-------- Weitergeleitete Nachricht --------\nBetreff: \tOrder 77\nDatum: \tWed, 3 Feb 2016 15:35:12 +0100\nVon: \tAnna Berg <anna@example.org>\nAn: \tsupport@acme.example',
  ],
  [
    'Yahoo',
    '----- Forwarded Message -----\nFrom: Anna Berg <anna@example.org>\nTo: Support <support@acme.example>\nSent: Wednesday, February 3, 2016 at 03:35:12 PM GMT+1\nSubject: Order 77',
  ],
  [
    'mailto behind',
    'From: Anna Berg <anna@example.org<mailto:anna@example.org>>\nSent: Wednesday, February 3, 2016 3:35 PM\nTo: Support\nSubject: Order 77',
  ],
  [
    'Markdown',
    '---------- Forwarded message ---------\nFrom: **Anna Berg** <[anna@example.org](mailto:anna@example.org)>\nDate: Wed, Feb 3, 2016 at 3:35 PM\nSubject: Order 77\nTo: <support@acme.example>',
  ],
  [
    'wrapped',
    '---------- Forwarded message ---------\nFrom: Anna Berg\n<anna@example.org>\nDate: Wed, Feb 3, 2016 at 3:35 PM\nSubject: Order 77\nTo: <support@acme.example>',
  ],
  [
    'Zoho',
    '============ Forwarded message ============\nFrom: Anna Berg <anna@example.org>\nTo: <support@acme.example>\nDate: Wed, 03 Feb 2016 15:35:12 +0100\nSubject: Order 77\n============ Forwarded message ============',
  ],
  ['Foxmail', '发件人： Anna Berg <anna@example.org>\n发送时间： 2016-02-03 15:35\n收件人： support\n主题： Order 77'],
  [
    '163',
    '-------- 转发邮件信息 --------\n发件人："Anna Berg" <anna@example.org>\n发送日期：2016-02-03 15:35:12\n收件人：support@acme.example\n主题：Order 77',
  ],
  [
    'Outlook ja',
    '-----Original Message-----\n差出人: Anna Berg <anna@example.org>\n送信日時: 2016年2月3日 15:35\n宛先: support\n件名: Order 77',
  ],
  [
    'Korean',
    '--------- 원본 메일 ---------\n보낸사람: "Anna Berg" <anna@example.org>\n받는사람: support@acme.example\n날짜: 2016년 2월 3일\n제목: Order 77',
  ],
]

/** Lines of mail programs and devices under a mail. */
export const SENT_FROM: readonly string[] = [
  'Sent from my iPhone',
  'Sent from Outlook for iOS',
  'Sent from Outlook Mobile<https://aka.ms/x>',
  'Get Outlook for Android<https://aka.ms/x>',
  'Sent with Proton Mail secure email.',
  'Sent from Yahoo Mail on Android',
  'Sent from Mail for Windows 10',
  'Von meinem iPhone gesendet',
  'Gesendet von Outlook für iOS',
  'Von meinem Samsung Galaxy Smartphone gesendet.',
  'Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.',
  'Envoyé de mon iPhone',
  'Envoyé depuis mon appareil mobile Samsung',
  'Provenance : Courrier pour Windows 10',
  'Télécharger Outlook pour iOS',
  'Enviado desde mi iPhone',
  'Obtener Outlook para Android',
  'Enviado do meu iPhone',
  'Inviato da iPhone',
  'Inviato da Outlook per Android',
  'Verstuurd vanaf mijn iPhone',
  'Verzonden vanuit Outlook voor iOS',
  'Wysłane z iPhone’a',
  'Wysłane z telefonu Samsung',
  'Odesláno z iPhonu',
  'Skickat från min iPhone',
  'Sendt fra min iPhone',
  'Lähetetty iPhonesta',
  'iPhone-ról küldve',
  'Trimis de pe iPhone',
  'iPhone’umdan gönderildi',
  'Отправлено с iPhone',
  'Отправлено из мобильной Почты Mail.ru',
  'Надіслано з iPhone',
  'Στάλθηκε από το iPhone μου',
  'נשלח מה-iPhone שלי',
  'أُرسلت من الـ iPhone',
  'Đã gửi từ iPhone của tôi',
  'Gửi từ iPhone của tôi',
  'iPhoneから送信',
  '发自我的iPhone',
  '從我的 iPhone 傳送',
  '나의 iPhone에서 보냄',
]

const QUOTED_HEADER =
  '<b>From:</b> Anna Berg &lt;anna@example.org&gt;<br><b>Sent:</b> Wednesday, February 3, 2016 3:35 PM<br><b>To:</b> Support<br><b>Subject:</b> Order 77'

/** HTML as mail programs send it, without a plain part: "Done, thanks." above "quoted words". */
export const HTML_REPLIES: readonly (readonly [string, string])[] = [
  [
    'Gmail',
    '<div dir="ltr">Done, thanks.</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">On Wed, Feb 3, 2016 at 3:35 PM Anna &lt;<a href="mailto:anna@example.org">anna@example.org</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div dir="ltr">quoted words</div></blockquote></div>',
  ],
  [
    'Gmail, a language nobody knows',
    '<div dir="ltr">Done, thanks.</div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">Xyzzy Anna plugh<br></div><blockquote class="gmail_quote" style="border-left:1px solid"><p>quoted words</p></blockquote></div>',
  ],
  [
    'Apple Mail',
    '<html><body>Done, thanks.<br><div><br><blockquote type="cite"><div>On Feb 3, 2016, at 15:35, Anna &lt;anna@example.org&gt; wrote:</div><br class="Apple-interchange-newline"><div>quoted words</div></blockquote></div></body></html>',
  ],
  [
    'iOS',
    '<div>Done, thanks.</div><div dir="ltr"><br><blockquote type="cite">On Feb 3, 2016, at 15:35, Anna &lt;anna@example.org&gt; wrote:<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">quoted words</div></blockquote>',
  ],
  [
    'Thunderbird',
    '<p>Done, thanks.</p><div class="moz-cite-prefix">On 2/3/16 3:35 PM, Anna wrote:<br></div><blockquote type="cite" cite="mid:x@example.org"><p>quoted words</p></blockquote>',
  ],
  [
    'Outlook on the web',
    `<div>Done, thanks.</div><div id="appendonsend"></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri">${QUOTED_HEADER}</font><div>&nbsp;</div></div><div><p>quoted words</p></div>`,
  ],
  [
    'Outlook on the web, a language nobody knows',
    '<div>Done, thanks.</div><hr tabindex="-1"><div id="divRplyFwdMsg" dir="ltr"><b>Xyzzy:</b> Anna<br><b>Plugh:</b> Bo</div><div><p>quoted words</p></div>',
  ],
  [
    'Outlook for Windows',
    `<div class="WordSection1"><p class="MsoNormal">Done, thanks.<o:p></o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p class="MsoNormal">${QUOTED_HEADER}<o:p></o:p></p></div></div><p class="MsoNormal">quoted words<o:p></o:p></p></div>`,
  ],
  [
    'Outlook for Mac',
    `<div>Done, thanks.</div><span id="OLK_SRC_BODY_SECTION"><div style="border-top: #b5c4df 1pt solid">${QUOTED_HEADER}</div><div>quoted words</div></span>`,
  ],
  [
    'Outlook on phones',
    `<div dir="ltr">Done, thanks.</div><div id="ms-outlook-mobile-signature"><a href="https://aka.ms/o0ukef">Get Outlook for iOS</a></div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg">${QUOTED_HEADER}</div>quoted words`,
  ],
  [
    'Outlook, new',
    `<div>Done, thanks.</div><div id="mail-editor-reference-message-container"><div>${QUOTED_HEADER}</div><div>quoted words</div></div>`,
  ],
  [
    'Yahoo',
    '<div class="yahoo-style-wrap"><div>Done, thanks.</div></div><div id="yahoo_quoted_123" class="yahoo_quoted"><div>On Wednesday, February 3, 2016 at 03:35:12 PM GMT+1, Anna &lt;anna@example.org&gt; wrote:</div><div>quoted words</div></div>',
  ],
  [
    'Proton',
    '<div>Done, thanks.</div><div class="protonmail_signature_block"><div>Sent with Proton Mail secure email.</div></div><div class="protonmail_quote">On Wednesday, February 3rd, 2016 at 3:35 PM, Anna &lt;anna@example.org&gt; wrote:<br><blockquote class="protonmail_quote" type="cite">quoted words</blockquote></div>',
  ],
  [
    'Tuta',
    '<div>Done, thanks.</div><div>Feb 3, 2016, 15:35 by anna@example.org:<br></div><blockquote class="tutanota_quote" style="border-left: 1px solid #93A3B8;"><div>quoted words</div></blockquote>',
  ],
  [
    'Zimbra',
    `<div>Done, thanks.</div><hr id="zwchr" data-marker="__DIVIDER__"><div data-marker="__HEADERS__">${QUOTED_HEADER}</div><div data-marker="__QUOTED_TEXT__">quoted words</div>`,
  ],
  [
    'GMX',
    '<div>Done, thanks.</div><div><div name="quote" style="margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;"><div><b>Gesendet:</b>&nbsp;Mittwoch<br><b>Von:</b>&nbsp;Anna</div><div name="quoted-content">quoted words</div></div></div>',
  ],
  [
    'mail.ru',
    '<div>Done, thanks.</div><blockquote style="border-left:1px solid #0857A6; margin:10px; padding:0 0 0 10px;">Среда, 3 февраля 2016, 15:35 +03:00 от Анна &lt;anna@example.org&gt;:<br><div>quoted words</div></blockquote>',
  ],
  [
    'Yandex',
    '<div>Done, thanks.</div><div>03.02.2016, 15:35, "Анна" &lt;anna@example.org&gt;:</div><blockquote class="210e7a848e8fcb45wmi-quote"><p>quoted words</p></blockquote>',
  ],
  [
    'QQ',
    '<div>Done, thanks.</div><div style="font-size: 12px;">------------------&nbsp;原始邮件&nbsp;------------------</div><div style="background:#efefef"><div><b>发件人:</b> "Anna" &lt;anna@example.org&gt;;</div><div><b>发送时间:</b> 2016年2月3日</div><div><b>主题:</b> x</div></div><div>quoted words</div>',
  ],
  [
    '163',
    '<div>Done, thanks.</div><br><pre>At 2016-02-03 15:35:12, "Anna" &lt;anna@example.org&gt; wrote:</pre><blockquote id="isReplyContent" style="PADDING-LEFT: 1ex; BORDER-LEFT: #ccc 1px solid">quoted words</blockquote>',
  ],
  [
    'Foxmail',
    '<div>Done, thanks.</div><blockquote style="margin-Top: 0px; margin-Bottom: 0px; margin-Left: 0.5em"><div>&nbsp;</div><div style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm"><div><b>发件人：</b> Anna &lt;anna@example.org&gt;</div><div><b>发送时间：</b> 2016-02-03</div><div><b>收件人：</b> s</div><div><b>主题：</b> x</div></div><div>quoted words</div></blockquote>',
  ],
  [
    'Lotus Notes',
    '<div>Done, thanks.</div><font size="1" color="#5f5f5f">From: </font><font size="1">Anna &lt;anna@example.org&gt;</font><br><font size="1">To: </font><font size="1">s@acme.example</font><br><font size="1">Date: </font><font size="1">03.02.2016</font><br><font size="1">Subject: </font><font size="1">x</font><br><hr><br>quoted words',
  ],
  [
    'an attribution above a plain blockquote',
    '<p>Done, thanks.</p><p>On Wed, Feb 3, 2016 at 3:35 PM Anna &lt;anna@example.org&gt; wrote:</p><blockquote><p>quoted words</p></blockquote>',
  ],
]
