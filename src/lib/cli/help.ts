/** Help: what to type comes first, then every flag, then how it ends and what it reads from the environment. */
import type {ExitCode} from '../errors.ts'
import {
  describeCommands,
  describeTopics,
  exampleLines,
  type CommandDescription,
  type FlagDescription,
} from './describe-commands.ts'
import {COMMON_ENVIRONMENT, ENVIRONMENT} from './environment.ts'
import {COMMON_EXIT_CODES, EXIT_MEANINGS} from './exit-codes.ts'
import {HELP_TOPICS} from './help-topics.ts'
import type {Style} from './style.ts'
import {fold, foldCommand, rows} from './text-layout.ts'
import {unknownCommand} from './unknown-command.ts'

/** Widest that the choices of a flag stand beside its name; longer ones stand in the text. */
const WIDEST_CHOICES = 24
/** Widest that help gets; narrower terminals get what fits them. */
const WIDTH = 80
const NARROWEST = 40

/**
 * The page for some words: a command, a topic with commands, or a page of its own; for no words the overview.
 * @throws 64 where the words name none of them.
 */
export async function helpText(words: readonly string[], root: string, style: Style): Promise<string> {
  const page: Page = {
    width: Math.max(NARROWEST, Math.min(WIDTH, style.width ?? WIDTH)),
    heading: (text) => style.colour.bold(text),
  }
  const commands = await describeCommands(root)
  if (words.length === 0) return overview(commands, root, page)
  const [word] = words
  const topic = HELP_TOPICS[word!]
  const about = topic && words.length === 1 ? section(page, word!.toUpperCase(), topic.page(page.width)) : undefined
  const id = words.join(':')
  const below = commands.filter((command) => command.id.startsWith(`${id}:`))
  const command = commands.find((each) => each.id === id)
  if (command) return sections([commandPage(command, page), below.length > 0 && commandList(below, page)])
  if (below.length > 0)
    return sections([
      describeTopics(root)[id],
      section(page, 'USAGE', `  $ postdesk ${words.join(' ')} COMMAND`),
      commandList(below, page),
      about,
    ])
  if (about !== undefined) return about
  throw unknownCommand(words, [...commands.map((each) => each.id), ...Object.keys(HELP_TOPICS)])
}

interface Page {
  readonly width: number
  readonly heading: (text: string) => string
}

const section = ({heading}: Page, title: string, body: string) => `${heading(title)}\n${body}`
const sections = (parts: readonly (string | false | undefined)[]) =>
  parts.filter((part) => part !== false && part !== undefined && part !== '').join('\n\n')

function overview(commands: readonly CommandDescription[], root: string, page: Page): string {
  const topics = describeTopics(root)
  const groups = Map.groupBy(commands, ({id}) => (id.includes(':') ? id.split(':')[0]! : ''))
  const alone = groups.get('') ?? []
  // In the order of package.json, which is that of setting a portal up; a topic without words there comes last.
  const named = [...new Set([...Object.keys(topics), ...groups.keys()])].flatMap((topic) => {
    const list = topic === '' ? undefined : groups.get(topic)
    return list ? [{topic, list}] : []
  })
  return sections([
    fold(
      'postdesk administers the email channel of a customer-service portal and turns its mail into tickets.',
      page.width,
    ),
    section(page, 'USAGE', '  $ postdesk COMMAND [FLAGS]'),
    ...named.map(({topic, list}) =>
      section(
        page,
        topic.toUpperCase(),
        sections([topics[topic] !== undefined && fold(topics[topic], page.width, 2), summaries(list, page)]).replace(
          '\n\n',
          '\n',
        ),
      ),
    ),
    alone.length > 0 && section(page, 'OTHER', summaries(alone, page)),
    section(
      page,
      'HELP',
      rows(
        [
          ['help COMMAND', 'Help for a command; so do COMMAND --help and -h.'],
          ...Object.entries(HELP_TOPICS).map(([name, {summary}]) => [`help ${name}`, summary] as const),
        ],
        page.width,
      ),
    ),
    fold(
      'No telemetry, no check for updates: no host is contacted except those of your channels and your store.',
      page.width,
    ),
  ])
}

const summaries = (commands: readonly CommandDescription[], page: Page) =>
  rows(
    commands.map(({id, summary}) => [id.replaceAll(':', ' '), summary ?? '']),
    page.width,
  )

const commandList = (commands: readonly CommandDescription[], page: Page) =>
  section(page, 'COMMANDS', summaries(commands, page))

function commandPage(command: CommandDescription, page: Page): string {
  const flags = Object.entries(command.flags).filter(([, flag]) => !flag.hidden)
  const args = Object.entries(command.args).filter(([, arg]) => !arg.hidden)
  const groups = Map.groupBy(flags, ([, flag]) => flag.helpGroup ?? 'FLAGS')
  // The command's own first; what every command has last.
  const order = [...new Set(['FLAGS', ...[...groups.keys()].filter((name) => name !== 'GLOBAL'), 'GLOBAL'])]
  const examples = exampleLines(command)
  return sections([
    fold(command.summary ?? '', page.width),
    command.description !== undefined && paragraphs(command.description, page.width),
    examples.length > 0 &&
      section(page, 'EXAMPLES', examples.map((line) => foldCommand(`$ ${line}`, page.width, 2)).join('\n')),
    section(page, 'USAGE', fold(usageLine(command), page.width - 4, 2).replaceAll('\n', '\n    ')),
    args.length > 0 &&
      section(
        page,
        'ARGUMENTS',
        rows(
          args.map(([key, arg]) => [(arg.name ?? key).toUpperCase(), withOptions(arg.description ?? '', arg.options)]),
          page.width,
        ),
      ),
    ...order.flatMap((name) => {
      const group = groups.get(name)
      return group
        ? [
            section(
              page,
              name === 'FLAGS' ? name : `${name} FLAGS`,
              rows(
                group.map(([flag, about]) => flagRow(flag, about)),
                page.width,
              ),
            ),
          ]
        : []
    }),
    section(page, 'EXIT CODES', rows(exitCodeRows(command.exitCodes ?? []), page.width)),
    section(page, 'ENVIRONMENT', rows(environmentRows(command), page.width)),
  ])
}

const paragraphs = (text: string, width: number) =>
  text
    .split(/\n{2,}/)
    .map((paragraph) => fold(paragraph, width))
    .join('\n\n')

function usageLine({id, args, flags, strict}: CommandDescription): string {
  const positional = Object.entries(args)
    .filter(([, arg]) => !arg.hidden)
    .map(([key, {name, required, multiple}], index, all) => {
      const shown =
        (name ?? key).toUpperCase() + (multiple || (strict === false && index === all.length - 1) ? '…' : '')
      return required ? shown : `[${shown}]`
    })
  const needed = Object.entries(flags).flatMap(([name, flag]) => (flag.required ? [flagLabel(name, flag)] : []))
  return ['$ postdesk', id.replaceAll(':', ' '), ...positional, ...needed, '[FLAGS]'].join(' ')
}

function flagLabel(name: string, {type, allowNo, char, helpValue, options, multiple}: FlagDescription): string {
  const long = `${char === undefined ? '' : `-${char}, `}--${allowNo ? '[no-]' : ''}${name}`
  if (type === 'boolean') return long
  const named = helpValue === undefined ? undefined : String(helpValue)
  const choices = options?.join('|') ?? ''
  const value =
    named ?? (choices !== '' && choices.length <= WIDEST_CHOICES ? choices : name.split('-').at(-1)!.toUpperCase())
  return `${long} ${value}${multiple && !value.endsWith('…') ? '…' : ''}`
}

function flagRow(name: string, flag: FlagDescription): readonly [string, string] {
  const about = flag.summary ?? flag.description ?? ''
  const shown = flagLabel(name, flag)
  const options = flag.options?.every((option) => shown.includes(option)) ? undefined : flag.options
  return [shown, withOptions(flag.env === undefined ? about : `${about} [${flag.env}]`, options)]
}

const withOptions = (text: string, options: readonly string[] | undefined) =>
  options === undefined ? text : `${text} (${options.join(', ')})`

function exitCodeRows(own: readonly ExitCode[]): (readonly [string, string])[] {
  return [...new Set([...COMMON_EXIT_CODES, ...own])]
    .toSorted((a, b) => a - b)
    .map((code) => [String(code), EXIT_MEANINGS[code]])
}

function environmentRows({flags, environment = []}: CommandDescription): (readonly [string, string])[] {
  const ofFlags = Object.values(flags).flatMap(({env, helpGroup}) =>
    env !== undefined && helpGroup !== 'GLOBAL' ? [env] : [],
  )
  return [...new Set([...environment, ...ofFlags, ...COMMON_ENVIRONMENT])].map((name) => [
    name,
    ENVIRONMENT[name] ?? '',
  ])
}
