/** The stage `dkim`: the keys that mail of the domain is signed with (RFC 6376), where their selectors are known. */
import {type EvidenceValue, type Finding, skipped, warned} from '../../channel/stage.ts'
import {PROVIDERS} from '../../discovery/providers.ts'
import {type Ask, notKnown, textsOf} from './ask.ts'
import {conclude, type Fault} from './conclude.ts'
import type {DomainSubject} from './domain-subject.ts'
import {ownerOf} from './owner.ts'
import {type DkimDefectCode, type DkimKey, readDkimKey} from './read-dkim-key.ts'
import {type SendingFacts, sendingFactsOf} from './sending-facts.ts'

/** Selectors that are asked for. Providers use three at most; the rest is for those that are given. */
const MOST_SELECTORS = 10

export interface DkimExam {
  /** `given`: by the user; `usual`: the provider's; `none`: nobody knows any. */
  readonly source: 'given' | 'usual' | 'none'
  readonly selectors: readonly SelectorAnswer[]
  /** Whether mail is signed with a key of the domain: `no` where the provider uses certain keys, and none is there. */
  readonly signs: 'yes' | 'no' | 'unknown'
}

/** What is published at a selector. */
export interface SelectorAnswer {
  readonly selector: string
  readonly name: string
  /** Where the name is an alias of; null for none. */
  readonly alias: string | null
  readonly state: 'key' | 'several' | 'none' | 'unknown'
  readonly key: DkimKey | null
  readonly why: string
}

export async function examineDkim(subject: DomainSubject, ask: Ask): Promise<DkimExam> {
  const {domain, provider, selectors} = subject
  const owner = ownerOf(subject)
  // A provider signs mail of its own domains with keys of its choice, and nobody else can.
  if (owner !== null && selectors.length === 0)
    return {source: 'none', selectors: [], signs: owner.sends ? 'yes' : 'no'}
  const facts = sendingFactsOf(provider)
  const source = selectors.length > 0 ? 'given' : facts !== null && facts.selectors.length > 0 ? 'usual' : 'none'
  const wanted = (source === 'given' ? selectors : (facts?.selectors ?? [])).slice(0, MOST_SELECTORS)
  const answers = await Promise.all(wanted.map((selector) => askSelector(selector, domain, ask)))
  return {source, selectors: answers, signs: signsOf(source, answers, facts)}
}

async function askSelector(selector: string, domain: string, ask: Ask): Promise<SelectorAnswer> {
  const name = `${selector}._domainkey.${domain}`
  const [txt, cname] = await Promise.all([ask(name, 'TXT'), ask(name, 'CNAME')])
  const alias = cname.kind === 'found' ? cname.records[0]!.toLowerCase().replace(/\.$/, '') : null
  const answer = {selector, name, alias, key: null, why: ''}
  if (txt.kind === 'unknown') return {...answer, state: 'unknown', why: txt.why}
  if (txt.kind === 'none') return {...answer, state: 'none'}
  const texts = textsOf(txt.records)
  return texts.length === 1
    ? {...answer, state: 'key', key: readDkimKey(texts[0]!)}
    : {...answer, state: 'several', why: `${texts.length} records`}
}

function signsOf(source: DkimExam['source'], answers: readonly SelectorAnswer[], facts: SendingFacts | null) {
  if (answers.some(isUsable)) return 'yes'
  if (answers.length === 0 || answers.some(({state}) => state === 'unknown')) return 'unknown'
  return source === 'given' || facts?.uses === 'always' ? 'no' : 'unknown'
}

const isUsable = ({key}: SelectorAnswer) => key !== null && key.defects.every(({weight}) => weight !== 'broken')

export function findDkim(subject: DomainSubject, {source, selectors}: DkimExam): Finding {
  const {domain, provider} = subject
  const facts = sendingFactsOf(provider)
  const owner = ownerOf(subject)
  const evidence = {source, selectors: selectors.map(evidenceOf)}
  if (source === 'none' && owner !== null)
    return skipped(`${domain} belongs to ${owner.provider.name}, which alone has its keys`, evidence)
  if (source === 'none')
    return skipped('no selector is known: the round trip tells, which sees the signature', evidence)
  const unknown = selectors.find(({state}) => state === 'unknown')
  const usable = selectors.filter(isUsable)
  if (unknown && (source === 'given' || usable.length === 0))
    return warned(notKnown(`The DKIM key ${unknown.name}`, unknown.why), evidence)
  const there = selectors.filter(({state, alias}) => state !== 'none' || alias !== null)
  if (source === 'usual' && there.length === 0)
    return facts!.uses === 'sometimes'
      ? skipped(
          `none of the usual selectors is there (${named(selectors)}), and others may be: the round trip tells`,
          evidence,
        )
      : conclude({well: '', faults: [notSetUp(subject, facts!, selectors)], evidence})
  // A provider keeps old and new keys side by side: one that is good is enough.
  const looked = source === 'given' ? selectors : usable.length > 0 ? usable : there
  return conclude({
    well: `DKIM of ${domain} has ${usable.length === 1 ? 'a good key' : `${usable.length} good keys`} (${named(usable)})`,
    faults: looked.flatMap((answer) => faultsOf(answer, source)),
    notes: source === 'usual' ? there.filter((answer) => !looked.includes(answer)).map(noteOf) : [],
    evidence,
  })
}

const named = (answers: readonly SelectorAnswer[]) => answers.map(({selector}) => selector).join(', ')

const evidenceOf = ({selector, name, alias, state, key}: SelectorAnswer): EvidenceValue => ({
  selector,
  name,
  state,
  ...(alias === null ? {} : {alias}),
  ...(key === null ? {} : {type: key.type, bits: key.bits, testing: key.isTesting, revoked: key.isRevoked}),
})

const noteOf = ({selector, key, state}: SelectorAnswer) =>
  `${selector}: ${key?.isRevoked === true ? 'taken back' : state === 'key' ? 'not usable' : 'no key'}, which does no harm beside a good one`

/** Nothing at all is there of what the provider signs with. */
function notSetUp({domain, provider}: DomainSubject, facts: SendingFacts, selectors: readonly SelectorAnswer[]): Fault {
  const name = PROVIDERS.find(({id}) => id === provider)?.name ?? provider
  const {alias, uses, source} = facts
  return {
    code: 'DKIM_KEY_MISSING',
    weight: 'broken',
    title: `${domain} has no DKIM key of ${name}`,
    why: `there is nothing at ${selectors.map((one) => one.name).join(', ')}: without a key ${name} does not sign as ${domain}`,
    certainty: 'likely',
    ...(uses === 'usually'
      ? {causes: ['DKIM was not switched on for the domain', 'another selector was chosen: the round trip tells']}
      : {}),
    publish:
      alias === null
        ? []
        : selectors.map((one) => ({
            name: one.name,
            type: 'CNAME',
            value: `${alias.replace('{selector}', one.selector).replace('{domain}', domain)}.`,
            replaces: false,
          })),
    fixes: [
      {text: `Switch on DKIM for ${domain} at ${name}, and publish what it shows for ${named(selectors)}: ${source}`},
    ],
  }
}

function faultsOf({name, selector, alias, state, key}: SelectorAnswer, source: DkimExam['source']): Fault[] {
  const again = {text: `Publish the key of the selector ${selector} once more, as the one who signs shows it.`}
  if (state === 'none')
    return [
      alias === null
        ? {
            code: 'DKIM_KEY_MISSING',
            weight: 'broken',
            title: `There is no DKIM key at ${name}`,
            why: source === 'given' ? 'the selector was given, and has no record' : 'it has no record',
            fixes: [{text: 'Look for a typing mistake in the selector.'}, again],
          }
        : {
            code: 'DKIM_ALIAS_DANGLING',
            weight: 'broken',
            title: `The DKIM key ${name} leads nowhere`,
            why: `it is an alias of ${alias}, where no key is`,
            fixes: [
              {text: 'Switch on DKIM for the domain at the provider that the alias leads to.'},
              {text: 'Compare the alias, letter by letter, with the one that the provider shows.'},
            ],
          },
    ]
  if (state === 'several' || key === null)
    return [
      {
        code: 'DKIM_KEY_SEVERAL',
        weight: 'broken',
        title: `There are several records at ${name}`,
        why: 'a selector has one key; which of several is taken, nobody knows (RFC 6376 3.6.2.2)',
        fixes: [{text: 'Keep the record of the key that is signed with, and remove all others.'}],
      },
    ]
  return key.defects.flatMap(({code, weight, why}): Fault[] =>
    weight === 'note' ? [] : [{code, weight, title: TITLES[code](name), why, fixes: [{text: FIXES[code]}]}],
  )
}

const TITLES: Readonly<Record<DkimDefectCode, (name: string) => string>> = {
  DKIM_KEY_SYNTAX: (name) => `The DKIM key ${name} cannot be read`,
  DKIM_KEY_REVOKED: (name) => `The DKIM key ${name} was taken back`,
  DKIM_KEY_TYPE_UNKNOWN: (name) => `The DKIM key ${name} is of an unknown type`,
  DKIM_KEY_NOT_FOR_MAIL: (name) => `The DKIM key ${name} is not for mail`,
  DKIM_KEY_HASH: (name) => `The DKIM key ${name} forbids the hash of today`,
  DKIM_KEY_TOO_SHORT: (name) => `The DKIM key ${name} is too short to count`,
  DKIM_KEY_SHORT: (name) => `The DKIM key ${name} is short`,
  DKIM_KEY_TESTING: (name) => `The DKIM key ${name} is marked as a test`,
}

const FIXES: Readonly<Record<DkimDefectCode, string>> = {
  DKIM_KEY_SYNTAX:
    'Publish the key once more, as the one who signs shows it; one of more than 255 characters goes into one record as several strings.',
  DKIM_KEY_REVOKED: 'Sign with another key, and publish it under a new selector.',
  DKIM_KEY_TYPE_UNKNOWN: 'Correct k= to rsa or ed25519.',
  DKIM_KEY_NOT_FOR_MAIL: 'Remove s= from the record.',
  DKIM_KEY_HASH: 'Remove h= from the record, and sign with rsa-sha256.',
  DKIM_KEY_TOO_SHORT: 'Make a key of 2048 bits, publish it under a new selector, and sign with it.',
  DKIM_KEY_SHORT: 'Make a key of 2048 bits, publish it under a new selector, and sign with it.',
  DKIM_KEY_TESTING: 'Remove t=y from the record once signatures hold.',
}
