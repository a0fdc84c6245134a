/**
 * What the DNS says of the domain of an address: the stages `srv` and `mx`, and those of its authentication. They need no
 * connection, and share what they ask, so that none waits for another. None of them fails: what is wrong with a domain is
 * a warning, which the caller may count as a failure.
 */
import type {Finding} from '../../channel/stage.ts'
import type {StageId} from '../../channel/stages.ts'
import type {Rung} from '../ladder.ts'
import {type Ask, createAsk} from './ask.ts'
import {examineDkim, findDkim} from './dkim-stage.ts'
import {examineDmarc, findDmarc} from './dmarc-stage.ts'
import type {DomainSubject} from './domain-subject.ts'
import {lookAtMtaSts} from './mta-sts-stage.ts'
import {examineMx, findMx} from './mx-stage.ts'
import {examineSpf, findSpf} from './spf-stage.ts'
import {lookAtSrv} from './srv-stage.ts'
import {lookAtTlsRpt} from './tls-rpt-stage.ts'

export type {DomainSubject} from './domain-subject.ts'

/** For the questions of one stage. A deep SPF record takes some ten one after the other, 50 ms each. */
const DEADLINE_MS = 10_000

/** The rungs of a domain, in the order of the table of stages. */
export function domainRungs(subject: DomainSubject): readonly Rung[] {
  const mx = once((ask) => examineMx(subject, ask))
  const spf = once((ask) => examineSpf(subject, ask))
  const dkim = once((ask) => examineDkim(subject, ask))
  const rung = (id: StageId, find: (ask: Ask, signal: AbortSignal) => Promise<Finding>): Rung => ({
    id,
    needs: [],
    early: true,
    look: (signal) => find(createAsk(subject.query, signal, AbortSignal.timeout(DEADLINE_MS)), signal),
  })
  return [
    rung('srv', (ask) => lookAtSrv(subject, ask)),
    rung('mx', async (ask) => findMx(subject, await mx(ask))),
    rung('spf', async (ask) => findSpf(subject, await spf(ask))),
    rung('dkim', async (ask) => findDkim(subject, await dkim(ask))),
    rung('dmarc', async (ask) => {
      const [exam, ofSpf, ofDkim] = await Promise.all([examineDmarc(subject, ask), spf(ask), dkim(ask)])
      return findDmarc(subject, exam, ofSpf, ofDkim)
    }),
    rung('mta-sts', async (ask, signal) => lookAtMtaSts({subject, mx: await mx(ask), ask, signal})),
    rung('tls-rpt', (ask) => lookAtTlsRpt(subject, ask)),
  ]
}

/** Two stages may need the same: the first one asks. */
function once<Exam>(examine: (ask: Ask) => Promise<Exam>): (ask: Ask) => Promise<Exam> {
  let exam: Promise<Exam> | undefined
  return (ask) => (exam ??= examine(ask))
}
