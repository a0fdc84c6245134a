import {Args, Flags} from '@oclif/core'
import {once} from 'node:events'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderChecked, renderExplanation} from '../../lib/cli/render-explanation.ts'
import type {Style} from '../../lib/cli/style.ts'
import {EXIT, inputsUnusable, interrupted, invalidValue, PostdeskError} from '../../lib/errors.ts'
import type {ExplainOptions} from '../../lib/explain.ts'
import type {Explanation} from '../../lib/explain-result.ts'
import type {Checked, Checker} from '../../lib/expectations.ts'

/** What would become of several mails, in the order given. */
export interface Explanations {
  readonly messages: readonly Explanation[]
}

/** One mail; several, or those of a directory; with `--expect` also what is not as expected. */
export type EmailExplainResult = Explanation | Explanations | (Explanations & Checked)

/** Files of a directory that are named where they were left out. */
const NAMED_LEFT_OUT = 5

export default class EmailExplain extends BaseCommand<typeof EmailExplain, EmailExplainResult> {
  static override summary = 'Say what would become of mails, and why; nothing is changed.'
  static override description =
    'Takes files, mailbox files (mbox), directories such as a Maildir, and - for standard input. Decides as the reception of mail does, against the store as it is; a mail sees the ones before it. Without a store or a portal it tells what it reads in the mail. With --expect FILE it compares: each line is {"source": PATH, "expect": {…}}, where the keys that are given must match; {"matches": "REGEX"} stands for a text. Exit code 2 where something is not as expected.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> message.eml',
    '<%= config.bin %> <%= command.id %> - --recipient support@acme.example < message.eml',
    '<%= config.bin %> <%= command.id %> /var/mail/acme --jsonl',
    '<%= config.bin %> <%= command.id %> message.eml --expect expected.jsonl --json',
  ]
  static override args = {
    path: Args.string({
      name: 'PATH',
      description: 'A file, a mailbox file, a directory, or - for standard input; several may follow.',
      multiple: true,
      ignoreStdin: true,
    }),
  }
  static override flags = {
    recipient: Flags.string({
      summary: 'The SMTP recipient (RCPT TO) of all of them; default: what the headers say.',
      helpValue: 'ADDR',
    }),
    jsonl: Flags.boolean({
      summary: 'Print one JSON object a line for each mail, as it is read.',
      exclusive: ['json'],
    }),
    expect: Flags.string({summary: 'Compare with the cases of this file, one JSON object a line.', helpValue: 'FILE'}),
  }
  static override exitCodes = [EXIT.findings, EXIT.data, EXIT.noInput, EXIT.sigterm]

  /** Collected for the one object of `--json` only: otherwise each is printed as it comes, however many there are. */
  readonly #messages: Explanation[] = []
  #checker: Checker | null = null

  async run(): Promise<EmailExplainResult> {
    const {PATH} = await this.complete({PATH: this.args.path?.[0]}, {PATH: {message: 'Which file or directory?'}})
    const paths = this.args.path ?? [PATH]
    const [{explain}, {createChecker, readExpectations}] = [
      await import('../../lib/explain.ts'),
      await import('../../lib/expectations.ts'),
    ]
    const {expect, recipient} = this.flags
    if (expect === '-')
      throw invalidValue('--expect -', 'the cases come from a file; standard input is for mail', [
        {text: 'For a file of that name, write --expect ./-'},
      ])
    this.#checker = expect === undefined ? null : createChecker(await readExpectations(expect))
    const unusable: PostdeskError[] = []
    const leftOut: string[] = []
    const withoutMail: string[] = []
    const stop = this.stopOnSignal()
    const {clock} = this
    try {
      for await (const lines of explain({
        desk: await this.desk(),
        paths,
        stdin: process.stdin,
        recipient,
        clock,
        signal: stop.signal,
        onUnusable: (error) => unusable.push(error),
        onLeftOut: (path) => leftOut.push(path),
        onNoMail: (path) => withoutMail.push(path),
      }))
        await this.take(lines)
    } catch (error) {
      if (error !== stop.signal.reason) throw error
      this.fail(interrupted(stop.reason()))
    }
    if (leftOut.length > 0) this.warning(describeLeftOut(leftOut))
    if (withoutMail.length > 0) this.warning(`no mail was found in ${withoutMail.join(', ')}`)
    if (unusable.length > 0 && !stop.signal.aborted) this.fail(inputsUnusable(unusable))
    return this.resultFor(paths)
  }

  /** Prints or keeps what was explained; waits where the reader of standard output is slower. */
  private async take(lines: readonly Buffer[]): Promise<void> {
    const {stdout} = process
    if (this.flags.jsonl) this.printBytes(stdout, Buffer.concat(lines))
    if (!this.flags.jsonl || this.#checker)
      for (const line of lines) {
        const explanation = JSON.parse(line.toString()) as Explanation
        this.#checker?.check(explanation)
        if (this.jsonMode) this.#messages.push(explanation)
        else if (!this.#checker) this.print(stdout, renderExplanation(explanation, this.style(stdout)))
      }
    if (stdout.writableNeedDrain) await once(stdout, 'drain')
  }

  private resultFor(paths: readonly string[]): EmailExplainResult {
    const messages = this.#messages
    if (this.#checker) {
      const checked = this.#checker.end()
      if (checked.differences.length > 0) this.exitWith(EXIT.findings)
      return {messages, ...checked}
    }
    const [only, ...others] = messages
    // A directory gives a list, however many mails are in it today.
    const isOne = only && others.length === 0 && paths.length === 1 && only.source.replace(/#1$/, '') === paths[0]
    return isOne ? only : {messages}
  }

  protected render(result: EmailExplainResult, style: Style): string {
    if (!('cases' in result)) return ''
    if (!this.flags.jsonl) return renderChecked(result, style)
    this.print(process.stderr, renderChecked(result, this.style(process.stderr)))
    return ''
  }

  /** The store and the portal; null where there is none, and none was named. */
  private async desk(): Promise<ExplainOptions['desk']> {
    const {portalOfRecipient} = await import('../../lib/explain.ts')
    const {portal, recipient} = this.flags
    try {
      const store = await this.store()
      const found = portal === undefined && recipient !== undefined && (await portalOfRecipient(store, recipient))
      return {store, portal: found || (await this.portal())}
    } catch (error) {
      if (error instanceof PostdeskError && error.code === 'NO_PORTAL' && portal === undefined) return null
      throw error
    }
  }
}

function describeLeftOut(paths: readonly string[]): string {
  const rest = paths.length - NAMED_LEFT_OUT
  const named = `${paths.slice(0, NAMED_LEFT_OUT).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`
  return `left out, as ${paths.length === 1 ? 'it does' : 'they do'} not begin as mail: ${named}`
}
