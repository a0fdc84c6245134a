/** Completion for bash and zsh: the tables are the same, what reads them differs. */
import {encodeValues, type Completion, type CompletionFlag} from './completion.ts'
import {shellQuote} from './shell-quote.ts'

/** bash, from 3.2 on, which macOS has: no associative arrays, no bash-completion needed. */
export function bashScript(completion: Completion): string {
  return `# Completion of postdesk for bash. In ~/.bashrc: source <(postdesk completion bash)
${tables(completion)}
_postdesk() {
  local line="\${COMP_LINE:0:COMP_POINT}" cur='' command='' expect='' values='' lead='' options=1 position=0 word
  local -a typed
  IFS=$' \\t' read -r -a typed <<< "$line"
  # The line as it was typed: readline splits words at "@", ":" and "=", which addresses and flags contain.
  if [[ ! "$line" =~ [[:space:]]$ ]]; then
    cur="\${typed[\${#typed[@]}-1]}"
    typed=("\${typed[@]:0:\${#typed[@]}-1}")
  fi
  for word in "\${typed[@]:1}"; do
    if [[ -n "$expect" ]]; then expect=''
    elif [[ "$word" == -- ]]; then options=0
    elif [[ $options == 1 && "$word" == -* ]]; then expect="$(_postdesk_flag "$command" "$word")"
    elif [[ $position == 0 && " $(_postdesk_below "$command") " == *" $word "* ]]; then command="\${command:+$command }$word"
    else position=$((position + 1))
    fi
  done
  if [[ -n "$expect" ]]; then values="$expect"
  elif [[ $options == 1 && "$cur" == --*=* ]]; then
    lead="\${cur%%=*}="
    values="$(_postdesk_flag "$command" "\${cur%%=*}")"
  elif [[ $options == 1 && "$cur" == -* ]]; then values="words $(_postdesk_flags "$command")"
  else
    values="$(_postdesk_arg "$command" "$position")"
    if [[ $position == 0 && ( -z "$values" || "$values" == nothing ) ]]; then values="words $(_postdesk_below "$command")"; fi
  fi
  COMPREPLY=()
  local rest="\${cur#"$lead"}" candidates='' candidate
  case "$values" in
    words\\ *) candidates="\${values#words }" ;;
    names\\ *) candidates="$("\${typed[0]}" __complete "\${values#names }" -- "\${typed[@]:1}" 2>/dev/null </dev/null)" ;;
    files)
      while IFS= read -r candidate; do COMPREPLY+=("$lead$candidate"); done < <(compgen -f -- "$rest")
      compopt -o filenames 2>/dev/null
      ;;
  esac
  for candidate in $candidates; do
    if [[ "$candidate" == "$rest"* ]]; then COMPREPLY+=("$lead$candidate"); fi
  done
  # What readline takes for the current word begins behind the last character at which it splits.
  local breaks="\${COMP_WORDBREAKS//[^@:=]/}" before=''
  if [[ -n "$breaks" && "$cur" == *["$breaks"]* ]]; then before="\${cur%"\${cur##*["$breaks"]}"}"; fi
  if [[ -n "$before" && \${#COMPREPLY[@]} -gt 0 ]]; then COMPREPLY=("\${COMPREPLY[@]#"$before"}"); fi
}
complete -F _postdesk postdesk
`
}

export function zshScript(completion: Completion): string {
  return `#compdef postdesk
# Completion of postdesk for zsh. In ~/.zshrc, behind compinit: source <(postdesk completion zsh)
${tables(completion)}
${about(completion)}
_postdesk() {
  local cur="\${words[CURRENT]}" command='' expect='' values='' word options=1
  local -a list
  integer position=0
  for word in "\${(@)words[2,CURRENT-1]}"; do
    if [[ -n "$expect" ]]; then expect=''
    elif [[ "$word" == -- ]]; then options=0
    elif [[ $options == 1 && "$word" == -* ]]; then expect="$(_postdesk_flag "$command" "$word")"
    elif [[ $position == 0 && " $(_postdesk_below "$command") " == *" $word "* ]]; then command="\${command:+$command }$word"
    else position=$((position + 1))
    fi
  done
  if [[ -n "$expect" ]]; then values="$expect"
  elif [[ $options == 1 && "$cur" == --*=* ]]; then
    values="$(_postdesk_flag "$command" "\${cur%%=*}")"
    compset -P '*='
  elif [[ $options == 1 && "$cur" == -* ]]; then
    list=("\${(@f)$(_postdesk_about_flags "$command")}")
    _describe -o flag list
    return
  else
    values="$(_postdesk_arg "$command" "$position")"
    if [[ $position == 0 && ( -z "$values" || "$values" == nothing ) && -n "$(_postdesk_below "$command")" ]]; then
      list=("\${(@f)$(_postdesk_about_below "$command")}")
      _describe command list
      return
    fi
  fi
  case "$values" in
    words\\ *) list=(\${=values#words }); compadd -a list ;;
    names\\ *)
      list=("\${(@f)$("\${words[1]}" __complete "\${values#names }" -- "\${(@)words[2,CURRENT-1]}" 2>/dev/null </dev/null)}")
      compadd -- "\${(@)list:#}"
      ;;
    files) _files ;;
  esac
}
if [[ "\${funcstack[1]}" == _postdesk ]]; then _postdesk "$@"; else compdef _postdesk postdesk; fi
`
}

/** Functions that print what may follow. */
function tables({commands, below, globalFlags}: Completion): string {
  return [
    shellFunction(
      '_postdesk_below',
      '$1',
      [...below].map(([name, words]) => [name, words.map(({word}) => word).join(' ')]),
    ),
    shellFunction(
      '_postdesk_flags',
      '$1',
      commands.map(({name, flags}) => [name, flags.map((flag) => flag.name).join(' ')]),
      globalFlags.map((flag) => flag.name).join(' '),
    ),
    shellFunction('_postdesk_flag', '$1 $2', [
      ...commands.flatMap(({name, flags}) => valueRows(`${name} `, flags)),
      ...valueRows('* ', globalFlags),
    ]),
    shellFunction(
      '_postdesk_arg',
      '$1 $2',
      commands.flatMap(({name, args, repeats}) =>
        args.map((values, index) => [
          `${name} ${repeats && index === args.length - 1 ? '*' : index}`,
          encodeValues(values),
        ]),
      ),
    ),
  ].join('\n')
}

const valueRows = (prefix: string, flags: readonly CompletionFlag[]): (readonly [string, string])[] =>
  flags.flatMap(({name, value}) => (value ? [[prefix + name, encodeValues(value)] as const] : []))

/** What zsh shows beside the words: lines of `WORD:WHAT IT IS`. */
function about({commands, below, globalFlags}: Completion): string {
  const lines = (entries: readonly (readonly [string, string])[]) =>
    entries.map(([word, text]) => `${word}:${text}`).join('\n')
  const flagLines = (flags: readonly CompletionFlag[]) => lines(flags.map(({name, summary}) => [name, summary]))
  return [
    shellFunction(
      '_postdesk_about_below',
      '$1',
      [...below].map(([name, words]) => [name, lines(words.map(({word, summary}) => [word, summary]))]),
    ),
    shellFunction(
      '_postdesk_about_flags',
      '$1',
      commands.map(({name, flags}) => [name, flagLines(flags)]),
      flagLines(globalFlags),
    ),
  ].join('\n')
}

function shellFunction(
  name: string,
  subject: string,
  rows: readonly (readonly [string, string])[],
  always?: string,
): string {
  const pattern = (text: string) =>
    text
      .split('*')
      .map((part) => (part === '' ? '' : shellQuote([part])))
      .join('*')
  return [
    `${name}() {`,
    `  case "${subject}" in`,
    ...rows.flatMap(([key, text]) =>
      text === '' ? [] : [`    ${key === '' ? "''" : pattern(key)}) printf '%s\\n' ${shellQuote([text])} ;;`],
    ),
    '  esac',
    ...(always === undefined ? [] : [`  printf '%s\\n' ${shellQuote([always])}`]),
    '}',
  ].join('\n')
}
