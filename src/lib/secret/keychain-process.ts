/**
 * The process that talks to the keychain for `keychain.ts`; the only place that loads the native module.
 *
 * A process and not a worker thread: the module's calls are synchronous and wait for D-Bus and for unlock dialogs.
 * A thread inside such a call cannot be ended, and held back the exit of the whole program for 20 seconds with an
 * unanswered dialog and without an end with a bus that did not answer; a process can be killed.
 */

import type * as Keyring from '@napi-rs/keyring'

export interface KeychainRequest {
  readonly id: number
  readonly operation: 'get' | 'set' | 'delete'
  readonly service: string
  readonly account: string
  /** For `set`. */
  readonly value?: string
}

/** `value`: what `get` found, or null; for `set` what was read back; for `delete` whether there was one. */
export type KeychainReply =
  | {readonly id: number; readonly value: string | boolean | null}
  | {readonly id: number; readonly failed: string; readonly missingModule: boolean}

process.on('message', (request: KeychainRequest) => {
  void answer(request).then((reply) => process.send?.(reply))
})

async function answer(request: KeychainRequest): Promise<KeychainReply> {
  const {id} = request
  let module: typeof Keyring
  try {
    module = await import('@napi-rs/keyring')
  } catch (error) {
    return {id, failed: String(error), missingModule: true}
  }
  try {
    return {id, value: run(module, request)}
  } catch (error) {
    return {id, failed: error instanceof Error ? error.message : String(error), missingModule: false}
  }
}

function run({Entry}: typeof Keyring, request: KeychainRequest): string | boolean | null {
  const {operation, service, account, value = ''} = request
  // Pinned: left to itself the module falls back to the kernel's keyutils, which forget everything at the next start,
  // and whose reads say "not there" where they should say "no keychain".
  const open = () => new Entry(service, account, {linux: {store: 'secret-service'}})
  if (operation === 'delete') return open().deleteCredential()
  if (operation === 'set') open().setPassword(value)
  return open().getPassword()
}
