/**
 * What is wrong with a command line, in our words. oclif checks it; of its errors the kind is used, and what stands in its
 * definitions, and of its sentences (@oclif/core 5: parser/parse.js, parser/errors.js, flags.js) only those that say what
 * is nowhere else.
 */
import type {Command, Interfaces} from '@oclif/core'
import {stripVTControlCharacters} from 'node:util'
import {messageOf, missingInput, usage, type Fix, type PostdeskError} from '../errors.ts'
import {nearNames} from '../near-names.ts'
import {exampleOf} from './example-of.ts'
import {shellQuote} from './shell-quote.ts'

/** What is asked of a command that was run. */
export type KnownCommand = Pick<Command.Class, 'id' | 'flags' | 'baseFlags'>

/** What oclif has in hand when it refuses a command line. */
interface Parse {
  readonly input: {
    readonly argv: readonly string[]
    readonly args: Readonly<Record<string, Interfaces.Arg<unknown>>>
    readonly flags: Readonly<Record<string, Command.Flag.Any>>
  }
  readonly output: Pick<Interfaces.ParserOutput, 'args' | 'flags' | 'metadata'>
}

/** Translates an error of oclif's parser. */
export function explainUsage(thrown: Error, command?: KnownCommand): PostdeskError {
  const flags = {...command?.baseFlags, ...command?.flags}
  const {parse} = thrown as {parse?: Partial<Parse>}
  switch (thrown.constructor.name) {
    case 'NonExistentFlagsError':
      return unknownFlags((thrown as Error & {flags: string[]}).flags, Object.keys(flags), command)
    case 'UnexpectedArgsError': {
      // A word too many behind `--password-stdin` is likely the password itself; it must not go into a log as well.
      if (takesSecrets(command)) return wordTooMany()
      const {args: words} = thrown as Error & {args: string[]}
      return usage(`${words.join(' ')}: ${words.length === 1 ? 'a word' : 'words'} too many`, [
        {text: 'A value of several words needs quotes.'},
      ])
    }
    case 'RequiredArgsError':
    case 'FailedFlagValidationError':
      return (isWhole(parse) ? explainParse(parse, command) : null) ?? inOwnWords(thrown)
    default:
      return explainSentence(thrown, flags)
  }
}

function unknownFlags(words: readonly string[], known: readonly string[], command?: KnownCommand): PostdeskError {
  // What follows the `=` may be a secret behind a mistyped name, and so may a whole word with one dash.
  const unknown = words.map((flag) => flag.replace(/=.*/s, ''))
  if (takesSecrets(command) && unknown.some((flag) => !flag.startsWith('--'))) return wordTooMany()
  const names = known.map((flag) => `--${flag}`)
  return usage(
    `${unknown.join(', ')} ${unknown.length === 1 ? 'is not a flag' : 'are not flags'} of this command`,
    unknown.flatMap((flag) => nearNames(flag, names).map((text) => ({text: `Did you mean ${text}?`}))),
  )
}

/** What is missing; where nothing is, what does not go together; null where neither is the fault. */
function explainParse({input, output}: Parse, command?: KnownCommand): PostdeskError | null {
  const flags = Object.entries(input.flags)
  const given = (flag: string) => output.flags[flag] !== undefined
  const args = Object.entries(input.args).filter(([key, arg]) => arg.required && output.args[key] === undefined)
  const missing = [
    // oclif replaces the name of an argument by its key; help shows the name, which is the key in capitals.
    ...args.map(([key]) => key.toUpperCase()),
    ...flags.filter(([name, flag]) => flag.required && !given(name)).map(([name]) => `--${name}`),
  ]
  if (missing.length > 0) {
    const line = shellQuote(['postdesk', ...(command?.id.split(':') ?? []), ...input.argv])
    return missingInput({missing, command: [line, ...exampleOf(missing, input.flags)].join(' '), asks: false})
  }
  const chosen = (flag: string) => given(flag) && output.metadata.flags[flag]?.setFromDefault !== true
  const related = flags.filter(([name]) => given(name))
  const needs = related.flatMap(([name, {dependsOn = []}]) =>
    dependsOn.filter((other) => !given(other)).map((other) => `--${name} needs --${other}`),
  )
  const excludes = related.flatMap(([name, {exclusive = []}]) =>
    exclusive
      .filter((other): other is string => typeof other === 'string' && chosen(name) && chosen(other))
      // Two that name each other are told once, in the order of the alphabet.
      .map((other) => (name < other ? [name, other] : [other, name]))
      .map(([one, another]) => `--${one} and --${another} exclude each other`),
  )
  const faults = new Set([...needs, ...excludes])
  return faults.size === 0 ? null : usage([...faults].join('; '))
}

/** Sentences that oclif throws while it reads the words, one at a time. */
function explainSentence(thrown: Error, flags: Readonly<Record<string, Command.Flag.Any>>): PostdeskError {
  const sentence = thrown.message
  const [, parsed] = /^Parsing --([\w-]+) /.exec(sentence) ?? []
  if (parsed !== undefined && sentence.includes('Expected an integer')) return usage(wholeNumber(parsed, flags[parsed]))
  const [, once] = /^Flag --([\w-]+) can only be specified once/.exec(sentence) ?? []
  if (once !== undefined) return usage(`--${once} is given more than once`)
  const [, empty] = /^Flag --([\w-]+) expects (?:a value|one of these values)/.exec(sentence) ?? []
  if (empty !== undefined) return usage(`--${empty} needs a value: ${valueOf(empty, flags[empty])}`)
  const [, name, value, options] = /^Expected (?:--([\w-]+)=)?([^]*) to be one of: ([^\n]*)/.exec(sentence) ?? []
  if (value !== undefined && options !== undefined)
    return notOneOf(name === undefined ? '' : `--${name} `, value, options.split(', '))
  return inOwnWords(thrown)
}

function notOneOf(flag: string, value: string, options: readonly string[]): PostdeskError {
  const near = nearNames(value, options)
  const fixes: Fix[] =
    near.length > 0 ? near.map((name) => ({text: `Did you mean ${flag}${name}?`})) : [{text: `Use ${orList(options)}.`}]
  return usage(`${flag}${shellQuote([value])} is not one of: ${options.join(', ')}`, fixes)
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

function wholeNumber(name: string, flag: Command.Flag.Any | undefined): string {
  const {min, max} = (flag ?? {}) as {min?: number; max?: number}
  const bounds = [...(min === undefined ? [] : [`${min} or more`]), ...(max === undefined ? [] : [`at most ${max}`])]
  return `--${name} must be a whole number${bounds.length > 0 ? `, ${bounds.join(' and ')}` : ''}`
}

/** What stands behind a flag in its help. */
const valueOf = (name: string, flag: Command.Flag.Any | undefined): string =>
  flag?.type === 'option' && flag.options
    ? orList(flag.options)
    : exampleOf([`--${name}`], flag ? {[name]: flag} : {})[1]!

/** oclif's sentence as it is, less its hint at the help and its colours. */
const inOwnWords = (thrown: Error): PostdeskError =>
  usage(stripVTControlCharacters(messageOf(thrown)).replace(/\nSee more help with --help/, ''))

const isWhole = (parse: Partial<Parse> | undefined): parse is Parse =>
  parse?.input !== undefined && parse.output !== undefined

/** True for a command on whose line a secret might be put by mistake. */
const takesSecrets = (command?: Pick<Command.Class, 'id' | 'flags'>): boolean =>
  command !== undefined &&
  (command.id.startsWith('secret:') || Object.keys({...command.flags}).some((flag) => flag.endsWith('-stdin')))

const wordTooMany = (): PostdeskError =>
  usage('there is a word too many; it is not repeated here, for it may be a secret', [
    {text: 'If it is one, remove it from the history of the shell.'},
    {text: 'Secrets come by standard input, a file, a variable, or at the prompt: see --help.'},
  ])
