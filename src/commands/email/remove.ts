import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {confirmFlag} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** The address that is gone. */
export interface EmailRemoveResult {
  readonly address: string
  /** Recipients of mail that waited to leave by it. */
  readonly notSent: number
  readonly changed: boolean
}

export default class EmailRemove extends BaseCommand<typeof EmailRemove, EmailRemoveResult> {
  static override summary = 'Remove an address. Its tickets stay; new mail to it goes to the quarantine.'
  static override examples = ['<%= config.bin %> <%= command.id %> info@acme.example --confirm info@acme.example']
  static override args = {address: Args.string({name: 'ADDRESS', description: 'The address.', ignoreStdin: true})}
  static override flags = confirmFlag('ADDRESS')
  static override changes = true
  static override exitCodes = [EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<EmailRemoveResult> {
    const {checkRemoval, removeAddress} = await import('../../lib/channel-address.ts')
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: this.choose.address})
    const [portal, store] = [await this.portal(), await this.store()]
    const {address, waiting} = await checkRemoval(store.db, portal, ADDRESS)
    const mails = `${waiting} ${waiting === 1 ? 'recipient waits' : 'recipients wait'} for mail from it, and get none`
    await this.confirmName(
      waiting === 0 ? `the address ${address}` : `the address ${address}: ${mails}`,
      address,
      this.flags.confirm,
    )
    const {forwarders, ...removed} = await removeAddress(store, portal, address, {
      now: this.clock.now(),
      secrets: () => this.secrets(),
    })
    for (const forwarder of forwarders)
      this.warning(`The mail of ${forwarder} came in by ${address}: it comes in no longer.`)
    return {address, notSent: removed.waiting, changed: true}
  }

  protected render({address, notSent}: EmailRemoveResult): string {
    const lost =
      notSent === 0 ? '' : ` ${notSent} ${notSent === 1 ? 'recipient gets' : 'recipients get'} no mail from it.`
    return `${address} removed.${lost}\n`
  }
}
