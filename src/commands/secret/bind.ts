import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** Where this machine finds the secret now. */
export interface SecretBindResult {
  readonly name: string
  readonly ref: string
  readonly changed: boolean
}

export default class SecretBind extends BaseCommand<typeof SecretBind, SecretBindResult> {
  static override summary = 'Say where this machine finds a secret; no copy is kept.'
  static override description =
    'REF is env:VAR, file:PATH, cmd:["program","argument"], keychain:ENTRY or vault:ENTRY. It is read at each use.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme/inbound/password env:ACME_MAIL_PASSWORD',
    `<%= config.bin %> <%= command.id %> acme/inbound/password 'cmd:["pass","show","mail/acme"]'`,
  ]
  static override args = {
    name: Args.string({name: 'NAME', description: 'PORTAL/CHANNEL/FIELD', required: true, ignoreStdin: true}),
    ref: Args.string({name: 'REF', description: 'Where to find it.', required: true, ignoreStdin: true}),
  }
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<SecretBindResult> {
    const [{bindSecret, namedSecrets, pickSecrets, portalOfSecret}, {formatSecretRef, parseSecretRef}] = [
      await import('../../lib/secret-names.ts'),
      await import('../../lib/secret/secret-ref.ts'),
    ]
    const {name} = this.args
    const ref = parseSecretRef(this.args.ref)
    const portal = await this.portal(portalOfSecret(name))
    const [secret] = pickSecrets(await namedSecrets(await this.store(), portal), [name])
    const problem = await bindSecret(secret!, ref, await this.secrets())
    if (problem !== null) this.warning(`It leads nowhere now: ${problem}`)
    const {resumeAccount} = await import('../../lib/account-password.ts')
    await resumeAccount(await this.store(), secret!)
    return {name, ref: formatSecretRef(ref), changed: true}
  }

  protected render({name, ref}: SecretBindResult): string {
    return `${name} is found by ${ref}.\n`
  }
}
