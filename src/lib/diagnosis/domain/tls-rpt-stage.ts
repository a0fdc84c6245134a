/** The stage `tls-rpt`: whether the domain hears of mail that failed for its TLS (RFC 8460). */
import {type Finding, skipped, warned} from '../../channel/stage.ts'
import {type Ask, notKnown, textsOf} from './ask.ts'
import {conclude, type PublishedRecord, zoneLine} from './conclude.ts'
import type {DomainSubject} from './domain-subject.ts'
import {isTlsRpt, readTlsRpt} from './read-tls-rpt.ts'

export async function lookAtTlsRpt({domain}: DomainSubject, ask: Ask): Promise<Finding> {
  const answer = await ask(`_smtp._tls.${domain}`, 'TXT')
  if (answer.kind === 'unknown') return warned(notKnown(`TLS reporting of ${domain}`, answer.why))
  const texts = answer.kind === 'found' ? textsOf(answer.records).filter(isTlsRpt) : []
  if (texts.length === 0)
    return skipped(
      `${domain} asks for no reports, which is no fault; to get them: ${zoneLine(goodRecord(domain, false))}`,
    )
  if (texts.length > 1)
    return conclude({
      well: '',
      faults: [
        {
          code: 'TLS_RPT_SEVERAL',
          weight: 'weak',
          title: `${domain} has ${texts.length} records of TLS reporting`,
          why: 'senders take several for none (RFC 8460 3)',
          fixes: [{text: `Keep one of these at _smtp._tls.${domain}, and remove the others: ${texts.join(' | ')}`}],
        },
      ],
      evidence: {records: texts},
    })
  const {text, uris, defects} = readTlsRpt(texts[0]!)
  return conclude({
    well: `Reports of failed TLS to ${domain} go to ${uris.join(', ')}`,
    faults: defects.map(({code, why}) => ({
      code,
      weight: 'weak',
      title: `The record of TLS reporting of ${domain} has an error`,
      why,
    })),
    publish: uris.length === 0 ? [goodRecord(domain, true)] : [],
    evidence: {record: text, reportsTo: [...uris]},
  })
}

const goodRecord = (domain: string, replaces: boolean): PublishedRecord => ({
  name: `_smtp._tls.${domain}`,
  type: 'TXT',
  value: `v=TLSRPTv1; rua=mailto:postmaster@${domain}`,
  replaces,
})
