/** A reply taken apart into what a table of replies compares. Pure. */
import type {ReplyProtocol} from './reply-table/row.ts'

/** What the columns of `ReplyMatch` are compared with; `''` where the reply has no such part. */
export interface Reply {
  readonly code: string
  readonly detail: string
  /** All lines in one, without codes and without the marks that servers append. */
  readonly words: string
}

/** No reply is looked at beyond this: RFC 5321 4.5.3.1.5 gives a line 512 octets, and servers send a few lines. */
const MOST_CHARACTERS = 4096

export function readReply(reply: string, protocol: ReplyProtocol): Reply {
  const text = reply.slice(0, MOST_CHARACTERS)
  switch (protocol) {
    case 'smtp':
      return smtpReply(text)
    case 'imap':
      return imapReply(text)
    case 'oauth':
      return tokenReply(text)
  }
}

/**
 * `535-5.7.8 Words, and\n535 5.7.8 more` (RFC 5321 4.2, RFC 2034 4). Where it was copied from a log, a blank or a question
 * mark may stand for the line break.
 */
function smtpReply(text: string): Reply {
  const [, code = '', detail = ''] = /^(\d{3})(?:[ -]#?([245]\.\d{1,3}\.\d{1,3})(?![\d.]))?/.exec(text) ?? []
  if (code === '') return {code, detail, words: oneLine(text)}
  const status = `#?${detail.replaceAll('.', '\\.')}(?![\\d.])`
  const lineBreak = detail === '' ? /[\r\n]+/ : new RegExp(`[\\r\\n]+|[ ?](?=${code}[ -]${status})`)
  const codes = new RegExp(`^${code}(?!\\d)[ -]?(?:${detail === '' ? '' : status})?`)
  const lines = text.split(lineBreak).map((line) => line.replace(codes, ''))
  return {code, detail, words: oneLine(lines.join(' '))}
}

/** `NO [AUTHENTICATIONFAILED] Words`, with or without the tag (RFC 9051 7.1). */
function imapReply(text: string): Reply {
  const [whole = '', code = '', detail = ''] =
    /^(?:[^\s"]+ )??(NO|BAD|BYE|OK|PREAUTH)(?: \[([A-Z][A-Z0-9-]*)[^\]]*\])?(?: |$)/i.exec(text) ?? []
  return {code: code.toUpperCase(), detail: detail.toUpperCase(), words: oneLine(text.slice(whole.length))}
}

/** RFC 6749 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6, and two of Google's. */
const TOKEN_ERROR =
  /\b(invalid_(?:grant|client|scope|request)|un(?:authorized_client|supported_grant_type)|access_denied|(?:interaction|login|consent)_required|temporarily_unavailable|server_error|admin_policy_enforced|org_internal)\b/

/** `{"error": "invalid_grant", "error_description": "AADSTS50173: …"}` (RFC 6749 5.2), or only its words. */
function tokenReply(text: string): Reply {
  const [code = ''] = TOKEN_ERROR.exec(text) ?? []
  const [detail = ''] = /AADSTS\d{4,8}/.exec(text) ?? []
  return {code, detail, words: oneLine(text)}
}

/** Exchange Online ends a reply with `[HOST time id]`, Gmail with `id - gsmtp`, Dovecot with `[host:time]`. */
const MARKS = /\s*\[[^\][]*\d{2}:\d{2}[^\][]*\]\s*$|\s*\[[\w.-]+\.(?:outlook|exchangelabs)\.com\b[^\][]*\]\s*$/i

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim().replace(MARKS, '')
