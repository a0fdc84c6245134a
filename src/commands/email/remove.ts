import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {confirmFlag} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** The address that is gone. */
export interface EmailRemoveResult {
  readonly address: string
  readonly changed: boolean
}

export default class EmailRemove extends BaseCommand<typeof EmailRemove, EmailRemoveResult> {
  static override summary = 'Remove an address. Its tickets stay; new mail to it goes to the quarantine.'
  static override examples = ['<%= config.bin %> <%= command.id %> info@acme.example --confirm info@acme.example']
  static override args = {address: Args.string({name: 'ADDRESS', description: 'The address.', ignoreStdin: true})}
  static override flags = confirmFlag('ADDRESS')
  static override changes = true
  static override exitCodes = [EXIT.notFound]

  async run(): Promise<EmailRemoveResult> {
    const {requireChannel} = await import('../../lib/channel-summary.ts')
    const {removeAddress} = await import('../../lib/internal-address.ts')
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: this.choose.address})
    const [portal, store] = [await this.portal(), await this.store()]
    const {address} = await requireChannel(store.db, portal, ADDRESS)
    await this.confirmName(`the address ${address}`, address, this.flags.confirm)
    return {...(await removeAddress(store, portal, address)), changed: true}
  }

  protected render({address}: EmailRemoveResult): string {
    return `${address} removed.\n`
  }
}
