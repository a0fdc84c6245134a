/**
 * By what a probe is recognised when it comes back: one word with 128 random bits, in a field of its own, in its Message-ID,
 * and on a line of its text. Forwarders drop fields, servers replace the Message-ID, and programs that forward write a new
 * mail around the text; hardly anything does all three.
 */
import {TOKEN} from './mask-tokens.ts'

/** The field that bears the word. */
export const PROBE_FIELD = 'X-Postdesk-Probe'

/** The word of a probe, of a nonce as `newToken` writes them. In the text it stands at the end of a line. */
export const probeWord = (nonce: string): string => `probe.${nonce}`

/** The field of its header, with its line end. */
export const probeField = (nonce: string): string => `${PROBE_FIELD}: ${probeWord(nonce)}\r\n`

/** Its Message-ID, without angle brackets. */
export const probeMessageId = (nonce: string, domain: string): string => `${probeWord(nonce)}@${domain}`

/** How the subject of a probe begins: only then its text is looked into. `code` tells one from another, for people. */
export const probeSubject = (code: string): string => `[probe ${code}] please ignore`

const WORD = new RegExp(`^probe\\.(${TOKEN})$`, 'i')
const IN_MESSAGE_ID = new RegExp(`^probe\\.(${TOKEN})@`, 'i')

/** The nonce of a value of the field; null for anything else. */
export const nonceOfField = (value: string): string | null => WORD.exec(value.trim())?.[1]?.toLowerCase() ?? null

/** The nonce of a Message-ID (without angle brackets) that is a probe's; null for any other. */
export const nonceOfMessageId = (id: string): string | null => IN_MESSAGE_ID.exec(id)?.[1]?.toLowerCase() ?? null
