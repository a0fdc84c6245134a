/** Two machines share a store; each sends its password only where it was given for. */
import assert from 'node:assert/strict'
import {writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {test, type TestContext} from 'node:test'
import {EXIT} from '../../src/lib/errors.ts'
import {postdesk, temporaryHome, type Run} from '../support/run-postdesk.ts'
import {startScriptedImap, type ScriptedImap} from '../support/scripted-imap.ts'

const PASSWORD = 'correct horse battery'

interface Machine {
  (args: readonly string[], input?: string): Promise<Run>
}

/** A machine with a secret place of its own on the store in `storeFile`. */
async function machine(t: TestContext, storeFile: string): Promise<Machine> {
  const home = await temporaryHome(t)
  const passphrase = join(home, 'passphrase')
  await writeFile(passphrase, 'a passphrase\n', {mode: 0o600})
  const env = {
    POSTDESK_STORE: `sqlite:${storeFile}`,
    POSTDESK_SECRET_STORE: 'vault',
    POSTDESK_VAULT_PASSPHRASE_FILE: passphrase,
    MAIL: PASSWORD,
  }
  return (args, input) => postdesk(args, {home, env, ...(input === undefined ? {} : {input})})
}

/** Passwords that the server was given. */
function passwordsOf(server: ScriptedImap): string[] {
  const passwords: string[] = []
  server.script.set('LOGIN', (exchange) => {
    passwords.push(exchange.args)
    exchange.usual()
  })
  return passwords
}

for (const [way, flag, input] of [
  ['a reference', ['--password-env', 'MAIL'], undefined],
  ['a copy in the vault', ['--password-stdin'], `${PASSWORD}\n`],
] as const)
  test(`${way} is not sent to a server that another machine named`, async (t) => {
    const storeFile = join(await temporaryHome(t), 'store.sqlite')
    const [first, second] = [await machine(t, storeFile), await machine(t, storeFile)]
    const [right, wrong] = [await startScriptedImap(t, []), await startScriptedImap(t, [])]
    const [toRight, toWrong] = [passwordsOf(right), passwordsOf(wrong)]
    const set = (port: number) =>
      ['portal', 'inbound', 'set', 'imap', '--host', '127.0.0.1', '--security', 'none', '--user', 'all'].concat(
        '--port',
        String(port),
      )
    const did = async (run: Promise<Run>, code: number) => {
      const {stdout, stderr, ...ended} = await run
      assert.equal(ended.code, code, stdout + stderr)
      return stdout + stderr
    }
    await did(first(['portal', 'add', 'acme', '--domain', 'acme.example']), 0)
    await did(first([...set(right.port), ...flag], input), 0)
    await did(first(['email', 'sync']), 0)
    assert.equal(toRight.length, 1)

    await did(second([...set(wrong.port), '--password-stdin'], 'of the second machine\n'), 0)
    const refused = await did(first(['email', 'sync']), EXIT.config)
    assert.match(refused, /has it for another host, port, security or user/)
    assert.match(await did(first(['secret', 'list']), 0), /has it for another host/)
    assert.deepEqual([toWrong, wrong.connections()], [[], 0])

    // Whoever gave it may say that it is right there too; then the former use is forgotten.
    await did(first([...set(wrong.port), '--keep-password']), 0)
    await did(first(['email', 'sync']), 0)
    assert.equal(toWrong.length, 1)
    await did(second([...set(right.port), '--password-stdin'], 'of the second machine\n'), 0)
    await did(first(['email', 'sync']), EXIT.config)
    assert.equal(toRight.length, 1)

    await did(first(['portal', 'inbound', 'unset']), 0)
    await did(first([...set(wrong.port), '--password-env', 'UNSET']), 0)
    await did(first(['email', 'sync']), EXIT.config)
    assert.equal(toWrong.length, 1)
  })
