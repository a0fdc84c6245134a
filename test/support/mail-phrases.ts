/** What customers write, for generated mail. `{…}` are slots that the generator fills. */

export type Language = 'en' | 'de' | 'vi' | 'ja'

export interface Phrases {
  readonly familyNames: readonly string[]
  readonly givenNames: readonly string[]
  /** Most languages put the given name first. */
  readonly familyNameFirst: boolean
  /** Domains of customers; reserved names, so that nothing can ever be sent to them (RFC 2606 2). */
  readonly domains: readonly string[]
  /** The hours that the customer's clock is ahead of UTC. */
  readonly zone: number
  readonly subjects: readonly string[]
  readonly greetings: readonly string[]
  readonly sentences: readonly string[]
  readonly closings: readonly string[]
  readonly products: readonly string[]
  readonly wrote: string
  /** What stands between two sentences. */
  readonly space: string
}

export const PHRASES: Readonly<Record<Language, Phrases>> = {
  en: {
    familyNames:
      'Abbott Barnes Carter Dawson Ellis Fleming Grant Hughes Irwin Jarvis Kerr Lowe Morgan Nash Osborne Price Quinn Reid Shaw Turner'.split(
        ' ',
      ),
    givenNames:
      'Alice Ben Chloe Daniel Emma Frank Grace Henry Isla Jack Kate Liam Mia Noah Olivia Paul Ruby Sam Tess Will'.split(
        ' ',
      ),
    familyNameFirst: false,
    domains: [
      'mail.example',
      'brightside-books.example',
      'northwind.example',
      'harbour-hotels.example',
      'smith-and-co.example',
      'gardens.example.org',
    ],
    zone: 0,
    subjects: [
      'Order {order} has not arrived',
      'Question about invoice {invoice}',
      'Refund for order {order}',
      'Wrong size delivered: {product}',
      'Please change my delivery address',
      'Can I still cancel order {order}?',
      '{product}: missing parts',
      'Quote for {count} pieces of {product}',
      'Login does not work since {day}',
      'Warranty claim {order}',
    ],
    greetings: ['Hello,', 'Hi there,', 'Dear support team,', 'Good morning,'],
    sentences: [
      'I ordered {count} pieces of {product} on {day} and the tracking page still says "label created".',
      'The order number is {order}, and the confirmation went to this address.',
      'My card was charged {amount} EUR twice, once on {day} and again two days later.',
      'Could you check with the carrier where the parcel is?',
      'The box was open on one side and the {product} inside has a scratch along the frame.',
      'I have attached what the courier left, in case that helps.',
      'According to invoice {invoice} the discount of {count} percent was not applied.',
      'We would need the corrected document before the end of the month for our accounting department.',
      'Our purchasing system rejects the VAT number printed on page two.',
      'I tried the link from your last message in two browsers and both show an empty page.',
      'Resetting the password works, but afterwards I land on the sign-in form again.',
      'If the {product} is out of stock, please send the remaining items and refund the rest.',
      'The new address is {count} Mill Lane, and the doorbell says "Workshop".',
      'We are planning an event in {city} and would like {count} more by {day}.',
      'Nobody answered the telephone this morning, so I am writing instead.',
      'The manual mentions a second cable that I cannot find anywhere in the package.',
      'Is it possible to exchange it for the larger model and pay the difference of {amount} EUR?',
      'Last year a colleague of yours solved the same thing within an hour, which was great.',
      'Please do not send a voucher, I would prefer the money back on the same card.',
      'The firmware shown in the menu is {count}.{count}.1, and the update fails at {count} percent.',
      'I will be travelling from {day} on and can only be reached by email.',
      'Thank you for the quick answer, that part is clear now.',
      'One more thing: the newsletter still comes to my old address although I unsubscribed.',
      'The driver rang at a neighbour in {city} who has since moved away.',
    ],
    closings: ['Kind regards', 'Thanks in advance', 'Best wishes', 'Cheers'],
    products: [
      'desk lamp "Luna"',
      'walnut shelf',
      'espresso grinder',
      'office chair Model 4',
      'wool blanket',
      'USB-C dock',
      'oak side table',
      'rain jacket',
    ],
    wrote: 'On {day}, support wrote:',
    space: ' ',
  },
  de: {
    familyNames: 'Müller Schäfer Weiß Krüger Jäger Köhler Groß Böhm Vogt Lang Schröder Kühn Busch Horn Pohl'.split(' '),
    givenNames: 'Anja Björn Clara Dieter Eva Florian Grete Heiko Ilse Jörg Käthe Lukas Maren Nils Ursula'.split(' '),
    familyNameFirst: false,
    domains: ['post.example', 'tischlerei-krueger.example', 'praxis-am-markt.example', 'baeckerei-vogt.example'],
    zone: 1,
    subjects: [
      'Rückfrage zu Bestellung {order}',
      'Rechnung {invoice} fehlt die Umsatzsteuer-ID',
      'Lieferung beschädigt: {product}',
      'Widerruf der Bestellung {order}',
      'Passwort zurücksetzen funktioniert nicht',
      'Größe passt nicht – Umtausch möglich?',
    ],
    greetings: ['Guten Tag,', 'Sehr geehrte Damen und Herren,', 'Hallo zusammen,', 'Liebes Support-Team,'],
    sentences: [
      'am {day} habe ich {count} Stück {product} bestellt, bisher ist leider nichts angekommen.',
      'Die Bestellnummer lautet {order}, bezahlt wurde per Überweisung.',
      'Auf der Rechnung {invoice} fehlt unsere Umsatzsteuer-Identifikationsnummer.',
      'Bitte schicken Sie uns eine korrigierte Fassung, die Buchhaltung nimmt die alte nicht an.',
      'Der Karton war aufgerissen, und am Gehäuse ist eine tiefe Schramme zu sehen.',
      'Ich möchte von meinem Widerrufsrecht Gebrauch machen und bitte um Rückerstattung von {amount} Euro.',
      'Können Sie beim Paketdienst nachfragen, wo die Sendung geblieben ist?',
      'Laut Sendungsverfolgung liegt sie seit {count} Tagen im Verteilzentrum {city}.',
      'Gestern hat der Fahrer geklingelt, war aber schon weg, als ich die Tür öffnete.',
      'Falls das Modell nicht mehr lieferbar ist, nehme ich auch die größere Ausführung.',
      'Nach dem Zurücksetzen des Passworts erscheint immer wieder die Anmeldeseite.',
      'Die Anleitung erwähnt ein zweites Kabel, das in der Verpackung nicht zu finden war.',
      'Für unsere Räume in {city} benötigen wir noch {count} weitere Exemplare.',
      'Über eine kurze Rückmeldung bis {day} würde ich mich sehr freuen.',
      'Ihre Kollegin hatte mir am Telefon zugesagt, dass die Gutschrift unterwegs sei.',
      'Vielen Dank für die schnelle Antwort, das hat sich damit geklärt.',
    ],
    closings: ['Mit freundlichen Grüßen', 'Viele Grüße', 'Beste Grüße', 'Freundliche Grüße aus {city}'],
    products: ['Schreibtischleuchte „Luna“', 'Nussbaumregal', 'Kaffeemühle', 'Bürostuhl Modell 4', 'Wolldecke'],
    wrote: 'Am {day} schrieb der Support:',
    space: ' ',
  },
  vi: {
    familyNames: 'Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ'.split(' '),
    givenNames: 'An Bình Châu Dũng Giang Hương Khánh Linh Minh Ngọc Phương Quân Thảo Tuấn Yến'.split(' '),
    familyNameFirst: true,
    domains: ['thu.example', 'cong-ty-an-phat.example', 'sach-hay.example'],
    zone: 7,
    subjects: [
      'Đơn hàng {order} chưa nhận được',
      'Xin xuất lại hóa đơn {invoice}',
      'Yêu cầu hoàn tiền đơn {order}',
      'Sản phẩm bị lỗi: {product}',
      'Đổi địa chỉ giao hàng',
      'Hỏi giá {count} chiếc {product}',
    ],
    greetings: ['Kính gửi bộ phận hỗ trợ,', 'Chào anh chị,', 'Xin chào,'],
    sentences: [
      'Tôi đã đặt {count} chiếc {product} ngày {day} nhưng đến nay vẫn chưa nhận được hàng.',
      'Mã đơn hàng là {order}, tôi đã thanh toán bằng thẻ.',
      'Nhờ anh chị kiểm tra giúp với đơn vị vận chuyển xem gói hàng đang ở đâu.',
      'Trên hóa đơn {invoice} tên công ty bị ghi sai, mong anh chị xuất lại.',
      'Khi mở hộp tôi thấy mặt bên bị trầy và thiếu một sợi dây cáp.',
      'Tôi muốn được hoàn lại số tiền {amount} euro vào đúng thẻ đã dùng.',
      'Địa chỉ mới của tôi ở {city}, trước cổng có bảng hiệu màu xanh.',
      'Tôi đã thử đặt lại mật khẩu nhiều lần nhưng vẫn không đăng nhập được.',
      'Nếu hết hàng thì tôi đồng ý đổi sang mẫu lớn hơn và trả thêm phần chênh lệch.',
      'Sáng nay tôi gọi điện thoại nhưng không có ai nghe máy.',
      'Công ty chúng tôi cần thêm {count} chiếc trước ngày {day}.',
      'Rất mong nhận được phản hồi sớm của anh chị.',
      'Cảm ơn anh chị đã trả lời nhanh, phần đó tôi đã hiểu.',
    ],
    closings: ['Trân trọng', 'Xin cảm ơn', 'Thân mến'],
    products: ['đèn bàn "Luna"', 'kệ gỗ óc chó', 'máy xay cà phê', 'ghế văn phòng', 'chăn len'],
    wrote: 'Vào ngày {day}, bộ phận hỗ trợ đã viết:',
    space: ' ',
  },
  ja: {
    familyNames: '佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤'.split(' '),
    givenNames: '陽菜 蓮 葵 大和 結衣 翔太 美咲 健一 さくら 悠真'.split(' '),
    familyNameFirst: true,
    domains: ['yubin.example', 'yamamoto-shoten.example'],
    zone: 9,
    subjects: [
      '注文 {order} がまだ届きません',
      '請求書 {invoice} の再発行のお願い',
      '返金について（注文番号 {order}）',
      '{product}の不具合について',
      'お届け先の変更をお願いします',
    ],
    greetings: ['サポートご担当者様', 'お世話になっております。', 'はじめまして。'],
    sentences: [
      '{day}に{product}を{count}点注文しましたが、まだ商品が届いておりません。',
      '注文番号は{order}です。お支払いはカードで済ませております。',
      '配送会社にお荷物の状況を確認していただけますでしょうか。',
      '請求書{invoice}の宛名が間違っておりますので、再発行をお願いいたします。',
      '箱を開けたところ、側面に傷があり、ケーブルが一本不足していました。',
      '同じカードへ{amount}ユーロを返金していただきたく存じます。',
      '新しい住所は{city}です。表札には「工房」と書いてあります。',
      'パスワードを再設定しても、ログイン画面に戻ってしまいます。',
      '在庫がない場合は、大きいサイズへの交換でも構いません。',
      '今朝お電話しましたが、どなたもお出になりませんでした。',
      'お忙しいところ恐れ入りますが、{day}までにご返信いただけますと幸いです。',
      '早速のご返信ありがとうございました。その件は解決しました。',
    ],
    closings: ['よろしくお願いいたします。', '何卒よろしくお願い申し上げます。'],
    products: ['デスクライト「ルナ」', 'ウォールナットの棚', 'コーヒーミル', 'オフィスチェア', 'ウールの毛布'],
    wrote: '{day} サポート:',
    space: '',
  },
}

export const CITIES: readonly string[] = [
  'Bristol',
  'Hamburg',
  'Đà Nẵng',
  '大阪',
  'Köln',
  'Leeds',
  'Huế',
  'Wien',
  'Cork',
  'Nagoya',
]
