import {Args} from '@oclif/core'
import type {ChannelSummary} from '../../../lib/channel-summary.ts'
import {BaseCommand} from '../../../lib/cli/base-command.ts'
import {addressFlags, ifNotExists} from '../../../lib/cli/flags.ts'
import {EXIT} from '../../../lib/errors.ts'

/** The address that was added, or was there. */
export interface EmailAddInternalResult {
  readonly channel: ChannelSummary
  readonly changed: boolean
}

/** The text of an automatic reply, as far as it was given. */
interface Reply {
  readonly subject: string | undefined
  readonly body: string | undefined
}

export default class EmailAddInternal extends BaseCommand<typeof EmailAddInternal, EmailAddInternalResult> {
  static override summary = "Add an address at the portal's own domain."
  static override description =
    'It receives and cannot send: agents answer by other addresses. Only its automatic reply leaves, through the relay of the portal.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> support --name "Acme Support" --queue support --assign-online',
    '<%= config.bin %> <%= command.id %> info@acme.example --name "Acme" --queue sales --auto-reply --auto-reply-subject "We got your mail" --auto-reply-body-file reply.txt',
  ]
  static override args = {
    address: Args.string({
      name: 'LOCALPART',
      description: "The part before the @, or the address at the portal's domain.",
      ignoreStdin: true,
    }),
  }
  static override flags = {...ifNotExists, ...addressFlags}
  static override changes = true
  static override exitCodes = [EXIT.noInput, EXIT.notFound, EXIT.cannotCreate]

  async run(): Promise<EmailAddInternalResult> {
    const {addInternalAddress} = await import('../../../lib/internal-address.ts')
    const {flags} = this
    const {typed, name, reply} = await this.#complete()
    const queue = flags.queue ?? (await this.#queue())
    const assignOnline =
      flags['assign-online'] ?? (await this.offerYes('Give tickets first to agents who are online?', '--assign-online'))
    const autoReply =
      flags['auto-reply'] ?? (await this.offerYes('Answer the customer who wrote automatically?', '--auto-reply'))
    const {subject, body} = autoReply ? await this.#reply(reply) : reply
    const [portal, store] = [await this.portal(), await this.store()]
    const result = await addInternalAddress(
      store,
      portal,
      typed,
      {name, queue, assignOnline, autoReply, autoReplySubject: subject, autoReplyBody: body},
      {ifNotExists: flags['if-not-exists'], now: this.clock.now()},
    )
    if (autoReply === undefined && (subject ?? body) !== undefined)
      this.warning('The text of the automatic reply is kept, and the reply is off: --auto-reply switches it on.')
    if (autoReply === true && portal.relay === null) {
      this.warning(`The portal ${portal.key} has no relay: the automatic reply is kept, and does not leave.`)
      this.nextStep(`postdesk portal relay set smtp --portal ${portal.key}`)
    }
    if (portal.inbound_source_id === null) {
      this.warning(`The portal ${portal.key} has no inbound: mail comes in only by \`postdesk email deliver\`.`)
      this.nextStep(`postdesk portal inbound set imap --portal ${portal.key}`)
    } else if (result.changed) this.nextStep(`postdesk email sync --portal ${portal.key}`)
    return result
  }

  /** What cannot be left out; a missing value fails before the store is opened. */
  async #complete(): Promise<{typed: string; name: string; reply: Reply}> {
    const {checkInternal} = await import('../../../lib/internal-address.ts')
    const {checkDisplayName} = await import('../../../lib/address.ts')
    const {autoReplyBody} = await import('../../../lib/cli/auto-reply-body.ts')
    const {flags} = this
    const reply = {subject: flags['auto-reply-subject'], body: await autoReplyBody(flags)}
    const alsoMissing = [
      ...(flags.queue === undefined ? ['--queue'] : []),
      ...(flags['auto-reply'] && reply.subject === undefined ? ['--auto-reply-subject'] : []),
      ...(flags['auto-reply'] && reply.body === undefined ? ['--auto-reply-body'] : []),
    ]
    const domain = this.interactive ? (await this.portal()).domain : undefined
    if (this.interactive && flags.queue === undefined) await this.#onlyQueue() // before anybody types in vain
    const {LOCALPART: typed, '--name': name} = await this.complete(
      {LOCALPART: this.args.address, '--name': flags.name},
      {
        LOCALPART: {message: `Address (the part before @${domain})`, validate: (text) => checkInternal(text, domain)},
        '--name': {message: 'Full name that customers read', validate: checkDisplayName},
      },
      alsoMissing,
    )
    return {typed, name, reply: flags['auto-reply'] ? await this.#reply(reply) : reply}
  }

  async #reply({subject, body}: Reply): Promise<{subject: string; body: string}> {
    const {checkBody, checkSubject} = await import('../../../lib/channel-address.ts')
    const complete = await this.complete(
      {'--auto-reply-subject': subject, '--auto-reply-body': body},
      {
        '--auto-reply-subject': {message: 'Subject of the automatic reply', validate: checkSubject},
        '--auto-reply-body': {message: 'Text of the automatic reply', validate: checkBody},
      },
    )
    return {subject: complete['--auto-reply-subject'], body: complete['--auto-reply-body']}
  }

  async #onlyQueue(): Promise<string | null> {
    const {onlyQueue} = await import('../../../lib/internal-address.ts')
    return onlyQueue((await this.store()).db, await this.portal())
  }

  async #queue(): Promise<string> {
    const only = await this.#onlyQueue()
    return only ?? (await this.complete({'--queue': undefined}, {'--queue': this.choose.queue}))['--queue']
  }

  protected render({channel, changed}: EmailAddInternalResult): string {
    return `${channel.address} ${changed ? 'added' : 'is there already'}; new tickets go to ${channel.queue ?? 'no queue'}.\n`
  }
}
