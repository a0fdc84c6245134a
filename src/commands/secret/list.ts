import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderSecrets} from '../../lib/cli/render-secrets.ts'
import type {Style} from '../../lib/cli/style.ts'
import type {SecretSummary} from '../../lib/secret-names.ts'

/** The secrets that a portal uses, and where this machine has them. */
export interface SecretListResult {
  readonly secrets: readonly SecretSummary[]
}

export default class SecretList extends BaseCommand<typeof SecretList, SecretListResult> {
  static override summary = 'List the secrets of the portal and where this machine has them, never their values.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<SecretListResult> {
    const {namedSecrets, summariseSecrets} = await import('../../lib/secret-names.ts')
    const secrets = await namedSecrets(await this.store(), await this.portal())
    return {secrets: secrets.length === 0 ? [] : await summariseSecrets(secrets, await this.secrets())}
  }

  protected render({secrets}: SecretListResult, style: Style): string {
    return renderSecrets(secrets, style)
  }
}
