import {Args, Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {ifNotExists} from '../../lib/cli/flags.ts'
import {EXIT} from '../../lib/errors.ts'
import type {PortalSummary} from '../../lib/portal.ts'

/** The portal that was added, or was there. */
export interface PortalAddResult {
  readonly portal: PortalSummary
  readonly changed: boolean
}

export default class PortalAdd extends BaseCommand<typeof PortalAdd, PortalAddResult> {
  static override summary = 'Add a portal.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> acme --domain acme.example --name "Acme Support" --timezone Europe/Berlin',
  ]
  static override args = {key: Args.string({name: 'KEY', description: 'Short name of the portal.', ignoreStdin: true})}
  static override flags = {
    ...ifNotExists,
    domain: Flags.string({summary: 'Domain of its internal addresses.'}),
    name: Flags.string({summary: 'Name that customers read; default: the key.'}),
    timezone: Flags.string({summary: 'IANA time zone in which times are shown.', default: 'UTC'}),
    locale: Flags.string({summary: 'Language tag.', default: 'en'}),
    'max-message-size': Flags.integer({summary: 'Bytes; a larger mail is quarantined with its header alone.'}),
  }
  static override changes = true
  static override exitCodes = [EXIT.cannotCreate]

  async run(): Promise<PortalAddResult> {
    const {addPortal, checkDomain, checkKey, DEFAULT_MAX_MESSAGE_SIZE} = await import('../../lib/portal.ts')
    const {KEY: key, '--domain': domain} = await this.complete(
      {KEY: this.args.key, '--domain': this.flags.domain},
      {
        KEY: {message: 'Key of the portal (short, for scripts)', validate: checkKey},
        '--domain': {message: 'Domain of its internal addresses', validate: checkDomain},
      },
    )
    const result = await addPortal(
      await this.store({create: true}),
      {
        key,
        domain,
        name: this.flags.name ?? key,
        timezone: this.flags.timezone,
        locale: this.flags.locale,
        max_message_size: this.flags['max-message-size'] ?? DEFAULT_MAX_MESSAGE_SIZE,
      },
      {ifNotExists: this.flags['if-not-exists'], now: this.clock.now()},
    )
    if (result.changed) {
      this.nextStep(`postdesk queue add support --portal ${key}`)
      this.nextStep(`postdesk portal inbound set imap --portal ${key}`)
    }
    return result
  }

  protected render({portal, changed}: PortalAddResult): string {
    return `Portal ${portal.key} (${portal.domain}) ${changed ? 'added' : 'is there already'}.\n`
  }
}
