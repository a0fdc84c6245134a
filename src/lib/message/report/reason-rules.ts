import type {BounceReason} from '../message.ts'

/** A reason, and the words that servers give for it. */
type ReasonRule = readonly [reason: BounceReason, says: RegExp]

/**
 * What servers say, from the most telling to the vaguest: the first rule that matches decides. Words come before codes,
 * since many servers answer 550 5.1.1 or 5.7.1 to everything. They are matched in lower case, on one line, without the
 * codes of continued replies. Each line names the programs and services whose source, documentation or published list
 * of replies has the words. No repetition is without a bound, so time is linear in the text.
 */
export const REASON_RULES: readonly ReasonRule[] = [
  // RFC 7505 4.1 (null MX) and RFC 7504: before all others, since the texts name domains and users as well.
  [
    'not-accepting',
    /null ?mx|(?:host|domain|server|site)[^.;]{0,60}(?:does not|doesn't|not) accept(?:ing)? (?:any )?e?-?mail/,
  ],
  [
    'not-accepting',
    /not accepting (?:any )?e?-?mail at this (?:host|domain)|smtp (?:service )?(?:is )?disabled (?:at|on) this host/,
  ],

  // Exim, dnslookup router: a null MX.
  ['not-accepting', /an mx or srv record indicated no smtp service/],

  // Microsoft, "Non-delivery reports in Exchange Online": an address that is wrong, behind words that sound like policy.
  ['user-unknown', /5\.4\.1 \[?(?:[^\]]{0,80}\] )?(?:<[^>]{0,250}>:? )?recipient address rejected: access denied/],
  ['user-unknown', /resolver\.adr\.|recip(?:ient)?notfound|not found by smtp address lookup/],
  ['message-too-large', /resolver\.rst\.(?:send|recip)sizelimit/],
  ['filtered', /resolver\.rst\.(?:notauth|authrequired|restricted|senderrestricted)|restricttodistributiongroup/],

  // RFC 5321 3.4 (251, 551), RFC 3463 X.1.6. Courier, Exchange, university relays.
  [
    'moved',
    /(?:has|have) (?:been )?moved(?! permanently to spam)|user not local; please try|address (?:has been|has|was) (?:changed|replaced)/,
  ],
  [
    'moved',
    /mailbox[^.;]{0,20} moved|(?:his|her|the|their) new (?:e-?mail )?address is|please (?:use|update)[^.;]{0,20} new address|has been replaced by/,
  ],

  // A quota of sending, not of the mailbox.
  ['rate-limited', /(?:daily|hourly|sending|relay|outgoing)[^.;]{0,20} quota/],

  // RFC 3463 X.2.2. Dovecot and Cyrus quota, Exim, Postfix virtual(8), vpopmail, Exchange, Gmail, Yahoo, Domino, KDDI.
  [
    'mailbox-full',
    /\bover ?quota\b|quota (?:is |has been |would be )?(?:exceeded|full|violat|reached|exhausted)|mailbox ?(?:is )?full/,
  ],
  [
    'mailbox-full',
    /(?:exceed(?:s|ed|ing)?|over|beyond|out of|reached)[^.;]{0,40} (?:disk |mail |storage |mailbox |e-?mail )?quota\b/,
  ],
  [
    'mailbox-full',
    /(?:mail ?box|mail ?folder|inbox|maildir|mail ?spool|account|recipient|user)[^.;]{0,40}(?:\bis full|\bare full|too full|over (?:its|the|quota|size)|over(?:drawn)?quota)/,
  ],
  [
    'mailbox-full',
    /(?:mail ?box|maildir|inbox|mail directory|user|recipient|account)[^.;]{0,40}(?:exceed|reached)[^.;]{0,50}(?:size|limit|space|storage|capacity|quota|allowed)/,
  ],
  [
    'mailbox-full',
    /exceed[^.;]{0,40}(?:storage|mailbox size|mailbox limit|space limit|disk space|mailbox maximum)|full mailbox|mailbox (?:size )?limit|storage (?:is full|exceeded)/,
  ],
  [
    'mailbox-full',
    /(?:insufficient|not enough|no|out of)[^.;]{0,20} (?:storage|space|room)\b[^.;]{0,30}(?:mail ?box|user|recipient|account|inbox)|out of storage|not enough storage space/,
  ],
  [
    'mailbox-full',
    /too many messages (?:in|on) (?:this|the) (?:mail ?box|account)|too much mail data|mail quota|mailbox for [^;]{0,100} is full|delivery (?:would|will) exceed/,
  ],
  [
    'mailbox-full',
    /bo[iî]te[^.;]{0,40}pleine|postfach[^.;]{0,30}\bvoll\b|buz[oó]n[^.;]{0,30}lleno|casella[^.;]{0,30}piena|caixa[^.;]{0,30}cheia|переполнен|容量[^。]{0,20}超|いっぱい/,
  ],

  // qmail-send, before what is too long in another sense.
  ['expired', /in (?:the )?queue too long/],

  // RFC 1870 6 (552), RFC 3463 X.2.3 and X.3.4.
  [
    'message-too-large',
    /(?:message|mail|body|attachment|data|e-mail)(?: size| length)?[^.;]{0,30} (?:is )?(?:too (?:big|large|long)|exceeds?|exceeded|larger than|over (?:the )?(?:maximum|size|limit))/,
  ],
  [
    'message-too-large',
    /(?:message|mail|maximum|fixed|body|attachment|administrative|maximale?) (?:message )?(?:size|length)[^.;]{0,20}(?:limit|exceed|of|for)|size limit|too big for|maxmessagesize/,
  ],

  // RFC 3463 X.4.5, X.5.3, registry X.7.28. Yahoo TSS, Gmail "unusual rate", Exchange, GoDaddy, Postfix anvil(8).
  [
    'rate-limited',
    /too many (?:smtp |concurrent |simultaneous |open |unauthenticated )?(?:connections?|sessions|recipients|messages|e?-?mails|errors|invalid|bad commands)/,
  ],
  [
    'rate-limited',
    /rate[ -]?limit|sending (?:rate|limit|quota)|unusual(?:ly)? (?:rate|high)|throttl|too (?:fast|frequently|quickly|often)|connection (?:rate|frequency)|(?:hourly|daily)[^.;]{0,30}(?:limit|quota|exceed)/,
  ],
  [
    'rate-limited',
    /exceed(?:s|ed|ing)?[^.;]{0,40}(?:connections?|sessions|messages|recipients|concurrency|rate|e?-?mails per)|(?:maximum|max|limit)[^.;]{0,30}(?:connections|per (?:hour|minute|day|session|connection))/,
  ],
  [
    'rate-limited',
    /deferred due to (?:user complaints|unexpected volume|excessive)|receiving mail (?:at a rate|too)|please slow down|\btss0[0-9]\b|sent to too many/,
  ],

  // Google Groups names DMARC among the things to mend.
  ['spam', /(?:rejected|blocked|refused) (?:due to|as|because of) (?:suspected )?(?:spam|unsolicited)/],

  // RFC 7372, RFC 7489 and their names. Gmail 5.7.26, Microsoft 5.7.509 and 5.7.515, Yahoo 5.7.9, Apple, Zoho.
  [
    'authentication',
    /\bdmarc\b|\bspf\b|\bdkim\b|sender policy framework|unauthenticated (?:e-?mail|message)|(?:multiple|email|sender) authentication (?:checks? )?(?:fail|required)/,
  ],
  [
    'authentication',
    /(?:does not|doesn't|do not|did not|fails? to|must) (?:have|pass)[^.;]{0,30}authentication|not authenticated (?:mail|message|e-mail)|domainkeys?|sender ?id (?:check|fail|test)|authentication-results/,
  ],

  // RFC 3463 X.7.1. Postfix, Sendmail, Exim, qmail (rcpthosts), Exchange, Domino, MDaemon, IMail.
  [
    'relay-denied',
    /relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed|authorized)|prohibited|disallowed|blocked|restrict|refused)|relay (?:operation|mail|not)|(?:unable|refuse[ds]?|cannot|not (?:permitted|allowed|authorized)|unauthori[sz]ed|no|not|denied|open|insecure)(?: to| mail| third-party)* relay/,
  ],
  [
    'relay-denied',
    /list of allowed rcpthosts|not an open relay|pop before smtp|check (?:your )?mail before sending|(?:non-?local|not a local) (?:recipient|domain)|we (?:do not|don't) relay|is currently not permitted to relay|you must authenticate/,
  ],

  // RFC 3463 X.7.0, registry X.7.17. Amavis, ClamAV, Sophos, Trend Micro.
  ['virus', /\bvirus(?:es)?\b|malware|\binfected\b|trojan|\bclamav|phishing|worm\b/],

  // Bare words of senders' lists before those of spam: the list is why, not this mail (RFC 5782).
  [
    'blocked',
    /spamhaus|spamcop|barracuda(?:central|networks)|\bsorbs\b|uceprotect|abuseat|\brbl\b|\bdnsbl\b|\bcdrbl\b|cloudmark|senderscore|proofpoint\.com|ipcheck/,
  ],
  [
    'blocked',
    /black[- ]?list|block[- ]?list|block ?lista|deny ?list|(?:bad|poor|low|ip|sender|network|domain'?s?|its) reputation|reputation (?:of|is)|part of their network/,
  ],
  // Reverse DNS: Gmail, AOL, Comcast, T-Online, Postfix reject_unknown_client_hostname, Exim, Outlook.com.
  [
    'blocked',
    /\bptr\b|reverse (?:dns|lookup|hostname|host ?name|address)|\brdns\b|no reverse|cannot find your (?:reverse )?host ?name|hostname[^.;]{0,40}(?:does not|doesn't|not) (?:match|resolve)|mismatch(?:es)? client ip|forward confirm/,
  ],
  [
    'blocked',
    /client host(?: name)? (?:\[[^\]]{0,50}\] )?(?:rejected|blocked|denied)|\b(?:helo|ehlo)\b[^.;]{0,40}(?:reject|invalid|denied|block|resolve)|(?:bad|invalid|rejected) (?:helo|ehlo)/,
  ],
  [
    'blocked',
    /(?:your|this|the|sending|source|client|sender's|connecting|remote) (?:ip|ip address|server|host|network|mail server|mta|message server|system)\b[^;]{0,60}(?:block|reject|banned|denied|not allowed|listed|refused|dynamic|prohibited|has been|is not|not authorized)/,
  ],
  [
    'blocked',
    /(?:mail|messages?|e-?mails?|connections?) (?:received )?(?:from|by) (?:your |this |the )?(?:\[?\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\]?|ip\b|ip address|host\b|server\b|network\b)[^;]{0,60}(?:weren't|not|block|refus|reject|denied|temporarily|deferred)/,
  ],
  [
    'blocked',
    /\bip\b[^.;]{0,40}(?:block|reject|banned|listed|reputation|denied)|blocked using|(?:is|been) (?:temporarily |currently )?(?:blocked|banned|blacklisted) (?:by|due|for|because|from|at|until)|dynamic(?:ally)? (?:assigned )?(?:ip|host|address)/,
  ],
  [
    'blocked',
    /refused to talk to me|\bsc-00\d|s31[45]0\b|not allowed to connect|connection (?:refused|rejected|denied|dropped) (?:due|by (?:policy|tariff|your))|go away|access (?:is )?denied[^.;]{0,30}(?:from ip|host|ip)|bad sender ip|generic hostname/,
  ],

  // Content classifiers: SpamAssassin, Barracuda, Gmail, Exchange 5.7.1xx, Cloudmark.
  [
    'protocol',
    /rfc ?-?[2-6]\d{3}|not rfc|rfc[- ]?compliant|multiple addresses in from|bare (?:lf|cr|linefeed|line feed)s?|single[^.;]{0,10}header/,
  ],
  [
    'spam',
    /\bspam|\bube\b|\bjunk ?mail|junk\b|unsolicited|\bbulk (?:e-?)?mail|(?:message|content|mail) (?:looks|appears) (?:like|to be)/,
  ],

  // The address at a server that knows its users. RFC 3463 X.2.1: Gmail, Yahoo, mail.ru, i.ua, Microsoft, La Poste, free.fr.
  [
    'suspended',
    /(?:account|mail ?box|user|recipient|address|e-?mail|domain)[^.;]{0,60}(?:suspended|disabled|inactive|deactivated|\bfrozen|been closed|is closed|terminated|discontinued|is (?:temporarily )?(?:locked|blocked)|has been (?:locked|blocked)|not active\b|not activated|over due)/,
  ],
  [
    'suspended',
    /(?:suspended|disabled|inactive|deactivated|locked|dormant|closed|frozen|not active|unverified|expired) (?:user|account|mail ?box|recipient|address|e-?mail)|extended inactivity|est bloqu[eé]|temporarily disabled|invalid\/inactive user|account expired|deaktiviert|отключен|заблокирован/,
  ],

  // The sender is refused, not the recipient: RFC 3463 X.1.7, X.1.8. Before hosts and users, whose words are the same.
  [
    'policy',
    /sender (?:address |domain |e-?mail |verify |callout |mailbox )?(?:is )?(?:<?\S{1,100} )?(?:rejected|refused|denied|fail|unknown|invalid|verif|not |does not|doesn't|blocked|must|unroutable)/,
  ],
  [
    'policy',
    /(?:unrouteable|unroutable|invalid|bad|unknown|unresolvable|illegal|empty|null|forged|spoofed|rejected|unacceptable|not (?:a )?valid) (?:envelope )?(?:senders?|return[- ]?path|reverse[- ]?path|originator|from)\b/,
  ],
  [
    'policy',
    /domain of sender|sender's (?:address|domain|mail|system|host)|(?:mail from|from:? address|from domain|return[ -]path)[^.;]{0,50}(?:reject|not |denied|invalid|does not|must)|backscatter|not (?:authorized|allowed|permitted) to send (?:from|as|mail from)/,
  ],

  // RFC 3463 X.1.2, X.4.4. Before users, since "host … not found" names addresses too. Postfix, Sendmail, Exim, qmail, Courier.
  [
    'host-unknown',
    /host or domain name not found|name service error|host (?:is )?unknown|unknown host|host not found|no such (?:host|domain|site)|couldn't find any host (?:named|by that name)|nxdomain/,
  ],
  [
    'host-unknown',
    /(?:unknown|invalid|non-?existent|unrouteable|unroutable|unresolvable|illegal|bad|wrong) (?:mail |e-?mail |destination |recipient |host\/|recipient's )?(?:host|domain)(?! of sender)/,
  ],
  [
    'host-unknown',
    /(?:domain|host)(?: name)?\b[^.;@]{0,60}(?:not (?:be )?(?:found|exist|resolved|registered)|(?:does not|doesn't|couldn't) (?:exist|resolve|be found)|isn't (?:found|valid)|unresolv|is unknown|was not found)(?![^;]{0,40}sender)/,
  ],
  [
    'host-unknown',
    /(?:no|missing|without|invalid|cannot find|find) (?:an? )?(?:valid )?mx\b|mx records? (?:point|pointing)[^.;]{0,20}(?:non-existent|local)|all relevant mx records|lowest numbered mx|address (?:couldn't be found|was not found) at the destination domain$|dns domain [^;]{0,100} does not exist/,
  ],

  // Google Groups says the same for a group that is not there and for one that takes no mail of this sender.
  ['policy', /group you tried to (?:contact|reach)|group[^.;]{0,80}may not exist|permission to post/],
  // Cisco, "Recipient Access Table" of the Email Security Appliance.
  ['user-unknown', /#5\.1\.0 address rejected/],

  // procmail and local(8): the machine does not know its own user, or cannot write for him.
  ['system-error', /procmail: |couldn't create "/],

  // The address is wrong: RFC 3463 X.1.1, X.1.3. Sendmail, Postfix, qmail, Exim and nearly everybody.
  [
    'user-unknown',
    /user unknown|unknown user|(?:no|not) such (?:mail ?box|user|recipient|address|account|person|alias|name|local|e-?mail|customer|mail drop|subscriber|here)|unknown (?:or illegal|in (?:virtual|local|relay))/,
  ],
  [
    'user-unknown',
    /(?:unknown|invalid|non-?existent|nonexistent|unrecognized|unrouteable|unroutable|undeliverable|bad|illegal|incorrect|wrong|not a valid|not valid|not a known|not an? existing|inexistant|unavailable) (?:or (?:invalid|illegal|disabled) )?(?:local |e-?mail |mail |final |rcpt |remote |virtual |forward-path |destination |existing |username |envelope )?(?:user|recipient|mail ?box|address|account|alias|local[- ]part|email|rcpt|addressee|name|delivery address|customer|id)\b/,
  ],
  [
    'user-unknown',
    /(?:user|recipient|mail ?box|account|address(?:ee)?|alias|e-?mail|name|local part|rcpt|person)\b[^.;]{0,100}(?:\bunknown|not (?:be )?(?:found|known|recogni[sz]ed|valid|listed|local|registered|present|available here|exist)|(?:doesn't|does not|do not|don't|did not|didn't|not) (?:have|exist|appear|match)|wasn't found|couldn't be found|is invalid|invalid\b|no longer (?:valid|exist|available|with|in use|works?|employed|here|active|used|on)|been (?:delet|remov|cancel)|incorrect|isn't (?:known|a |valid)|is not (?:a |known|valid|listed))/,
  ],
  [
    'user-unknown',
    /(?:doesn't|does not|don't) have (?:an?|any)? ?(?:such )?(?:account|mailbox|user|\w{1,20} account)|(?:no|without) (?:valid )?(?:mail ?box|account|user|recipient|alias)s? (?:here|by|found|with|exist|at|for|of|named|in this)|(?:sorry, )?no mailbox here|not our customer|no users? here/,
  ],
  [
    'user-unknown',
    /there is no (?:one|such|user|account|mailbox)|all recipients (?:were |are )?(?:invalid|rejected)|not listed in (?:domino|the|public)|is possibly incorrect|no valid (?:recipient|rcpt)|unable to (?:find|verify|validate) (?:the )?(?:recipient|user|address)|(?:recipient|rcpt|address)[^.;]{0,40}(?:verification|verify)[^.;]{0,10}fail|ldap lookup|cannot find (?:the )?(?:user|recipient|mailbox)|(?:does not|doesn't) exist/,
  ],
  [
    'user-unknown',
    /unbekannt|nicht (?:gefunden|bekannt|vorhanden)|existiert nicht|inconnu|n'existe pas|desconocid|no existe|sconosciut|inesistente|desconhecid|inexistente|n[aã]o existe|не (?:найден|существует)|несуществующ|нет такого|見つかり|存在し|不明|不存在|无此/,
  ],

  // What the recipient, or a carrier for him, lets not through (RFC 3463 X.2.1, X.7.2): the address exists.
  [
    'filtered',
    /(?:mail ?box|recipient|user) (?:name )?(?:is )?(?:temporarily |currently )?unavailable|requested action not taken|badrcptto|because the recipient (?:is not|isn't|does not|doesn't|has)|recipient (?:has )?(?:rejected|refused|declined|blocked)/,
  ],
  [
    'filtered',
    /(?:rejected|refused|blocked|denied|restricted) by (?:the |its )?(?:recipient|user|mailbox|addressee|owner)|(?:only accepts?|does not accept|doesn't accept|not accept(?:ing)?|cannot receive|can't receive)[^.;]{0,40}(?:mail|messages)|not accepting messages/,
  ],
  [
    'filtered',
    /(?:not permitted|not allowed|not authorized|no permission|permission) to (?:send|post|e-?mail|write|deliver)[^.;]{0,20}(?:to|for|message|group)?\b|delivery not authorized|moderat|white ?list|challenge|due to (?:recipient|user) (?:policy|preference|setting)|mailbox restrict|message filtered|user refus/,
  ],

  // RFC 3463 X.4.7, RFC 5321 4.5.4.1: the queue gave up.
  [
    'expired',
    /(?:delivery|queue|retry|retries|message)[^.;]{0,40}(?:time|timed|retry|period|lifetime|queue)[^.;]{0,30}(?:expired|exceeded|out\b|timeout)|in (?:the )?queue too long|too long in (?:the )?queue|been in (?:the )?queue|retry time(?:out)?|message expired/,
  ],
  [
    'expired',
    /(?:cannot|could not|can't|unable to) (?:send|deliver)[^.;]{0,30}(?:for|within|in|after)(?: the)?(?: last| past)? \d{1,8} (?:day|hour|minute|second)|for the last \d{1,8} seconds|all hosts[^.;]{0,60}have been failing|failed \d{1,3} (?:attempts|times)|expired|after \d{1,4} (?:day|hour|attempt|tries|retries)/,
  ],

  // Programs that deliver: sysexits(3), Sendmail, Postfix pipe(8) and local(8), Exim pipe transport, procmail.
  [
    'system-error',
    /mailer error|unknown mailer|local delivery failed|(?:child|local|pipe|command|program|transport|procmail|deliver|process|agent|script)\b[^;]{0,80}(?:exit|status|signal|returned|died|failed|error|output)|exited? (?:with )?(?:status|code)|service unavailable: (?:local|mailer)|can(?:'t|not) (?:open|create|write|lock|append|execute)|pipe to \|/,
  ],

  // RFC 3463 X.4.1, X.4.2, X.4.6.
  [
    'network-error',
    /tls (?:negotiation|handshake|connection)|starttls (?:fail|is)|(?:not|n't) support (?:starttls|tls)|timed? ?out|connection (?:refused|reset|lost|closed|dropped|fail|error|was|could|unexpected|broke)|network (?:is )?(?:error|unreachable|problem|down)|no route to host/,
  ],
  [
    'network-error',
    /(?:could not|couldn't|cannot|can't|unable to|wasn't able to|not able to|failed to|fail to)[^.;]{0,40}(?:connect|establish|contact|reach|open)|lost connection|host (?:is )?(?:unreachable|down)|not respond|unreachable|no (?:answer|response) from|broken pipe|socket|connect to [^;]{0,120}(?:failed|refused)|mail ?(?:loop|routing)|loops? back|hop count|too many hops|lookup fail|dns (?:error|fail|server|query|lookup)/,
  ],

  // What mail looks like, not what it says: RFC 3463 X.5, X.6. SMTP errors of RFC 5321 4.3.2.
  [
    'protocol',
    /protocol (?:error|violation)|syntax error|bad sequence|command (?:not|unrecognized|unknown|rejected)|unrecognized command|malformed|(?:missing|invalid|duplicate|illegal) (?:\S{1,30} )?headers?|smtputf8|8bitmime|improper|unable to parse|may not follow|not a valid rfc/,
  ],
  [
    'content',
    /(?:attachment|file ?type|extension|content|header|subject|url|link)s?\b[^.;]{0,50}(?:reject|not allowed|denied|block|forbidden|refus|not accept|violat|suspicious|prohibit|unacceptable|banned|not permitted)|(?:illegal|banned|prohibited|forbidden|suspicious|dangerous|denied|unacceptable|disallowed) (?:attachment|content|file|url)|content (?:filter|reject|policy)|message content/,
  ],
  [
    'policy',
    /polic(?:y|ies)|prohibit|access (?:is )?denied|permission denied|not (?:permitted|authori[sz]ed|allowed|accepted)|forbidden|security|restrict|unauthori[sz]ed|unauthenticated|must issue a starttls|(?:tls|encryption|authentication|certificate)[^.;]{0,20}(?:required|fail)|spoof|identity|not verified/,
  ],
  [
    'policy',
    /(?:message|mail|e-mail|transaction|recipient|delivery|you are|was|been|is) (?:was |has been |is )?(?:rejected|refused|denied|blocked|bounced)|(?:blocked|refused|rejected|denied) (?:by|because|due|for)|reject(?:ed)?$/,
  ],

  [
    'system-error',
    /internal (?:server |system |software )?error|system (?:error|config|failure|resources|problem|is|not|storage)|local (?:error|configuration|processing)|(?:server|service|temporar(?:y|ily))[^.;]{0,20} (?:error|unavailable|failure|problem|busy|not available|deferred)|(?:insufficient|not enough|out of) (?:system|disk|server)|disk (?:is )?full|i\/o error|configuration error|file system|upstream error|resources temporarily|no space left/,
  ],
  ['network-error', /deferred|routing|communication/],
]

/**
 * What the enhanced status code alone says: RFC 3463 3, and the registry of RFC 5248 (RFC 7372 for x.7.20-26, RFC 7505
 * for x.1.10). Codes of class 4 mean the same for the moment.
 */
export const REASON_OF_STATUS: Readonly<Record<string, BounceReason>> = {
  '1.0': 'user-unknown',
  '1.1': 'user-unknown',
  '1.2': 'host-unknown',
  '1.3': 'user-unknown',
  '1.4': 'filtered',
  '1.6': 'moved',
  '1.7': 'policy',
  '1.8': 'policy',
  '1.9': 'relay-denied',
  '1.10': 'not-accepting',
  '2.0': 'filtered',
  '2.1': 'suspended',
  '2.2': 'mailbox-full',
  '2.3': 'message-too-large',
  '2.4': 'filtered',
  '3.0': 'system-error',
  '3.1': 'system-error',
  '3.2': 'not-accepting',
  '3.3': 'system-error',
  '3.4': 'message-too-large',
  '3.5': 'system-error',
  '4.0': 'network-error',
  '4.1': 'network-error',
  '4.2': 'network-error',
  '4.3': 'system-error',
  '4.4': 'host-unknown',
  '4.5': 'rate-limited',
  '4.6': 'network-error',
  '4.7': 'expired',
  '5.0': 'protocol',
  '5.1': 'protocol',
  '5.2': 'protocol',
  '5.3': 'rate-limited',
  '5.4': 'protocol',
  '5.5': 'protocol',
  '5.6': 'protocol',
  '6.0': 'content',
  '6.1': 'content',
  '6.2': 'content',
  '6.3': 'content',
  '6.5': 'content',
  '6.6': 'content',
  '6.7': 'protocol',
  '6.9': 'protocol',
  '7.0': 'policy',
  '7.1': 'policy',
  '7.2': 'filtered',
  '7.3': 'policy',
  '7.4': 'policy',
  '7.5': 'policy',
  '7.7': 'content',
  '7.8': 'policy',
  '7.9': 'authentication',
  '7.13': 'suspended',
  '7.17': 'user-unknown',
  '7.20': 'authentication',
  '7.21': 'authentication',
  '7.22': 'authentication',
  '7.23': 'authentication',
  '7.24': 'authentication',
  '7.25': 'blocked',
  '7.26': 'authentication',
  '7.27': 'not-accepting',
  '7.28': 'rate-limited',
}

/** What the reply code alone says (RFC 5321 4.2.3); 550 and 554 say nothing, they are used for everything. */
export const REASON_OF_REPLY: Readonly<Record<string, BounceReason>> = {
  '421': 'rate-limited',
  '422': 'mailbox-full',
  '450': 'filtered',
  '451': 'system-error',
  '452': 'mailbox-full',
  '455': 'protocol',
  '500': 'protocol',
  '501': 'protocol',
  '502': 'protocol',
  '503': 'protocol',
  '504': 'protocol',
  // RFC 7504 4: the host, or the domain, takes no mail.
  '521': 'not-accepting',
  '525': 'suspended',
  '550': 'unknown',
  '551': 'moved',
  '552': 'mailbox-full',
  '553': 'filtered',
  '556': 'not-accepting',
}
