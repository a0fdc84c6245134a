import {Flags} from '@oclif/core'
import {join} from 'node:path'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {pathToFileURL} from 'node:url'
import {BaseCommand} from '../../lib/cli/base-command.ts'
import {renderConversation} from '../../lib/cli/render-conversation.ts'
import {BROWSER_ENVIRONMENT} from '../../lib/cli/open-browser.ts'
import {refuseDash} from '../../lib/cli/refuse-dash.ts'
import {safeLine} from '../../lib/cli/safe-text.ts'
import type {Style} from '../../lib/cli/style.ts'
import {ticketArg, ticketQuestion} from '../../lib/cli/ticket-flags.ts'
import {parseNumber} from '../../lib/cli/ticket-number.ts'
import type {Conversation} from '../../lib/conversation.ts'
import {EXIT, usage} from '../../lib/errors.ts'

/** A ticket with its messages and events. */
export interface TicketShowResult extends Conversation {
  /** With `--web`: the file that has it as a page. */
  readonly page?: string
}

/** Null with `--raw`: what is printed then is the mail. */
export default class TicketShow extends BaseCommand<typeof TicketShow, TicketShowResult | null> {
  static override summary = 'Show a ticket as a conversation.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> 42',
    '<%= config.bin %> <%= command.id %> 42 --json',
    '<%= config.bin %> <%= command.id %> 42 --web',
    '<%= config.bin %> <%= command.id %> 42 --web --out ticket-42.html',
    '<%= config.bin %> <%= command.id %> 42 --raw 7 > message.eml',
  ]
  static override args = {number: ticketArg}
  static override flags = {
    raw: Flags.string({
      helpValue: 'ID',
      summary: 'Write the bytes of this message as they came; never to a terminal.',
      exclusive: ['json'],
    }),
    web: Flags.boolean({
      summary:
        'Make a page of it and open it in the browser, if there is one. The page loads nothing and runs nothing.',
      exclusive: ['raw'],
    }),
    out: Flags.string({
      helpValue: 'FILE',
      summary: 'Write the page to this new file and open nothing.',
      dependsOn: ['web'],
    }),
  }
  static override exitCodes = [EXIT.data, EXIT.notFound, EXIT.cannotCreate]
  static override environment = BROWSER_ENVIRONMENT
  #timezone = 'UTC'
  #opened = false

  async run(): Promise<TicketShowResult | null> {
    const {NUMBER} = await this.complete({NUMBER: this.args.number}, {NUMBER: ticketQuestion})
    const number = parseNumber('NUMBER', NUMBER)
    const {openRawMessage, readConversation} = await import('../../lib/conversation.ts')
    const {out, raw} = this.flags
    if (out !== undefined) refuseDash(out, 'Name the file for the page, such as --out ticket.html.')
    if (raw !== undefined && process.stdout.isTTY)
      throw usage('--raw does not write to a terminal: a mail may hold what takes it over', [
        {text: 'Write it to a file:', command: `postdesk ticket show ${number} --raw ${raw} > message.eml`},
      ])
    const [portal, store] = [await this.portal(), await this.store()]
    this.#timezone = portal.timezone
    if (raw !== undefined) {
      const bytes = await openRawMessage(store, portal, number, parseNumber('--raw', raw))
      await pipeline(Readable.from(bytes), process.stdout, {end: false})
      return null
    }
    const {conversation, problems} = await readConversation(store, portal, number)
    for (const problem of problems) this.warning(problem)
    return this.flags.web ? {...conversation, page: await this.#makePage(conversation)} : conversation
  }

  /** Returns the path of the page. */
  async #makePage(conversation: Conversation): Promise<string> {
    const [{readPictures}, {conversationPage}, {writePageTo, writePrivatePage}] = await Promise.all([
      import('../../lib/conversation-pictures.ts'),
      import('../../lib/cli/conversation-page.ts'),
      import('../../lib/cli/write-page.ts'),
    ])
    const {pictures, problems} = await readPictures(await this.store(), await this.portal(), conversation)
    for (const problem of problems) this.warning(problem)
    const page = conversationPage(conversation, {timezone: this.#timezone, pictures})
    if (this.flags.out !== undefined) return writePageTo(this.flags.out, page)
    const name = `ticket-${conversation.number}`
    const path = await writePrivatePage(join(this.paths.state, 'pages'), name, page, new Date(this.clock.now()))
    const {canOpenBrowser, openBrowser} = await import('../../lib/cli/open-browser.ts')
    const {env, platform, stdout} = process
    if (!this.jsonMode && canOpenBrowser(env, {platform, terminal: stdout.isTTY})) {
      this.#opened = await openBrowser(pathToFileURL(path).href, env)
      if (!this.#opened) this.warning('The browser could not be started.')
    }
    return path
  }

  protected render(result: TicketShowResult | null, style: Style): string {
    if (result === null) return ''
    if (result.page === undefined) return renderConversation(result, this.#timezone, style)
    const {number, page} = result
    if (this.flags.out !== undefined) return `Ticket ${number} is a page now: ${safeLine(page)}\n`
    if (this.#opened) return `Ticket ${number} is shown in the browser: ${safeLine(page)}\n`
    return (
      `Ticket ${number} is a page now: ${safeLine(page)}\n` +
      `Open it in a browser: ${safeLine(pathToFileURL(page).href)}\n` +
      'It is kept for a day; --out FILE puts it where you want it.\n'
    )
  }
}
