/** Reads where reports of failed TLS go (RFC 8460 3). */
import type {Defect} from './defect.ts'

export interface TlsRptRecord {
  readonly text: string
  /** URIs that reports can be sent to. */
  readonly uris: readonly string[]
  readonly defects: readonly Defect<'TLS_RPT_SYNTAX'>[]
}

/** Others are discarded (RFC 8460 3). */
export const isTlsRpt = (text: string) => /^v=TLSRPTv1[ \t]*;/.test(text)

/** Two schemes are defined; "!", "," and ";" have to be escaped. */
const REPORT_URI = /^(?:mailto:[^@\s!,;]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+|https:\/\/[a-z0-9.-]+(?:[:/?][^\s!,;]*)?)$/i

/** @param text a record that is one, its strings joined without a space. */
export function readTlsRpt(text: string): TlsRptRecord {
  const fields = text
    .split(';')
    .slice(1)
    .map((field) => field.trim())
  const value = fields.map((field) => /^rua[ \t]*=[ \t]*(.*)$/.exec(field)?.[1]).find((one) => one !== undefined)
  const uris = (value ?? '')
    .split(',')
    .map((uri) => uri.trim())
    .filter(Boolean)
  const bad = uris.filter((uri) => !REPORT_URI.test(uri))
  return {
    text,
    uris: uris.filter((uri) => REPORT_URI.test(uri)),
    defects: [
      ...(uris.length === 0 ? [wrong('it does not say where reports go (rua=)')] : []),
      ...bad.map((uri) => wrong(`${JSON.stringify(uri)} takes no reports: mailto:NAME@DOMAIN and https://… do`)),
    ],
  }
}

const wrong = (why: string) => ({code: 'TLS_RPT_SYNTAX', weight: 'weak', why}) as const
