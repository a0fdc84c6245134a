import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {confirmFlag} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** The portal that is gone. */
export interface PortalRemoveResult {
  readonly key: string
  readonly changed: boolean
}

export default class PortalRemove extends BaseCommand<typeof PortalRemove, PortalRemoveResult> {
  static override summary = 'Remove a portal with everything in it: addresses, queues, agents, tickets and their mail.'
  static override examples = ['<%= config.bin %> <%= command.id %> acme --confirm acme']
  static override args = {
    key: Args.string({name: 'KEY', description: 'The portal; default: the current one.', ignoreStdin: true}),
  }
  static override flags = confirmFlag('KEY')
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<PortalRemoveResult> {
    const {contentOfPortal, removePortal} = await import('../../lib/portal.ts')
    const {forgetSecret, namedSecrets} = await import('../../lib/secret-names.ts')
    const [portal, store] = [await this.portal(this.args.key), await this.store()]
    await this.confirmName(
      `the portal ${portal.key} with its ${await contentOfPortal(store, portal)}`,
      portal.key,
      this.flags.confirm,
    )
    const secrets = await namedSecrets(store, portal)
    await removePortal(store, portal)
    for (const {id, name} of secrets) {
      const problem = await forgetSecret(id, await this.secrets())
      if (problem !== null) this.warning(`A copy of ${name} may be left on this machine: ${problem}`)
    }
    return {key: portal.key, changed: true}
  }

  protected render({key}: PortalRemoveResult): string {
    return `Portal ${key} removed.\n`
  }
}
