/**
 * What makes a mail look like a report of a server. No single sign is enough for what is not in the standard's form: a
 * postmaster writes mail as well, and vacation replies have the null return path too (RFC 3834 4). The signs are
 * weighed, and what is below `ENOUGH` is a mail like others.
 */
import {fieldValue} from '../header.ts'
import type {Field} from '../message.ts'
import {decodeWords} from '../words.ts'
import {findReply, findStatus} from './smtp-reply.ts'

/** The weight from which a mail is a report of a server. */
export const ENOUGH = 3

/** Characters of a field that are looked at. */
const MAX_FIELD_CHARS = 1000

/** What the header says: signs for a report, and a sign against it. */
export interface HeaderSigns {
  /** 0 where nothing speaks for a report. */
  readonly weight: number
  /** True where the subject is that of an answer or a forward, which people write. */
  readonly answered: boolean
}

/** The signs in the header alone. Cheap: every mail goes through it. */
export function weighHeader(fields: readonly Field[], subject: string): HeaderSigns {
  let weight = 0
  for (const {name, value} of fields) {
    switch (name) {
      case 'x-failed-recipients':
        weight += 3
        break
      case 'content-type':
        if (/^multipart\/report\b/i.test(value)) weight += 3
        break
      case 'return-path':
        // RFC 5321 6.1: reports have the null return path; old servers wrote a name without domain.
        if (/^(?:<\s*>|<?mailer-daemon\b)/i.test(value)) weight += 1
        break
      default:
    }
  }
  const start = subject.slice(0, MAX_FIELD_CHARS).trim()
  weight += weighFrom(fieldValue(fields, 'from') ?? '')
  return {weight: weight + (SUBJECT.test(start) ? 1 : 0), answered: ANSWER.test(start)}
}

/** Local parts of those that report (RFC 2142 5: POSTMASTER; MAILER-DAEMON by use), and names beside them. */
const REPORTER =
  /(?:^|[\s<"'(])(?:mailer-daemon|mail-daemon|mailerdaemon|mdaemon|mail\.?daemon|bounce-?daemon|double-bounce)\b|mail(?:er)? delivery (?:sub)?system|mail delivery service|mail ?administrator|delivery subsystem|mailer daemon|internet mail delivery/i
const POSTMASTER =
  /(?:^|[\s<"'(])post_?master\b|system administrator|\bmail system\b|mail ?delivery|smtp ?gateway|\bsmtp@/i

function weighFrom(value: string): number {
  const from = decodeWords(value.slice(0, MAX_FIELD_CHARS))
  return REPORTER.test(from) ? 2 : POSTMASTER.test(from) ? 1 : 0
}

/** Subjects of reports, which begin so: what stands after `Re:` or `Fwd:` was written by a person. */
const SUBJECT =
  /^\W{0,10}(?:un?deliver(?:able|ed)\b|non[- ]?(?:delivery|deliverable|remis)|mail (?:could not|failure|error)|mail,? undeliverable|mail system error|mail delivery|(?:e-?mail |message )?delivery (?:status|failure|failed|error|problem|report|notification|delayed|attempt|incomplete|has failed|unsuccessful)|(?:mail|message|e-?mail)(?: delivery)?(?: has)? (?:failed|failure|delayed|status|notification|delivery|error|returned|rejected|could not|not delivered|you sent blocked|undeliverable|bounced)|failed? (?:mail|delivery|notice|to deliver)|failure (?:notice|delivery|notification)|returned? (?:mail|e-?mail|message|to sender)|warning: (?:could not send|message)|could ?n[o']t (?:send|deliver)|unable to deliver|undelivered|not delivered|notification (?:of|d')|bounced? (?:mail|message|action)|dsn:|status of|your (?:message|mail|e-?mail)[^.]{0,20}(?:could|was|has|not|blocked|rejected)|postmaster notify|permanent (?:delivery|error)|rejected (?:mail|message)|problems? (?:delivering|with delivery)|user unknown|considered unsolicited|nondeliverable|\[postmaster\]|unzustellbar|nicht zustellbar|fehler|rückläufer|mail konnte|zustellung|недоставленн|не удалось|ваше сообщение не|сообщение не|échec|non remis|remise|avis de non|mensaje no|no se puede|no se pudo|error de|impossibile|mancat|mail non|falha|não foi|niet (?:bezorg|afgelev)|onbestelbaar|退信|系统退信|送信|配信|メール(?:が|を)|エラー)/iu

const ANSWER = /^(?:re|aw|sv|antw|fwd?|wg|tr|rv|enc)\s*:/i

/** What servers write above a report. */
const PHRASE =
  /(?:could|can|did|was|were|has|have|will) ?(?:not|n'?t)(?: yet)?(?: been| be)? (?:able to )?(?:deliver|sen[dt]|reach|process|accept)|could ?n[o']t be (?:sent|deliver)|un(?:able|successful)[^.]{0,20} (?:to )?(?:deliver|send|forward)|undeliver(?:able|ed)|delivery[^.]{0,60} (?:fail|error|problem|delay|incomplete|unsuccess|abort|terminat)|fail(?:ed|ure)?[^.]{0,30} (?:to )?(?:deliver|recipient|address|reason)|(?:fatal|permanent|transient|delivery) (?:error|fail|problem)|not (?:be )?delivered|returned (?:to|mail)|did not reach|message[^.]{0,40}(?:rejected|returned|bounced|blocked|refused|delayed)|invalid user address|transcript of session|recipients? (?:was|were|that) (?:reject|fail|could)|mail delivery|no valid recipients|unrouteable|incorrectly constructed|nicht (?:zugestellt|ausgeliefert)|zustellung[^.]{0,60}fehl|unzustellbar|n['’]a pas pu|échec|no (?:se )?(?:ha podido|pudo|puede)|non (?:è|e') stato possibile|impossibile|não (?:foi|pôde)|niet worden|не может быть доставлен|не удалось|не доставлено|送信できません|配信できません|届けることができません|配信に失敗|送れません|エラー|失敗|退信|无法|未能/iu

/** The talk of mail servers (RFC 5321 4.1.1), which people do not quote without an answer of the server. */
const DIALOGUE =
  /\brcpt to\b|\bmail from:|remote host said|host \S{1,200} said|while talking to|while connected from|in reply to|smtp error from|(?:remote|other|recipient's) (?:mail )?server (?:returned|responded|said)/i

/** The weight of what the notice says, beside that of the header. */
export function weighNotice(text: string): number {
  const answered = findStatus(text) !== null || findReply(text) !== -1
  return (PHRASE.test(text) ? 1 : 0) + (answered ? 1 : 0) + (answered && DIALOGUE.test(text) ? 1 : 0)
}
