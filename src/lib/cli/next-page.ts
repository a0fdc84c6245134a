import {shellQuote} from './shell-quote.ts'

/** The command line that shows the page behind this one: the same flags with another `--after`. */
export function nextPage(command: string, argv: readonly string[], next: string): string {
  const words = argv.filter((word, index) => !/^--after(=|$)/.test(word) && argv[index - 1] !== '--after')
  return shellQuote(['postdesk', ...command.split(' '), ...words, '--after', next])
}
