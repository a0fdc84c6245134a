import {Args} from '@oclif/core'
import {STAGES} from '../../lib/channel/stages.ts'
import {TestCommand, type EmailTestResult as Result} from '../../lib/cli/test-command.ts'
import {testFlags} from '../../lib/cli/test-flags.ts'
import {EXIT} from '../../lib/errors.ts'

/** What one test came to; of several each, and what they come to together; of `--explain` the verdict alone. */
export type EmailTestResult = Result

export default class EmailTest extends TestCommand<typeof EmailTest> {
  static override summary = 'Find out what is wrong with an address or a server, and how to mend it.'
  static override description = [
    'Looks at it stage by stage: settings, DNS, connection, TLS, login, sender. Nothing is sent without --send or --roundtrip, and a password only encrypted, and once.',
    'Takes addresses of the portal, inbound and relay; with --host a server without any channel, and no store is needed. The exit code is that of the earliest stage that failed.',
    `Stages, by group: ${stagesByGroup()}.`,
  ].join(' ')
  static override examples = [
    '<%= config.bin %> <%= command.id %> help@customer-care.example',
    '<%= config.bin %> <%= command.id %> --all --format junit > email.xml',
    '<%= config.bin %> <%= command.id %> help@customer-care.example --roundtrip --wait 120',
    '<%= config.bin %> <%= command.id %> --host smtp.acme.example --user ann@acme.example --password-env SMTP_PASSWORD',
    '<%= config.bin %> <%= command.id %> --explain "535-5.7.8 Username and Password not accepted"',
  ]
  static override args = {
    address: Args.string({
      name: 'ADDRESS',
      description: 'Addresses, inbound or relay; several may follow.',
      multiple: true,
      ignoreStdin: true,
    }),
  }
  static override flags = testFlags
  static override exitCodes = [
    EXIT.findings,
    EXIT.dns,
    EXIT.tcp,
    EXIT.tls,
    EXIT.protocol,
    EXIT.credentials,
    EXIT.loginClosed,
    EXIT.sender,
    EXIT.recipient,
    EXIT.notReceived,
    EXIT.domainAuthentication,
    EXIT.data,
    EXIT.noInput,
    EXIT.sigterm,
  ]
  static override environment = ['POSTDESK_SECRET_STORE', 'POSTDESK_RESOLVER']
}

function stagesByGroup(): string {
  const groups = Map.groupBy(Object.entries(STAGES), ([, {group}]) => group)
  return [...groups].map(([group, stages]) => `${group} (${stages.map(([id]) => id).join(', ')})`).join('; ')
}
