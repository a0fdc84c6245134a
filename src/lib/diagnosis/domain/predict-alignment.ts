/** What DMARC will come to for a mail that leaves by the server: foretold from the records, before one is sent. Pure. */
import type {DkimExam} from './dkim-stage.ts'
import type {SpfExam} from './spf-stage.ts'

/** Whether a mechanism passes for the domain of From. `unknown`: the round trip tells. */
export type Foretold = 'yes' | 'no' | 'unknown'

export interface Prediction {
  readonly spf: Foretold
  readonly dkim: Foretold
  /** Either is enough (RFC 9989 4.4). */
  readonly passes: Foretold
  /** Why, for each, a clause. */
  readonly why: {readonly spf: string; readonly dkim: string}
}

/**
 * The envelope sender is the address itself, so that SPF aligns where it passes, strict or relaxed; a provider that puts its
 * own in its place loses that, unless a subdomain was set up for it.
 */
export function predictAlignment(spf: SpfExam, dkim: DkimExam): Prediction {
  const ofSpf = foretellSpf(spf)
  const passes =
    ofSpf.spf === 'yes' || dkim.signs === 'yes' ? 'yes' : ofSpf.spf === 'no' && dkim.signs === 'no' ? 'no' : 'unknown'
  return {spf: ofSpf.spf, dkim: dkim.signs, passes, why: {spf: ofSpf.why, dkim: DKIM_WORDS[dkim.signs]}}
}

const DKIM_WORDS: Readonly<Record<Foretold, string>> = {
  yes: 'mail is signed with a key of the domain',
  no: 'mail is not signed with a key of the domain',
  unknown: 'which key signs, only a mail that was sent tells',
}

function foretellSpf({root, coverage}: SpfExam): {readonly spf: Foretold; readonly why: string} {
  const {verdict, how, certainty} = coverage
  if (root.state === 'unknown') return {spf: 'unknown', why: root.why}
  if (root.state === 'missing') return {spf: verdict === 'not-asked' ? 'unknown' : 'no', why: 'there is no SPF record'}
  switch (verdict) {
    case 'covered':
      return {spf: root.state === 'record' ? 'yes' : 'unknown', why: how}
    case 'not-covered':
      return {spf: certainty === 'guess' ? 'unknown' : 'no', why: how}
    case 'not-asked':
      return {spf: 'unknown', why: `${how}, which counts only where it is a subdomain set up for it`}
    case 'unknown':
      return {spf: 'unknown', why: how}
  }
}
