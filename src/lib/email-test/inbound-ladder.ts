/** The ladder of what a portal's mail comes in by: a mailbox, a Maildir, or the pipe of an MTA. */
import {access, constants, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {INBOUND} from '../account-password.ts'
import {readNoted} from '../channel-summary.ts'
import {failed, passed, warned, type Finding} from '../channel/stage.ts'
import {domainRungs} from '../diagnosis/domain/domain-stages.ts'
import type {Rung} from '../diagnosis/ladder.ts'
import {createResolver} from '../dns/resolver.ts'
import {EXIT, messageOf} from '../errors.ts'
import type {ImapInbound, InboundConfig, MaildirInbound} from '../inbound.ts'
import {findSource, findSourceByIdentity, pipeIdentity, type SourceRow} from '../store/sources.ts'
import {accountOf, flagsOf, settingsOf} from './account-of.ts'
import type {Ladder} from './ladder.ts'
import type {Desk, TestRun} from './run.ts'
import {serverLadder} from './server-ladder.ts'

/** Its name among the targets. */
export const INBOUND_TARGET = 'inbound'

/** The way in of a portal's mail: one connection and one login, however many addresses come in by it. */
export interface WayIn {
  /** The ladder of one of them, with what is looked at for it alone. */
  part(target: string, after: readonly Rung[]): Ladder
}

export async function inboundLadder(desk: Desk, run: TestRun): Promise<WayIn> {
  const source = await inboundOf(desk)
  const ladder = await ladderOfSource(source, desk, run)
  const rungs = ladder.rungs.map((rung): Rung => {
    const looked = new Map<AbortSignal, Promise<Finding>>()
    return {
      ...rung,
      look(signal) {
        const known = looked.get(signal) ?? rung.look(signal)
        looked.set(signal, known)
        return known
      },
    }
  })
  let open = 0
  return {
    part(target, after) {
      open++
      return {
        ...ladder,
        target,
        rungs: [...rungs, ...after],
        end: async () => {
          if (--open === 0) await ladder.end()
        },
      }
    },
  }
}

const inboundOf = ({store, portal}: Desk): Promise<SourceRow | undefined> =>
  portal.inbound_source_id === null
    ? findSourceByIdentity(store.db, pipeIdentity(portal.id))
    : findSource(store.db, portal.id, portal.inbound_source_id)

async function ladderOfSource(source: SourceRow | undefined, desk: Desk, run: TestRun): Promise<Ladder> {
  const inbound: Rung = {id: 'inbound', needs: [], look: () => Promise.resolve(wayInOf(source, desk))}
  const config = source && source.kind !== 'pipe' ? (JSON.parse(source.config) as InboundConfig) : null
  if (config?.kind === 'imap') return imapLadder(config, desk, run, [inbound])
  return {
    target: INBOUND_TARGET,
    host: null,
    rungs: [...mxRungs(desk.portal.domain, run), inbound, ...(config === null ? [] : [maildirRung(config)])],
    transcript: [],
    end: () => Promise.resolve(),
  }
}

async function imapLadder(config: ImapInbound, desk: Desk, run: TestRun, after: readonly Rung[]): Promise<Ladder> {
  const {host, port, security, user, mailbox} = config
  const server = {host, port, security, user}
  const account = await accountOf(INBOUND, server, desk)
  return serverLadder(
    {
      target: INBOUND_TARGET,
      server: {protocol: 'imap', ...server, mailbox},
      password: account.password,
      config: settingsOf(server, {...account.evidence, mailbox}),
      domain: {name: desk.portal.domain, stages: ['mx']},
      mend: (security) => `postdesk portal inbound set imap ${flagsOf(server, security)} --portal ${desk.portal.key}`,
      relay: null,
    },
    run,
    after,
  )
}

function wayInOf(source: SourceRow | undefined, {portal}: Desk): Finding {
  const on = `--portal ${portal.key}`
  if (source === undefined)
    return failed({
      code: 'NO_INBOUND',
      exitCode: EXIT.config,
      title: `No mail of ${portal.domain} comes in`,
      why: 'no mailbox is named that it is fetched from, and no MTA has handed in any',
      fixes: [
        {text: 'Say which mailbox it is:', command: `postdesk portal inbound set imap ${on}`},
        {text: 'Or let an MTA hand it in:', command: 'postdesk email deliver --recipient=ADDRESS < message'},
      ],
    })
  const evidence = {kind: source.kind, lastSyncAt: source.last_ok_at}
  if (source.last_error) {
    const {code, title, why, at} = readNoted(source.last_error)
    return warned(
      {
        code: 'INBOUND_FAILED_LAST',
        exitCode: EXIT.tryAgain,
        title: `The last sync failed at ${at}: ${title} (${code})`,
        why,
        fixes: [{text: 'Mend what the other stages say; then:', command: `postdesk email sync ${on}`}],
      },
      evidence,
    )
  }
  return passed(WAYS[source.kind] ?? `Mail comes in by ${source.kind}`, evidence)
}

const WAYS: Readonly<Record<string, string>> = {
  imap: 'Mail is fetched from a mailbox by IMAP',
  maildir: 'Mail is taken from a Maildir',
  pipe: 'An MTA hands mail in',
}

/** Whether the domain of a portal takes mail at all. */
const mxRungs = (domain: string, {resolver}: TestRun): readonly Rung[] =>
  domainRungs({
    domain,
    protocol: 'smtp',
    host: null,
    port: null,
    security: null,
    provider: null,
    selectors: [],
    query: createResolver({address: resolver}),
  })
    .filter(({id}) => id === 'mx')
    .map((rung) => ({...rung, early: true}))

const maildirRung = ({path}: MaildirInbound): Rung => ({
  id: 'maildir',
  needs: [],
  look: () => lookAtMaildir(path),
})

async function lookAtMaildir(path: string): Promise<Finding> {
  for (const part of ['new', 'cur', 'tmp']) {
    const directory = join(path, part)
    try {
      if (!(await stat(directory)).isDirectory()) throw new Error(`${directory} is no directory`)
      await access(directory, constants.R_OK | constants.X_OK)
    } catch (error) {
      return failed(
        {
          code: 'MAILDIR_UNREADABLE',
          exitCode: EXIT.config,
          title: `The Maildir ${path} cannot be read`,
          why: messageOf(error),
          fixes: [{text: 'Name the directory that holds new, cur and tmp, and let this user read it.'}],
        },
        {path},
      )
    }
  }
  return passed(`The Maildir ${path} can be read`, {path})
}
