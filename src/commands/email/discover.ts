import {Args} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderDiscovery} from '../../lib/cli/render-discovery.ts'
import {shellQuote} from '../../lib/cli/shell-quote.ts'
import type {Style} from '../../lib/cli/style.ts'
import type {EmailDiscovery} from '../../lib/email-discover.ts'
import {EXIT, interrupted} from '../../lib/errors.ts'

/** How mail of an address is sent, and what that needs. */
export type EmailDiscoverResult = EmailDiscovery

export default class EmailDiscover extends BaseCommand<typeof EmailDiscover, EmailDiscoverResult> {
  static override summary = 'Find how mail of an address is sent: server, user, password; and how it is forwarded.'
  static override description =
    "Looks in a table of providers, by the domain and by its MX; then at what the domain publishes: SRV records, else an autoconfig file. Nothing is guessed. Known providers are found without any question; otherwise the DNS sees the domain, and the domain's own web server the address. No password is asked for or sent; no store is needed or made. Exit code 20 where DNS failed and nothing is known, 67 where nothing is published."
  static override examples = [
    '<%= config.bin %> <%= command.id %> support@gmail.com',
    '<%= config.bin %> <%= command.id %> support@outlook.com --json',
  ]
  static override args = {address: Args.string({name: 'ADDRESS', description: 'The address.', ignoreStdin: true})}
  static override exitCodes = [EXIT.dns, EXIT.notFound, EXIT.sigterm]
  static override environment = ['POSTDESK_RESOLVER']

  async run(): Promise<EmailDiscoverResult> {
    const {ADDRESS} = await this.complete({ADDRESS: this.args.address}, {ADDRESS: {message: 'Which address?'}})
    const [{discoverEmail}, {resolverAddress}] = [
      await import('../../lib/email-discover.ts'),
      await import('../../lib/cli/resolver-address.ts'),
    ]
    const stop = this.stopOnSignal()
    const resolver = resolverAddress(process.env)
    const {discovery, warnings, next, error} = await discoverEmail(ADDRESS, {resolver, signal: stop.signal}).catch(
      (thrown: unknown) => {
        throw stop.signal.aborted ? interrupted(stop.reason()) : thrown
      },
    )
    for (const text of warnings) this.warning(text)
    if (next) this.nextStep(shellQuote(['postdesk', ...next]))
    if (error) this.fail(error)
    return discovery
  }

  protected render(discovery: EmailDiscoverResult, style: Style): string {
    return renderDiscovery(discovery, style)
  }
}
