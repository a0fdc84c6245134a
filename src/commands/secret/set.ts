import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** The secret whose value this machine keeps now. */
export interface SecretSetResult {
  readonly name: string
  readonly place: 'keychain' | 'vault'
  readonly changed: boolean
}

export default class SecretSet extends BaseCommand<typeof SecretSet, SecretSetResult> {
  static override summary = "Keep the value of a secret in this machine's secret place."
  static override description =
    'The value is asked for, or comes by standard input or from a file; it is read back after it was written.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme/inbound/password --value-stdin < /run/secrets/mail',
    '<%= config.bin %> <%= command.id %> acme/inbound/password',
  ]
  static override args = {
    name: Args.string({name: 'NAME', description: 'PORTAL/CHANNEL/FIELD', required: true, ignoreStdin: true}),
  }
  static override flags = {
    'value-stdin': Flags.boolean({
      summary: 'Read the value from standard input.',
      helpGroup: 'SECRETS',
      exclusive: ['value-file'],
    }),
    'value-file': Flags.string({summary: 'Copy the value from a file.', helpGroup: 'SECRETS', helpValue: 'PATH'}),
  }
  static override exitCodes = [EXIT.notFound, EXIT.config]

  async run(): Promise<SecretSetResult> {
    const {namedSecrets, pickSecrets, portalOfSecret, setSecret} = await import('../../lib/secret-names.ts')
    const {name} = this.args
    const portal = await this.portal(portalOfSecret(name))
    const [secret] = pickSecrets(await namedSecrets(await this.store(), portal), [name])
    const sources = await this.secrets()
    // Nobody types a password in vain.
    await sources.place.probe()
    await setSecret(secret!, await this.value(secret!.boundTo), sources)
    const {resumeAccount} = await import('../../lib/account-password.ts')
    await resumeAccount(await this.store(), secret!)
    return {name, place: sources.place.kind, changed: true}
  }

  protected render({name, place}: SecretSetResult): string {
    return `${name} is kept in the ${place}.\n`
  }

  private async value(boundTo: string) {
    if (this.flags['value-stdin'])
      return (await import('../../lib/secret/read-secret-stdin.ts')).readSecretStdin('--value-stdin')
    const path = this.flags['value-file']
    if (path !== undefined)
      return (await import('../../lib/secret/file.ts')).readSecretFile(path, (text) => this.warning(text))
    if (this.interactive)
      return (await import('../../lib/cli/prompts.ts')).askSecret(`Value of ${this.args.name} for ${boundTo}`)
    throw (await import('../../lib/errors.ts')).missingInput({
      missing: ['--value-stdin'],
      command: `postdesk secret set ${this.args.name} --value-stdin < FILE`,
      asks: true,
    })
  }
}
