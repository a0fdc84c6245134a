/** The program at work on a store that takes mail. */
import assert from 'node:assert/strict'
import type {TestContext} from 'node:test'
import type {PortalSeed} from './portal.ts'
import {postdesk, temporaryHome} from './run-postdesk.ts'
import {startDesk, type Desk} from './seed.ts'
import type {StoreKind} from './stores.ts'

/** A desk and the program that works on it. */
export interface Program extends Desk {
  readonly home: string
  run(words: readonly string[], input?: string | Uint8Array): ReturnType<typeof postdesk>
  /** The envelope of a run with `--json`. */
  json<Result>(words: readonly string[], input?: string): Promise<Envelope<Result>>
}

/** What `--json` prints. */
export interface Envelope<Result> {
  readonly exitCode: number
  readonly result: Result
  readonly error?: {
    readonly code: string
    readonly title: string
    readonly fixes: readonly {text: string; command?: string}[]
    readonly missing?: readonly string[]
  }
  readonly warnings: readonly string[]
  readonly nextSteps: readonly string[]
}

/** A new store with a portal, for the program to work on. */
export async function startProgram(t: TestContext, kind: StoreKind, seed: PortalSeed = {}): Promise<Program> {
  const desk = await startDesk(t, kind, seed)
  const home = await temporaryHome(t)
  const run = (words: readonly string[], input: string | Uint8Array = '') =>
    postdesk(words, {home, env: {POSTDESK_STORE: desk.store.url}, input})
  return {
    ...desk,
    home,
    run,
    async json<Result>(words: readonly string[], input?: string) {
      const {stdout, stderr} = await run([...words, '--json'], input)
      assert.equal(stderr, '', 'with --json all is in the envelope')
      return JSON.parse(stdout) as Envelope<Result>
    },
  }
}
