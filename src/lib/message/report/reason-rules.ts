import type {BounceReason} from '../message.ts'

/** One way in which servers say why they do not take a mail. */
interface ReasonRule {
  readonly reason: BounceReason
  /** Matched against the words of the server in lower case, on one line, without the codes of continued replies. */
  readonly says: RegExp
}

/**
 * What servers say, from the most telling to the vaguest: the first rule that matches decides. Words come before codes,
 * since many servers use 550 5.1.1 or 5.7.1 for everything. Evidence is the program or service whose source,
 * documentation or published list of replies has the words. No rule has a repetition without a bound.
 */
export const REASON_RULES: readonly ReasonRule[] = [
  // RFC 7505 4 (null MX), 5.1.10 and 556 (RFC 7504). Before all others: the texts name domains and users as well.
  {
    reason: 'not-accepting',
    says: /null ?mx|does not accept (?:any )?(?:e-?)?mail|doesn'?t accept (?:any )?e?-?mail|no valid mx|domain (?:is )?not accept(?:ing)? (?:e-?)?mail|nullmx|host does not receive mail|\(mx is "?\."?\)/,
  },
  // Microsoft Exchange Online, "NDR codes": an address that is wrong, behind words that sound like a policy.
  {
    reason: 'user-unknown',
    says: /5\.4\.1 recipient address rejected: access denied|resolver\.adr\.(?:ex)?recip(?:ient)?notfound|resolver\.adr\.badprimary|recipientnotfound|recipnotfound/,
  },
  // RFC 5321 3.4: 251 and 551; Exchange, Courier, Yahoo! Japan.
  {
    reason: 'moved',
    says: /(?:has|have) moved|user has changed|address (?:has been|was) (?:changed|replaced)|(?:address|user|mailbox|account|recipient)[^.;]{0,40}has been replaced|new address is|no longer[^.;]{0,30}(?:please use|new address)|551 [^;]{0,60}user not local; please try|mailbox[^.;]{0,20}moved/,
  },
  // RFC 3463 x.2.2; Dovecot quota, Cyrus, Exim, Postfix virtual(8), Exchange, Gmail (OverQuotaTemp), Yahoo, qmail (vdelivermail).
  {
    reason: 'mailbox-full',
    says: /mail ?box(?:es)?[^.;]{0,40}\bfull\b|full (?:mail ?box|mailfolder)|(?:over|exceed(?:s|ed|ing)?|beyond|out of)[^.;]{0,40}\bquota|quota[^.;]{0,40}(?:exceed|violat|reached|full|exhaust)|over ?quota|storage (?:is )?(?:full|limit|quota|space)|(?:insufficient|not enough|no|out of)[^.;]{0,20} (?:disk|storage|mailbox|drive) ?(?:space|storage)? (?:for|in|left on|available (?:for|in)) (?:the |this )?(?:recipient|user|mailbox|account)|mailfolder is full|mailbox (?:size )?(?:limit )?(?:has )?(?:is )?(?:exceed|over|too large|too big)|exceed[^.;]{0,40}(?:mail ?box|maildir|inbox)|maildir(?:ectory)? (?:delivery failed: )?[^.;]{0,30}(?:over|exceed)|inbox is full|not enough (?:storage|room|space)|user (?:has )?(?:is )?(?:exceeded|too many messages|over)|(?:account|user|recipient)[^.;]{0,25} is (?:over|full)\b|mailbox_full|mailboxfull|out of storage|boite[^.;]{0,30}pleine|(?:postfach|mailbox)[^.;]{0,20}\bvoll\b|buz[oó]n[^.;]{0,30}lleno|casella[^.;]{0,30}piena|ящик[^.;]{0,30}(?:переполнен|полон)|too much mail data|no room in mailbox|exceeded the space limit|has reached (?:its|the|his) (?:maximum|limit)|receiving mailbox/,
  },
  // RFC 1870 6.1 (552), RFC 3463 x.3.4 and x.2.3.
  {
    reason: 'message-too-large',
    says: /(?:message|mail|data|body|attachment|content|header|e-mail|line)[^.;]{0,40}(?:size )?(?:too (?:big|large|long)|exceeds?|exceeded|larger than|over the)[^.;]{0,40}(?:limit|size|maximum|$|[.;])|(?:message|mail) (?:is )?too (?:big|large|long)|size limit|max(?:imum)? ?(?:message|mail)? ?size|message length exceeds|fixed maximum (?:message )?size|exceeds (?:maximum|the maximum|size|administrative)|msgsize|resolver\.rst\.(?:send|recip)sizelimit|too big for (?:mailbox|system)/,
  },
  // RFC 3463 x.5.3, x.4.5, x.7.28 (RFC 7372 registry); Yahoo TSS, Gmail "unusual rate", Exchange Online.
  {
    reason: 'rate-limited',
    says: /too many (?:smtp )?(?:connections|sessions|recipients|messages|mails?|errors|emails|invalid|bad|hops? from|concurrent|simultaneous)|rate ?limit|(?:sending|unusual|excessive|high) (?:rate|volume)|throttl|too (?:fast|frequent|quickly)|(?:max(?:imum)?|limit)[^.;]{0,30}(?:connections|messages per|recipients per|per (?:hour|minute|day))|(?:hourly|daily) (?:message|sending|mail|send) ?(?:limit|quota)|sent (?:to )?too many|exceed[^.;]{0,40}(?:rate|connections?|sessions|messages|recipients|concurrency)|connection (?:rate|limit)|please slow down|try again later[^.;]{0,30}too|deferred due to (?:user complaints|unexpected volume)|receiving mail (?:at|too)|trop de (?:connexion|connection)/,
  },
  // RFC 3463 x.2.1; Gmail "disabled", Yahoo, mail.ru, Exchange, GMX; Le compte … bloqué (La Poste).
  {
    reason: 'suspended',
    says: /(?:account|mail ?box|user|recipient|address|domain|e-?mail)[^.;]{0,50}(?:suspend|disabled|inactiv|deactivat|has been locked|is locked|\bfrozen|closed|expired|not active|terminated|discontinued|is blocked|is bloque|temporarily (?:locked|blocked|unavailable))|(?:suspended|disabled|inactive|deactivated|locked|dormant|expired|closed|frozen|unverified|not active|invalid\/inactive) (?:user|account|mail ?box|recipient|address|domain|e-?mail)|not accepting messages|account (?:is )?not (?:active|activated|enabled)|user (?:account )?(?:is )?(?:not active|unavailable due to)|boxes? (?:is )?closed|temporarily disabled|mailbox (?:is )?unavailable[^.;]{0,30}(?:disabled|suspend)|is a deactivated mailbox|not (?:currently )?accepting (?:mail|messages) for (?:this )?user|this account (?:has been|is)[^.;]{0,20}(?:blocked|disabled)/,
  },
  // RFC 7372, RFC 7489; Gmail 5.7.26, Microsoft 5.7.509, Yahoo 5.7.9, Apple, GMX.
  {
    reason: 'authentication',
    says: /\bdmarc\b|\bspf\b|\bdkim\b|sender policy framework|sender ?id (?:check|failed|test)|unauthenticated (?:e-?)?mail|authentication (?:checks? fail|required for (?:your|this) domain)|multiple authentication checks failed|not (?:pass|meet)[^.;]{0,40}authentication|failed[^.;]{0,30}authentication check|email authenticat|unauthenticated messages|sender (?:domain )?(?:is )?not authenticated|auth(?:entication)? (?:results?|check)[^.;]{0,20}fail|unauthorized (?:to use|domain)|not authorized to send from this domain/,
  },
  // RFC 3463 x.7.1; Postfix "Relay access denied", Sendmail "Relaying denied", Exim "relay not permitted", Exchange "Unable to relay".
  {
    reason: 'relay-denied',
    says: /relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:permitted|allowed)|prohibited|operation rejected|mail[^.;]{0,20}not)|(?:unable|not (?:permitted|allowed|authorized)|refus(?:e|ed|ing)|cannot|cant|won'?t|not) to? ?relay|no relay(?:ing)?\b|relaying? (?:denied|blocked)|not (?:a|an) (?:open|authorized) relay|not in (?:my|our) list of allowed rcpthosts|isn'?t in my list of allowed|insecure mail relay|mail server requires authentication when|relaytest|you must (?:first )?(?:check for new mail|authenticate|log ?in) before sending|pop before smtp|non-?local (?:host|recipient)|we do not relay|this system is not configured to relay/,
  },
  // RFC 3463 x.7.17-19, x.3.0; Amavis, ClamAV, Sophos.
  {reason: 'virus', says: /\bvirus|\bmalware|\binfected\b|trojan|\bworm\b|\bclamav|phish/},
  // Lists and reputation (RFC 5782); Spamhaus, Barracuda, Cloudmark, Microsoft S3150 / SC-00x, Yahoo, AOL, Cox, Charter; reverse DNS (Gmail, AOL, T-Online).
  {
    reason: 'blocked',
    says: /spamhaus|spamcop|barracudacentral|sorbs|\brbl\b|\bdnsbl\b|\bcdrbl\b|black ?list|block ?list|blocklisted|blacklisted|banned (?:ip|host|sending)|bad(?:ness)? reputation|(?:low|poor|bad) reputation|reputation of|(?:reverse|rdns|ptr)\b[^.;]{0,40}(?:dns|record|lookup|fail|missing|not|required|resol)|no (?:ptr|reverse)|\bptr\b|cannot find your (?:reverse )?hostname|unable to (?:look ?up|resolve|verify)[^.;]{0,30}(?:reverse|your ip|ip address|client)|client host(?:name)? (?:\[[^\]]{0,50}\] )?(?:rejected|blocked)|(?:your|this|the|sending|client|source) (?:ip|server|host|network|mail server|ip address|mta|message server)[^;]{0,60}(?:block|block ?list|rejected|banned|denied|not allowed|listed|dynamic)|connection (?:refused|rejected|denied|dropped) by (?:policy|remote|peer|your)|(?:connections?|access|ip)[^.;]{0,30}(?:from|for) (?:your|this|the) (?:ip|host|server)|dynamic (?:ip|host|address)|(?:mail|message|messages|email) from (?:your |this )?(?:\[?\d{1,3}\.\d{1,3}\.[\d.]{3,8}\]?|ip|ip address|host|server)[^;]{0,30}(?:blocked|weren't sent|not accepted|refused|rejected|denied)|blocked using|on (?:our|a|the) block|has been blocked (?:by|due|for|because)|refused to talk to me|part of their network is on our block list|\bs3140\b|\bs3150\b|sc-00[1-4]|you are not allowed to connect|bad helo|invalid helo|helo[^.;]{0,30}(?:reject|invalid|not|resolve)|fix reverse dns|tss0[4-9]|access denied[^.;]{0,30}(?:ip|host)|is in a black|go away|server (?:is )?blocked|network is temporarily blocked/,
  },
  {
    reason: 'spam',
    says: /\bspam|\bube\b|\bjunk ?mail|unsolicited|bulk (?:e-?)?mail|looks like (?:spam|junk)|high(?:ly)? (?:spam )?(?:score|probab)|rejected by (?:content )?filter[^.;]{0,20}spam|appears to be unsolicited|considered (?:as )?(?:spam|unsolicited)/,
  },
  // The address is wrong: RFC 3463 x.1.1, x.1.3, x.1.6. Postfix, Sendmail, Exim, qmail, Exchange, Domino, Gmail, Yahoo, Lotus, GroupWise, Courier, mail.ru, in the tongues of their owners.
  {
    reason: 'user-unknown',
    says: /(?:unknown|invalid|non-?exist(?:e|a)nt|unrecognized|unroutable|unrouteable|undeliverable|bad|illegal|incorrect|wrong|no such|not a valid|not valid|inexistant) (?:or (?:invalid|illegal|inactive) )?(?:local |e-?mail |recipient |mail |remote |virtual |destination |forward-path |final |rcpt |user )?(?:user|recipient|mail ?box|address|account|alias|local[- ]part|mailbox name|email|name|person|subscriber|id|rcpt)|(?:user|recipient|mail ?box|account|address|alias|e-?mail|name|local part|utilisateur|addressee|rcpt|destinat(?:aire|ario))[^.;]{0,60}(?:unknown|not (?:be )?(?:found|exist|known|recognized|valid|listed|local|available here)|not a (?:valid|known)|(?:doesn'?t|does not|do not|don'?t|didn'?t|did not) (?:have|exist|appear)|(?:does|is) not (?:have|exist)|wasn'?t found|couldn'?t be found|could ?n(?:o|')t be found|is invalid|invalid|no longer (?:valid|exist|available|with|here|work)|has (?:been )?(?:delet|remov)|nonexistent|non-existent|unroutable|unrouteable|inconnu|is not our|unbekannt|desconocid|incorrect)|(?:no|not) (?:such|a known) (?:mail ?box|user|recipient|address|account|person|alias|local user|mail drop|subscriber)|no (?:mail ?box|account|user|valid recipient|recipient)s? (?:here|by that|found|with|exists?|at|were)|(?:here|have|has) (?:by that name|no mailbox|no such)|unknown (?:in|or illegal|alias|local|to|here|at)|user unknown|unknown user|recipient (?:address )?(?:unknown|does not exist)|not our customer|does not (?:exist|have an? (?:account|mailbox))|doesn'?t (?:exist|have (?:an? )?(?:account|yahoo))|there is no (?:such |one )?(?:user|mail|account|recipient|here|one)|isn'?t (?:a|listed in|an existing)|not listed in (?:domino|public name|the)|is not (?:a )?(?:valid|known|active|present|recognized|recognised|listed)|name is not (?:recognized|found)|no route to (?:the )?(?:recipient|user)|all recipients (?:were )?(?:invalid|rejected|unknown)|delivery to (?:non-?existent|unknown)|mailbox (?:for [^;]{0,80} )?(?:does not exist|not found|unavailable or not)|mailbox[^.;]{0,30}not local|address (?:you (?:specified|entered)|couldn)|unbekannter (?:empf|nutzer|benutzer)|empf[äa]nger[^.;]{0,40}(?:unbekannt|nicht gefunden|existiert nicht)|destinataire (?:inconnu|inexistant)|utilisateur inconnu|usuario (?:desconocido|no existe)|utente (?:sconosciuto|non)|usu[aá]rio (?:desconhecido|inexistente|n[aã]o)|пользовател[ья][^.;]{0,30}не (?:найден|существует)|несуществующ|宛先[^。]{0,40}(?:見つかり|存在し|不明)|address(?:es)? (?:may be|is possibly) (?:misspelled|incorrect)|possibly incorrect|destination server (?:for this recipient )?(?:could not|refused)[^.;]{0,30}unknown|adr\.(?:badaddress|notfound)|unable to find recipient|recipient (?:is )?not (?:on|in|at)|ldap error|verify(?:ing)? the (?:recipient|address)|sorry, no mailbox|this user|malformed recipient|group (?:you tried to contact|might not exist)/,
  },
  // RFC 3463 x.1.2, x.4.4, x.4.3; Postfix, Sendmail, Exim, qmail, Gmail, Courier.
  {
    reason: 'host-unknown',
    says: /host (?:or domain name )?(?:is )?(?:unknown|not found|does not exist|unreachable: no such)|unknown host|(?:domain|host|site|mx)(?: name)?[^.;]{0,60}(?:not (?:be )?(?:found|exist|resolve|valid|known)|(?:does not|doesn'?t|couldn'?t) (?:exist|resolve|be found)|unknown|unresolv|is invalid|isn'?t valid|nonexistent)|(?:no such|unknown|invalid|non-?existent|unresolvable|unrouteable|unroutable|unresolveable|illegal) (?:mail |host\/|destination )?(?:domain|host|site)|name (?:service error|server: host not|or service not known|not resolved)|nxdomain|could(?:n't| not) find any host (?:named|by that)|cannot (?:find|resolve|route to) [^.;]{0,40}(?:host|domain|mx)|no (?:mx|dns|a) (?:records?|entry)|all relevant mx records point to non-existent|dns (?:error|lookup|failure|server|type)|(?:mail )?unroutable|recipient'?s domain|bad (?:destination )?(?:system|host|domain)|address unreachable|unrouteable mail domain|mx lookup fail|unresolved|lowest numbered mx record points to local host|host lookup|no route to host address/,
  },
  // What the recipient, or a carrier for him, does not let through (RFC 3463 x.2.1, x.7.1, x.7.2): the address exists.
  {
    reason: 'filtered',
    says: /because the recipient (?:is not|does not|isn'?t|rejects?|has (?:been )?(?:configured|set))|recipient (?:has )?(?:rejected|refused|declined|blocked)|(?:rejected|refused|blocked|denied) by (?:the )?(?:recipient|user|mailbox|addressee)|user (?:reject|refus)|due to extended inactivity|resolver\.rst\.(?:restricted|notauth|auth)|(?:mailbox|recipient|user) (?:is )?unavailable|requested action not taken: mailbox unavailable|mailbox (?:is )?restricted|(?:does not|doesn'?t|not) (?:accept|receiv)[^.;]{0,30}(?:from (?:you|this|your|external|outside|unknown)|outside|external)|not (?:permitted|allowed|authorized) to (?:send|post|e-?mail|write)[^.;]{0,20} (?:to |this|the)|only accepts? (?:mail|messages) from|sender not authenticated for|requiresenderauth|closed (?:mailing )?list|challenge|white ?list|permission to post|moderat|delivery not authorized|recipient (?:policy|preference|setting)|you are not on|message filtered|message rejected by recipient|rejected by recipient/,
  },
  // The sender is what is refused (RFC 3463 x.1.7, x.1.8).
  {
    reason: 'policy',
    says: /sender (?:address |domain |id |e-?mail |verify |callout )?(?:is )?(?:\S{1,80} )?(?:rejected|refused|denied|verif|unknown|invalid|not (?:exist|accept|allow|found|valid|permitted|authorized)|does not|unroutable|blocked|fail|domain)|(?:unroutable|unrouteable|invalid|bad|unknown|rejected|unresolvable|unauthenticated|empty|null|illegal) (?:envelope )?(?:sender|senders|return[- ]?path|from|reverse[- ]?path|originator)|domain of sender|sender'?s? (?:address|domain|mail|system|host)|(?:mail from|envelope from|from address|return[ -]path|from)[^.;]{0,40}(?:reject|not allowed|denied|not permitted|not verif|invalid|does not|not authoriz|not exist|not owned|is not)|backscatter|bounce (?:address|mail)|spoof|not logged in|you are not allowed to|identity|not verified|administrative prohibition|denied by policy|polic(?:y|ies)|prohibit|access (?:is )?denied|not (?:permitted|authorized|authorised|allowed)|forbidden|security|unacceptable|restrict|rejected for|message (?:was )?(?:rejected|refused|denied|blocked)|(?:blocked|refused|rejected|denied) (?:by|because|due|for)|tls (?:is )?required|must issue a starttls|starttls|certificate|encrypt|permission denied|unauthorized|blocked/,
  },
  {
    reason: 'content',
    says: /(?:attachment|content|header|subject|body|url|file ?type|extension)[^.;]{0,50}(?:reject|not allowed|denied|block|forbidden|illegal|invalid|refus|not accept|violat|suspicious|prohibit|unacceptable|banned)|(?:illegal|banned|prohibited|forbidden|bad|improper|suspicious|rejected|denied|unacceptable) (?:attachment|content|header|subject|file)|message (?:content|body)|content (?:filter|reject|scan)|text\/html/,
  },
  {
    reason: 'protocol',
    says: /rfc ?-?[2-6]\d{3}|not rfc|rfc compliant|non-?compliant|bare (?:lf|cr|linefeed|line feed)|protocol (?:error|violation)|syntax error|bad sequence|command (?:not|unrecognized|unknown|rejected|out of)|malformed|missing (?:from|date|message-id|header)|smtputf8|8bitmime|improper|too many (?:received|hops)|(?:mail|message|routing) loop|loops? (?:back|detected)|hop count|hops exceeded|unable to parse/,
  },
  // RFC 3463 x.4.7, RFC 5321 4.5.4.1: the queue gave up.
  {
    reason: 'expired',
    says: /(?:delivery|queue|retry|message|mail)[^.;]{0,40}(?:time|timed|retry|period|queue)[^.;]{0,30}(?:expired|exceeded|timeout|out)|too long in (?:the )?queue|in (?:the )?queue too long|giv(?:ing|en) up|retry time(?:out)? (?:not reached|exceeded)|(?:cannot|could not) (?:send|deliver)[^.;]{0,20} (?:message )?(?:for|within|in)[^.;]{0,30} \d{1,7} (?:day|hour|minute|second)|could not be delivered (?:for|within|in)[^.;]{0,30} \d{1,7} (?:day|hour|minute|second)|for the last \d{1,8} seconds|expired|all hosts[^.;]{0,40}have been failing|failed \d{1,3} (?:attempts|times|tries)|delivery failed \d{1,3} attempts|unable to (?:deliver|contact)[^.;]{0,60}(?:after|for|within) \d|host not reachable|not been (?:able to )?deliver(?:ed)? (?:for|after|within)|delivery attempts?[^.;]{0,20}(?:exceeded|limit)|maximum (?:number of )?(?:retries|delivery attempts)|retr(?:y|ies) (?:limit|count|timeout)|delayed/,
  },
  // RFC 3463 x.4.1, x.4.2, x.4.4, x.4.6.
  {
    reason: 'network-error',
    says: /connection (?:timed? ?out|refused|reset|lost|closed|dropped|failed|error|was|could|unexpectedly)|time[d-]? ?out|network (?:is )?(?:error|unreachable|problem)|no route to host|(?:could not|couldn'?t|cannot|can'?t|unable to|wasn'?t able to|failed to)[^.;]{0,40}(?:connect|establish|contact|reach|open|communicate)|lost connection|host (?:is )?(?:unreachable|down|not responding)|not respond|unreachable|no (?:answer|response) from|broken pipe|socket|connect to [^;]{0,120}(?:failed|refused)|communication|routing|dns|deferred/,
  },
  // RFC 3463 x.3.0, x.3.1, x.3.5; exits of the program that delivers (sysexits.h, Sendmail, Postfix pipe(8), Exim).
  {
    reason: 'system-error',
    says: /mailer error|mailer (?:failed|exited)|(?:child|local|pipe|child process|command|delivery agent|process|program|transport)[^.;]{0,60}(?:status|exit|fail|died|signal|returned|error|output)|exit(?:ed)? (?:with )?(?:status|code)|unknown mailer|local (?:configuration|error|delivery fail|processing)|internal (?:server |system |software )?error|system (?:error|not|config|failure|resources|is|cannot|problem)|server (?:error|configuration|is not|problem|temporarily|busy)|(?:insufficient|not enough|out of|no) (?:system|disk|server) ?(?:space|storage|resources|memory)?|disk (?:is )?full|i\/o error|input\/output error|temporar(?:y|ily) (?:lookup |local |server |system )?(?:failure|error|problem|unavailable|deferred)|service (?:not available|unavailable|currently)|configuration error|can(?:'?t|not) (?:open|create|write|read|lock|append|execute|find)|unable to (?:open|create|write|lock|append|run)|file (?:error|system|exists)|read-only|upstream error|queue file|malfunction|resources temporarily/,
  },
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
