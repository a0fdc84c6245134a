import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {EXIT} from '../../lib/errors.ts'

/** The secrets whose copies are elsewhere now. */
export interface SecretMoveResult {
  readonly to: 'keychain' | 'vault'
  readonly moved: readonly string[]
  readonly changed: boolean
}

export default class SecretMove extends BaseCommand<typeof SecretMove, SecretMoveResult> {
  static override summary = 'Move copies of secrets between the keychain and the vault of this machine.'
  static override description =
    'Each is written and read back before the old copy goes. References are left as they are.'
  static override examples = ['<%= config.bin %> <%= command.id %> --to vault']
  static override args = {name: Args.string({name: 'NAME', description: 'Only this secret.', ignoreStdin: true})}
  static override flags = {
    to: Flags.option({options: ['keychain', 'vault'] as const, summary: 'Where to.', required: true})(),
  }
  static override exitCodes = [EXIT.notFound, EXIT.config]

  async run(): Promise<SecretMoveResult> {
    const {moveSecrets, namedSecrets, pickSecrets, portalOfSecret} = await import('../../lib/secret-names.ts')
    const {name} = this.args
    const portal = await (name === undefined ? this.portal() : this.portal(portalOfSecret(name)))
    const picked = pickSecrets(await namedSecrets(await this.store(), portal), name === undefined ? [] : [name])
    const moved = await moveSecrets(picked, this.flags.to, await this.secrets())
    return {to: this.flags.to, moved, changed: moved.length > 0}
  }

  protected render({to, moved}: SecretMoveResult): string {
    return moved.length === 0 ? 'There was nothing to move.\n' : `Moved to the ${to}: ${moved.join(', ')}.\n`
  }
}
