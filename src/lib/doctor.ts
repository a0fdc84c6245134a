/** Looks this machine and its portals over: environment, store, secrets, network, and what is odd in the portals. */
import type {Clock} from './clock.ts'
import type {Finding} from './channel/stage.ts'
import {failed, skipped} from './channel/stage.ts'
import type {ResolverAddress} from './dns/resolver.ts'
import {notFound, partsOf, PostdeskError} from './errors.ts'
import {nearNames} from './near-names.ts'
import {lookAtClock} from './doctor/clock.ts'
import {examine, type Check, type Examination} from './doctor/examine.ts'
import {lookAtDisk, lookAtModes, type MachinePaths} from './doctor/files.ts'
import {lookAtOutbound} from './doctor/outbound.ts'
import {
  findInPortals,
  lookAtPortals,
  needsSecretPlace,
  PORTAL_CHECKS,
  questionOf,
  serversOf,
  type Desk,
  type PortalCheckId,
} from './doctor/portal.ts'
import {
  lookAtCertificates,
  lookAtLimits,
  lookAtNode,
  lookAtProxies,
  proxiesIn,
  type ProgramFacts,
} from './doctor/program.ts'
import {lookAtResolvers, misnamedResolver} from './doctor/resolvers.ts'
import {lookAtBindings, lookAtSecretPlace} from './doctor/secret-place.ts'
import {lookAtSchema, lookAtWriting, reachStore, whyClosed, type ReachedStore} from './doctor/store.ts'
import {verdictOfChecks, type DoctorVerdict} from './doctor/verdict.ts'
import type {SecretSources} from './secret/resolve-secret.ts'
import type {StoreLocation} from './store/location.ts'
import {listPortals} from './store/portals.ts'

export interface DoctorReport {
  readonly checks: readonly Check[]
  readonly verdict: DoctorVerdict
}

/** What is looked over. What could not even be found out is an error in its place. */
export interface Patient {
  readonly program: ProgramFacts
  readonly env: NodeJS.ProcessEnv
  readonly paths: MachinePaths
  /** The file of the vault, which need not be there. */
  readonly vaultPath: string
  readonly settings: PostdeskError | null
  readonly store: {readonly location: StoreLocation; readonly isNamed: boolean} | PostdeskError
  /** Key of the only portal to look at; undefined for all. */
  readonly portal: string | undefined
  readonly resolver: ResolverAddress | PostdeskError | null
  /** Rejects with 64 where the secret place is misnamed. */
  readonly secrets: () => Promise<SecretSources>
  readonly clock: Clock
}

/** Changes nothing. @throws 67 for a portal that is not there. */
export async function runDoctor(patient: Patient): Promise<DoctorReport> {
  const reached = reach(patient)
  try {
    const checks = await examine(examinationsOf(patient, reached))
    return {checks, verdict: verdictOfChecks(checks)}
  } finally {
    await (await reached).store?.close()
  }
}

async function reach({store, settings}: Patient): Promise<ReachedStore> {
  if (settings !== null) return {finding: skipped('it needs settings, which did not pass'), status: null, store: null}
  if (store instanceof PostdeskError) return {finding: failed(partsOf(store)), status: null, store: null}
  return reachStore(store.location, store.isNamed)
}

function examinationsOf(patient: Patient, reached: Promise<ReachedStore>): readonly Examination[] {
  const {program, env, paths, vaultPath, settings, clock, resolver, secrets} = patient
  const location = patient.store instanceof PostdeskError ? null : patient.store.location
  const desk = reached.then((store) => deskOf(store, patient.portal))
  const servers = desk.then((desk) => (desk === null ? [] : serversOf(desk)))
  const place = deferred(async () => {
    const sources = await secrets()
    return lookAtSecretPlace(sources, vaultPath, async () => {
      const known = await desk
      return known !== null && needsSecretPlace(known, sources)
    })
  })
  const found = desk.then((desk) =>
    desk === null ? null : findInPortals(desk, {now: clock.now(), secrets: () => asFound(secrets, place)}),
  )
  const ofPortal = (id: PortalCheckId): Examination => ({
    id,
    after: found,
    async look() {
      const [known, findings] = [await desk, await found]
      if (known === null || findings === null) return skipped(whyNoPortal(await reached))
      if (id === 'passwords' && findings.has(id) && (await place()).status === 'fail')
        return skipped('it needs secret-place, which did not pass')
      return lookAtPortals(id, known, findings)
    },
  })
  return [
    {id: 'node', look: () => lookAtNode(program)},
    {id: 'limits', look: lookAtLimits},
    {id: 'clock', after: reached, look: async () => lookAtClock(clock, (await reached).store)},
    {id: 'certificates', look: () => lookAtCertificates(env)},
    {id: 'settings', look: () => lookAtSettings(settings)},
    {id: 'modes', look: () => lookAtModes(paths, location, vaultPath)},
    {id: 'disk', look: () => lookAtDisk(paths, location)},
    {id: 'store', look: async () => (await reached).finding},
    {id: 'schema', after: reached, look: async () => lookAtSchema(await reached)},
    {id: 'write', after: reached, look: async () => lookAtWriting(await reached)},
    {id: 'bindings', look: async () => lookAtBindings(await secrets())},
    {id: 'secret-place', look: place},
    {
      id: 'resolvers',
      after: servers,
      async look() {
        if (resolver instanceof PostdeskError) return misnamedResolver(resolver)
        return lookAtResolvers(resolver, questionOf((await desk)?.portals ?? [], await servers))
      },
    },
    {id: 'proxy', look: () => lookAtProxies(env)},
    {
      id: 'outbound',
      after: servers,
      look: async () =>
        (await desk) === null
          ? skipped(whyNoPortal(await reached))
          : lookAtOutbound(await servers, {proxies: proxiesIn(env)}),
    },
    ...(Object.keys(PORTAL_CHECKS) as PortalCheckId[]).map(ofPortal),
  ]
}

/** What secrets come from, where the place is known not to work: it is not waited for once more. */
async function asFound(secrets: () => Promise<SecretSources>, look: () => Promise<Finding>): Promise<SecretSources> {
  const [sources, finding] = [await secrets(), await look()]
  if (!('problem' in finding)) return sources
  const {place} = sources
  return {...sources, place: {...place, get: () => Promise.reject(new PostdeskError(finding.problem))}}
}

function lookAtSettings(problem: PostdeskError | null): Finding {
  return problem === null
    ? {status: 'pass', title: 'The settings of this machine can be read'}
    : failed(partsOf(problem))
}

/** The portals of an open store; null where there is none. @throws 67 for one that was named and is not there. */
async function deskOf({store}: ReachedStore, key: string | undefined): Promise<Desk | null> {
  if (store === null) return null
  const portals = await listPortals(store.db)
  if (key === undefined) return portals.length === 0 ? null : {store, portals}
  const named = portals.filter((portal) => portal.key === key)
  if (named.length === 0)
    throw notFound(
      'portal',
      key,
      nearNames(
        key,
        portals.map((portal) => portal.key),
      ),
    )
  return {store, portals: named}
}

const whyNoPortal = (reached: ReachedStore): string =>
  reached.store === null ? whyClosed(reached) : 'there is no portal yet'

/** Done once, at the first call. */
function deferred<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined
  return () => (begun ??= work())
}
