/** Completion for fish: one line for each word and flag; fish itself knows where a value stands. */
import type {Completion, CompletionFlag, Values} from './completion.ts'

export function fishScript({commands, below, globalFlags}: Completion): string {
  return `# Completion of postdesk for fish. In ~/.config/fish/config.fish: postdesk completion fish | source
# The words before the first flag; they begin with those of the command.
function __postdesk_words
    for word in (commandline -opc)[2..]
        string match -q -- '-*' $word; and return
        echo $word
    end
end
# True where exactly these words stand so far, and no flag.
function __postdesk_at
    set -l typed (commandline -opc)[2..]
    test "$typed" = "$argv"
end
# True for this command, whatever follows.
function __postdesk_in
    set -l words (__postdesk_words)
    test (count $words) -ge (count $argv); and test "$words[1..$(count $argv)]" = "$argv"
end
function __postdesk_names
    set -l typed (commandline -opc)
    $typed[1] __complete $argv[1] -- $typed[2..] 2>/dev/null </dev/null
end
complete -c postdesk -e
complete -c postdesk -f
${[
  ...[...below].flatMap(([name, words]) =>
    words.map(
      ({word, summary}) =>
        `complete -c postdesk -n ${quote(`__postdesk_at ${name}`.trim())} -a ${word} -d ${quote(summary)}`,
    ),
  ),
  ...commands.flatMap(({name, flags}) => flags.map((flag) => flagLine(flag, `-n ${quote(`__postdesk_in ${name}`)} `))),
  ...globalFlags.map((flag) => flagLine(flag, '')),
  // Which argument it is makes no difference here: no command has two of different kinds.
  ...commands.flatMap(({name, args}) => {
    const values = args.find(({kind}) => kind !== 'nothing')
    return values ? [`complete -c postdesk -n ${quote(`__postdesk_in ${name}`)} ${valuesOf(values)}`] : []
  }),
].join('\n')}
`
}

function flagLine({name, summary, value}: CompletionFlag, condition: string): string {
  return `complete -c postdesk ${condition}-l ${name.slice(2)} ${value ? `-r ${valuesOf(value)} ` : ''}-d ${quote(summary)}`
}

function valuesOf(values: Values): string {
  switch (values.kind) {
    case 'words':
      return `-f -a ${quote(values.words.join(' '))}`
    case 'names':
      return `-f -a '(__postdesk_names ${values.names})'`
    case 'files':
      return '-F'
    case 'nothing':
      return '-f'
  }
}

/** In single quotes fish knows two escapes. */
const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
