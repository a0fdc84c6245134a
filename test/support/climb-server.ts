/** Climbs the ladder of one server, from its name to the last stage of its protocol, and says goodbye. */
import assert from 'node:assert/strict'
import type {Stage} from '../../src/lib/channel/stage.ts'
import type {StageId} from '../../src/lib/channel/stages.ts'
import {connectionRungs} from '../../src/lib/diagnosis/connection-stages.ts'
import {type Conversation, createConversation} from '../../src/lib/diagnosis/conversation.ts'
import {imapRungs} from '../../src/lib/diagnosis/imap-stages.ts'
import {climb} from '../../src/lib/diagnosis/ladder.ts'
import {loginRungs} from '../../src/lib/diagnosis/login-stages.ts'
import {quit, type RelayQuestion, relayRungs, smtpRungs} from '../../src/lib/diagnosis/smtp-stages.ts'
import type {DiagnosisSubject} from '../../src/lib/diagnosis/subject.ts'
import {createResolver, type ResolverAddress} from '../../src/lib/dns/resolver.ts'
import {Secret} from '../../src/lib/secret/secret.ts'

export type Question = Pick<DiagnosisSubject, 'protocol' | 'port'> &
  Partial<Omit<DiagnosisSubject, 'password'>> & {
    readonly password?: string | null
  }

export interface ClimbOptions {
  readonly relay?: RelayQuestion
  readonly until?: StageId
  /** The only one that is asked; without it the system is. */
  readonly resolver?: ResolverAddress
  readonly connectMs?: number
  readonly replyMs?: number
  readonly signal?: AbortSignal
}

export interface Climbed {
  readonly stages: readonly Stage[]
  readonly conversation: Conversation
  /** What we said, as the transcript has it. */
  readonly said: readonly string[]
  /** All that a report could show, as one text. */
  readonly everything: string
  stage(id: StageId): Stage
}

/** The host is localhost, the security `none`, and nobody logs in, unless the question says otherwise. */
export async function climbServer(question: Question, options: ClimbOptions = {}): Promise<Climbed> {
  const {relay, until = null, resolver = null, signal = new AbortController().signal} = options
  const {connectMs = 5000, replyMs = 5000} = options
  const transcript: {readonly from: string; readonly text: string}[] = []
  const conversation = createConversation(subjectOf(question), {
    deadlines: {connectMs, replyMs},
    query: createResolver({address: resolver}),
    asksSystem: resolver === null,
    transcript: (line) => transcript.push(line),
  })
  const rungs = [
    ...connectionRungs(conversation),
    ...loginRungs(conversation),
    ...(question.protocol === 'imap' ? imapRungs(conversation) : smtpRungs(conversation)),
    ...(relay === undefined ? [] : relayRungs(conversation, relay)),
  ]
  const stages: Stage[] = []
  try {
    for await (const stage of climb(rungs, {only: null, until, signal})) stages.push(stage)
  } finally {
    await quit(conversation)
  }
  return {
    stages,
    conversation,
    said: transcript.flatMap(({from, text}) => (from === 'client' ? [text] : [])),
    everything: JSON.stringify({stages, transcript, refused: conversation.refused}),
    stage(id) {
      const stage = stages.find((stage) => stage.id === id)
      assert.ok(stage, `there is no stage ${id}`)
      return stage
    },
  }
}

function subjectOf({password = null, ...question}: Question): DiagnosisSubject {
  return {
    host: 'localhost',
    security: 'none',
    user: null,
    mechanism: null,
    ca: null,
    tlsName: null,
    ehloName: 'client.example',
    family: 4,
    allowCleartext: false,
    provider: null,
    sender: null,
    recipient: null,
    message: null,
    mailbox: null,
    passwordMayFollow: false,
    ...question,
    password: password === null ? null : new Secret(password),
  }
}

/** The stages that did not pass, each with what it came to; but for those of the connection that have nothing to look at. */
export const notPassed = ({stages}: Climbed): readonly string[] =>
  stages
    .filter(({status, group}) => status !== 'pass' && !(group === 'connection' && status === 'skip'))
    .map(({id, status, problem, because}) => `${id} ${status} ${problem?.code ?? because ?? ''}`)
