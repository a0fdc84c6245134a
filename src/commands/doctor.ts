import {join} from 'node:path'
import {BaseCommand} from '../lib/cli/base-command.ts'
import {renderDoctor} from '../lib/cli/render-doctor.ts'
import type {Style} from '../lib/cli/style.ts'
import {CHECK_GROUPS, CHECK_IDS, CHECKS} from '../lib/doctor/checks.ts'
import type {DoctorReport, Patient} from '../lib/doctor.ts'
import {badFileContent, EXIT, messageOf, PostdeskError} from '../lib/errors.ts'

/** Every check, and what they come to. */
export type DoctorResult = DoctorReport

const idsOf = (group: (typeof CHECK_GROUPS)[number]): string =>
  CHECK_IDS.filter((id) => CHECKS[id].group === group).join(', ')

export default class Doctor extends BaseCommand<typeof Doctor, DoctorResult> {
  static override summary = 'Check this machine and the portals: what is broken, what is odd, and how to mend it.'
  static override description = [
    'Makes and changes nothing; a value of its own is put into the keychain and taken out again. Connects to the servers of the portals and to the DNS resolvers, and to nobody else. Logs in nowhere: that is for `email test`.',
    'Exit code 0, also with warnings; else that of the failing check whose code is the lowest, and 75 only where waiting mends all of them. Without --portal every portal of the store is looked at.',
    `The checks. ${CHECK_GROUPS.map((group) => `${group}: ${idsOf(group)}`).join('; ')}.`,
  ].join('\n\n')
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --portal acme --json',
  ]
  static override exitCodes = [
    EXIT.unclassified,
    EXIT.dns,
    EXIT.tcp,
    EXIT.tls,
    EXIT.protocol,
    EXIT.credentials,
    EXIT.loginClosed,
    EXIT.notReceived,
    EXIT.data,
    EXIT.notPermitted,
  ]
  static override environment = [
    'POSTDESK_RESOLVER',
    'POSTDESK_SECRET_STORE',
    'POSTDESK_VAULT_PASSPHRASE',
    'POSTDESK_VAULT_PASSPHRASE_FILE',
    'POSTDESK_VAULT_IDENTITY_FILE',
  ]

  async run(): Promise<DoctorResult> {
    const [{runDoctor}, {resolverAddress}] = [
      await import('../lib/doctor.ts'),
      await import('../lib/cli/resolver-address.ts'),
    ]
    const settings = await this.#settingsProblem()
    const {version, engines} = this.config.pjson as unknown as {version: string; engines: {node: string}}
    const report = await runDoctor({
      program: {version, engines: engines.node},
      env: process.env,
      paths: this.paths,
      vaultPath: join(this.paths.data, 'vault.age'),
      settings,
      store: settings ?? (await this.#store()),
      portal: this.flags.portal,
      resolver: await orError(() => Promise.resolve(resolverAddress(process.env))),
      secrets: () => this.secrets(),
      clock: this.clock,
    })
    const {status, ...error} = report.verdict
    if (status === 'fail') this.fail(new VerdictError(error))
    return report
  }

  async #settingsProblem(): Promise<PostdeskError | null> {
    try {
      await this.settings()
      return null
    } catch (error) {
      return error instanceof PostdeskError
        ? error
        : badFileContent(join(this.paths.config, 'config.json'), messageOf(error), [
            {text: 'Mend it, or remove it; only the store and the portal that are used by default stand in it.'},
          ])
    }
  }

  async #store(): Promise<Patient['store']> {
    const location = await orError(() => this.storeLocation())
    if (location instanceof PostdeskError) return location
    const {store} = await this.settings()
    return {location, isNamed: (this.flags.store ?? (process.env['POSTDESK_STORE'] || store)) !== undefined}
  }

  protected render(report: DoctorResult, style: Style): string {
    return renderDoctor(report, style)
  }

  /** The verdict is the error, and is shown as the result. */
  protected override renderFailure(error: PostdeskError): void {
    if (!(error instanceof VerdictError)) super.renderFailure(error)
  }
}

/** The verdict as the error of the command. */
class VerdictError extends PostdeskError {}

/** What `work` gives, or why it cannot. */
async function orError<T>(work: () => Promise<T>): Promise<T | PostdeskError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof PostdeskError) return error
    throw error
  }
}
