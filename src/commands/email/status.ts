import {Flags} from '@oclif/core'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {localTime} from '../../lib/cli/local-time.ts'
import {safeLine} from '../../lib/cli/safe-text.ts'
import type {Style} from '../../lib/cli/style.ts'
import {renderTable} from '../../lib/cli/table.ts'
import type {EmailStatus} from '../../lib/email-status.ts'
import {EXIT} from '../../lib/errors.ts'

/** How each address fares, and what an admin should look at. */
export type EmailStatusResult = EmailStatus

export default class EmailStatusCommand extends BaseCommand<typeof EmailStatusCommand, EmailStatusResult> {
  static override summary = 'Show how each address fares, and what needs a look. Connects to no server.'
  static override description =
    'Exit code 0, whatever is found; with --fail-on 2 where there is such a finding, for a monitor to call.\n\n' +
    'error: mail does not come in, does not leave, or did not arrive. stale=TIME: nothing was fetched for that long. unverified: nobody has seen a login succeed, or forwarded mail arrive. consent: a consent is missing or has ended.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --fail-on stale=1h,error --json',
  ]
  static override flags = {
    'fail-on': Flags.string({
      helpValue: 'stale=1h,error,consent,unverified',
      summary: 'Exit with 2 where one of these is found.',
      multiple: true,
      multipleNonGreedy: true,
      delimiter: ',',
    }),
  }
  static override exitCodes = [EXIT.findings]
  #timezone = 'UTC'

  async run(): Promise<EmailStatusResult> {
    const {parseFailOn} = await import('../../lib/cli/fail-on.ts')
    const {failures, staleAfter} = parseFailOn(this.flags['fail-on'] ?? [])
    const {emailStatus} = await import('../../lib/email-status.ts')
    const {passwordChecker} = await import('../../lib/account-password.ts')
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    const status = await emailStatus(store, portal, {
      now: this.clock.now(),
      hasPassword: passwordChecker({store, portal, secrets: () => this.secrets()}),
      ...(staleAfter === undefined ? {} : {staleAfter}),
    })
    if (status.findings.some(({failOn}) => failOn !== null && failures.has(failOn))) this.exitWith(EXIT.findings)
    return status
  }

  protected render({channels, findings}: EmailStatusResult, style: Style): string {
    const time = localTime(this.#timezone)
    const table =
      channels.length === 0
        ? 'There is no address yet.\n'
        : renderTable(
            channels,
            [
              {title: 'ADDRESS', value: ({address}) => address, shrinks: true},
              {title: 'STATE', value: ({state}) => state},
              {title: 'LAST SYNC', value: ({lastSyncAt}) => lastSyncAt && time(lastSyncAt)},
              {title: 'WAITING', value: ({waiting}) => waiting, right: true, from: 60},
              {title: 'QUARANTINED', value: ({quarantined}) => quarantined, right: true, from: 72},
            ],
            style,
          )
    const notes = findings.flatMap(({text, fixes}) => [
      `${style.colour.yellow('!')} ${safeLine(text)}`,
      ...fixes.map((fix) => `  ${fix.text}${fix.command ? `\n    ${fix.command}` : ''}`),
    ])
    return [table, ...(notes.length > 0 ? [`${notes.join('\n')}\n`] : [])].join('\n')
  }
}
