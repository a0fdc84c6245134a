/** The ladder of one server: its names, the connection, the login, and what follows from that. */
import {failed, skipped, type Finding, warned} from '../channel/stage.ts'
import type {StageId} from '../channel/stages.ts'
import {isLoopback} from '../connection/loopback.ts'
import {IMAP, SMTP, useEncryption} from '../connection/protocol.ts'
import {connectionRungs} from '../diagnosis/connection-stages.ts'
import {createConversation, type Conversation} from '../diagnosis/conversation.ts'
import {domainRungs} from '../diagnosis/domain/domain-stages.ts'
import {imapRungs} from '../diagnosis/imap-stages.ts'
import type {Rung} from '../diagnosis/ladder.ts'
import {loginRungs} from '../diagnosis/login-stages.ts'
import {judgePassword} from '../diagnosis/password-shape.ts'
import {quit, relayRungs, smtpRungs} from '../diagnosis/smtp-stages.ts'
import type {DiagnosisSubject, TranscriptLine} from '../diagnosis/subject.ts'
import {providerOfHost} from '../discovery/providers.ts'
import {createResolver} from '../dns/resolver.ts'
import {EXIT, partsOf, type ErrorParts, type PostdeskError} from '../errors.ts'
import type {KnownLogin} from '../refused-passwords.ts'
import type {Secret} from '../secret/secret.ts'
import type {Ladder} from './ladder.ts'
import type {TestRun} from './run.ts'

/** What of a server depends on whose it is; the rest is filled in by the run. */
export interface ServerQuestion {
  readonly target: string
  readonly server: Pick<DiagnosisSubject, 'protocol' | 'host' | 'port' | 'security' | 'user'> &
    Partial<Omit<DiagnosisSubject, 'password'>>
  /** The password, or why this machine has none; null where none is needed. */
  readonly password: Secret | PostdeskError | null
  /** What is known of the settings, before anything is asked. */
  readonly config: Finding
  /** The domain whose records are looked at, and which of their stages; null for none. */
  readonly domain: {readonly name: string; readonly stages: readonly StageId[] | 'all'} | null
  /** The command that has the server spoken to in another security; null where the command line of the test says it. */
  readonly mend: ((security: DiagnosisSubject['security']) => string) | null
  /** A relay is asked for the null return path, and for this internal address as the sender. */
  readonly relay: {readonly internalSender: string | null} | null
}

/** `after`: what is looked at once the server is done with. */
export function serverLadder(question: ServerQuestion, run: TestRun, after: readonly Rung[] = []): Ladder {
  const {target, password, config, domain, relay} = question
  const subject = subjectOf(question, run)
  const transcript: TranscriptLine[] = []
  const query = createResolver({address: run.resolver})
  const conversation = createConversation(subject, {
    deadlines: run.deadlines,
    query,
    asksSystem: run.resolver === null,
    transcript: (line) => {
      transcript.push(line)
      run.onTranscript(target, line)
    },
  })
  // The addresses of the server come first, since all else hangs on them.
  const [addresses, ...connection] = connectionRungs(conversation)
  const ofDomain =
    domain === null
      ? []
      : domainRungs({
          domain: domain.name,
          protocol: subject.protocol,
          host: subject.host,
          port: subject.port,
          security: subject.security,
          provider: providerOfHost(subject.host)?.id ?? null,
          selectors: [],
          query,
        }).filter(({id}) => domain.stages === 'all' || domain.stages.includes(id))
  return {
    target,
    host: subject.host,
    rungs: [
      {id: 'config', needs: [], look: () => Promise.resolve(configOf(config, password, subject))},
      {id: 'password', needs: [], look: () => Promise.resolve(shapeOf(subject))},
      ...(addresses ? [addresses] : []),
      ...ofDomain.map((rung): Rung => ({...rung, early: true})),
      ...connection.map((rung) => (rung.id === 'tls-mode' ? mending(rung, conversation, question) : rung)),
      ...loginRungs(conversation).map((rung) => (rung.id === 'login' ? remembering(rung, conversation, run) : rung)),
      ...(subject.protocol === 'imap' ? imapRungs(conversation) : smtpRungs(conversation)),
      ...(relay === null ? [] : relayRungs(conversation, relay)),
      ...after,
    ],
    transcript,
    end: () => quit(conversation),
  }
}

function subjectOf({server, password}: ServerQuestion, run: TestRun): DiagnosisSubject {
  return {
    mechanism: null,
    ca: run.ca,
    tlsName: run.tlsName,
    ehloName: null,
    family: null,
    // Where it is kept with a server elsewhere, it was said so.
    allowCleartext: server.security === 'none',
    provider: null,
    sender: null,
    recipient: null,
    message: null,
    mailbox: null,
    passwordMayFollow: false,
    ...server,
    password: isSecret(password) ? password : null,
  }
}

const isSecret = (password: ServerQuestion['password']): password is Secret => password !== null && 'reveal' in password

function configOf(
  config: Finding,
  password: ServerQuestion['password'],
  {host, security, user, protocol}: DiagnosisSubject,
): Finding {
  if (password !== null && !isSecret(password)) return failed(partsOf(password), config.evidence)
  if (config.status !== 'pass' || security !== 'none' || user === null || isLoopback(host)) return config
  return warned(
    {
      code: 'CLEARTEXT',
      exitCode: EXIT.tls,
      title: `The password travels to ${host} in clear`,
      why: 'security is none, as it was asked for: everyone on the way can read the password and the mail',
      fixes: [useEncryption(protocol === 'imap' ? IMAP : SMTP)],
    },
    config.evidence,
  )
}

function shapeOf({password, host, user, provider}: DiagnosisSubject): Finding {
  if (password === null || user === null) return skipped('there is no password to look at')
  return judgePassword(password.reveal(), {host, user, provider})
}

/** What the port speaks was found out: the command that has it spoken from then on comes first. */
function mending(mode: Rung, conversation: Conversation, {mend}: ServerQuestion): Rung {
  return {
    ...mode,
    async look(signal) {
      const finding = await mode.look(signal)
      if (mend === null || finding.status !== 'fail' || !conversation.corrected) return finding
      const fix = {text: 'Speak to it as it wants:', command: mend(conversation.security)}
      return {...finding, problem: {...finding.problem, fixes: [fix, ...(finding.problem.fixes ?? [])]}}
    },
  }
}

/** The login, with the memory of what was refused: a password that is wrong counts towards a lock at the provider. */
function remembering(login: Rung, conversation: Conversation, run: TestRun): Rung {
  const {host, port, user, password} = conversation.subject
  // Settings without their password are told there, and not as a login that passed.
  const needs = [...login.needs, 'config'] as const
  if (user === null || password === null) return {...login, needs}
  const known = {host, port, user, password}
  return {
    ...login,
    needs,
    look: (signal) =>
      run.logins(known, async (turn) => {
        if (turn.isRefused) return failed(notAgain(known, 'by a test of this run'))
        const refused = await run.refused.recall(known)
        if (refused !== null && !(await run.triesAgain({user, host}, refused.at)))
          return failed(notAgain(known, `at ${refused.at}`))
        const finding = await login.look(signal)
        if (conversation.refused !== null) {
          turn.refuse()
          await run.refused.remember(known)
        } else if (finding.status === 'pass' && refused !== null) await run.refused.forget(known)
        return finding
      }),
  }
}

const notAgain = ({user, host}: KnownLogin, when: string): ErrorParts => ({
  code: 'PASSWORD_NOT_TRIED_AGAIN',
  exitCode: EXIT.credentials,
  title: `The password of ${user} at ${host} is not tried again`,
  why: `it was refused ${when}, and every refusal counts towards a lock of the account`,
  fixes: [{text: 'Mend what the refusal said, or give the right password; then test it again.'}],
})
