/** What the way did to the proofs of who sent a mail: pure. */
import {passed, warned, type Evidence, type Finding} from '../channel/stage.ts'
import type {ArrivalAuthentication} from '../authentication/authenticate-arrival.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import type {Forward} from './probe.ts'

export function judgeAuthentication({channel: {address}}: Forward, seen: ArrivalAuthentication): Finding {
  const evidence = evidenceOf(seen)
  const {dkim, dmarc, spf, policy, unverified} = seen
  const note = spf !== null && spf.result !== 'pass' ? '; SPF does not, as forwarding makes it' : ''
  if (dmarc === 'pass') return passed(`DMARC passes after the forward${note}`, evidence)
  const domain = address.slice(address.lastIndexOf('@') + 1)
  const enforced = policy === 'reject' || policy === 'quarantine'
  const broken = dkim.filter(({result}) => result === 'fail')
  if (broken.length > 0 && dkim.every(({result}) => result !== 'pass'))
    return enforced ? warned(brokenBy(domain, policy), evidence) : passed(brokenTitle(domain), evidence)
  if (dmarc === 'fail') return warned(failing(domain, dkim.length === 0), evidence)
  if (unverified !== null && dkim.length === 0) return passed(`Signatures were not verified: ${unverified}`, evidence)
  if (dkim.length > 0) return passed(`A signature holds after the forward${note}`, evidence)
  return enforced
    ? warned(failing(domain, true), evidence)
    : passed('It is not signed by DKIM, and no policy asks for it', evidence)
}

function evidenceOf({dkim, arc, spf, dmarc, policy, unverified}: ArrivalAuthentication): Evidence {
  return {
    dkim: dkim.map(({domain, selector, result, aligned, why}) => ({domain, selector, result, aligned, why})),
    ...(unverified === null ? {} : {unverified}),
    arc: arc === null ? null : {result: arc.result, sealers: arc.sealers, why: arc.why},
    spf: spf === null ? null : {result: spf.result, domain: spf.domain, by: spf.by},
    dmarc,
    policy,
  }
}

const brokenTitle = (domain: string) => `The forward breaks the DKIM signature of ${domain}`

const brokenBy = (domain: string, policy: string): ErrorParts => ({
  code: 'FORWARD_BREAKS_DKIM',
  exitCode: EXIT.domainAuthentication,
  title: brokenTitle(domain),
  why: `it changes the mail on the way, and by the policy of ${domain} (p=${policy}) a receiver that asks may refuse it; so it does to mail of customers`,
  fixes: [
    {text: 'Choose "redirect" rather than "forward" where the provider has both: it changes nothing that is signed.'},
    {
      text: 'Switch off what adds text to mail that is passed on: footers, disclaimers, marks in the subject, rewritten links.',
    },
  ],
})

const failing = (domain: string, unsigned: boolean): ErrorParts => ({
  code: unsigned ? 'PROBE_NOT_SIGNED' : 'PROBE_FAILS_DMARC',
  exitCode: EXIT.domainAuthentication,
  title: `Nothing proves any more that mail of ${domain} is its own`,
  why: unsigned
    ? 'it is not signed by DKIM, and forwarding breaks SPF'
    : 'no signature is of a domain that may speak for it, and forwarding breaks SPF',
  fixes: [{text: `Switch DKIM on for ${domain} at the provider that sends its mail.`}],
})
