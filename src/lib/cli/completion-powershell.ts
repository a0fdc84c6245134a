/** Completion for PowerShell, from 5.1 on. */
import {encodeValues, type Completion, type CompletionFlag} from './completion.ts'

export function powershellScript({commands, below, globalFlags}: Completion): string {
  const valued = (prefix: string, flags: readonly CompletionFlag[]) =>
    flags.flatMap(({name, value}) => (value ? [[prefix + name, encodeValues(value)] as const] : []))
  return `# Completion of postdesk for PowerShell. In $PROFILE: postdesk completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName postdesk -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $below = ${table([...below].map(([name, words]) => [name, words.map(({word}) => word).join(' ')]))}
  $flags = ${table(commands.map(({name, flags}) => [name, flags.map((flag) => flag.name).join(' ')]))}
  $globalFlags = ${quote(globalFlags.map(({name}) => name).join(' '))}
  $flagValues = ${table([...commands.flatMap(({name, flags}) => valued(`${name} `, flags)), ...valued('* ', globalFlags)])}
  $argValues = ${table(
    commands.flatMap(({name, args, repeats}) =>
      args.map((values, index) => [
        `${name} ${repeats && index === args.length - 1 ? '*' : index}`,
        encodeValues(values),
      ]),
    ),
  )}
  $about = ${table([
    ...[...below].flatMap(([name, words]) =>
      words.map(({word, summary}) => [`${name} ${word}`.trim(), summary] as const),
    ),
    ...[...globalFlags, ...commands.flatMap(({flags}) => flags)].map(({name, summary}) => [name, summary] as const),
  ])}
  $valueOf = {
    param($command, $flag)
    if ($flagValues.ContainsKey("$command $flag")) { $flagValues["$command $flag"] } else { $flagValues["* $flag"] }
  }
  $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $command = ''; $expect = $null; $options = $true; $position = 0
  foreach ($word in ($typed | Select-Object -Skip 1)) {
    if ($expect) { $expect = $null }
    elseif ($word -eq '--') { $options = $false }
    elseif ($options -and $word.StartsWith('-')) { $expect = & $valueOf $command $word }
    elseif ($position -eq 0 -and ("$($below[$command])" -split ' ') -ccontains $word) { $command = "$command $word".Trim() }
    else { $position++ }
  }
  $lead = ''; $rest = $wordToComplete
  if ($expect) { $values = $expect }
  elseif ($options -and $wordToComplete -like '--*=*') {
    $lead = $wordToComplete.Substring(0, $wordToComplete.IndexOf('=') + 1)
    $rest = $wordToComplete.Substring($lead.Length)
    $values = & $valueOf $command $lead.TrimEnd('=')
  }
  elseif ($options -and $wordToComplete.StartsWith('-')) { $values = "words $($flags[$command]) $globalFlags" }
  else {
    $values = $argValues["$command $position"]
    if (-not $values) { $values = $argValues["$command *"] }
    if ($position -eq 0 -and (-not $values -or $values -eq 'nothing')) { $values = "words $($below[$command])" }
  }
  $kind, $list = "$values" -split ' '
  if ($kind -eq 'names') { $list = @(& $typed[0] __complete $list[0] '--' ($typed | Select-Object -Skip 1) 2>$null) }
  # Without a result PowerShell offers files, as it should for these.
  elseif ($kind -ne 'words') { return }
  $list | Where-Object { $_ -and $_.StartsWith($rest) } | ForEach-Object {
    $tip = $about["$command $_".Trim()]
    if (-not $tip) { $tip = $about[$_] }
    if (-not $tip) { $tip = $_ }
    [System.Management.Automation.CompletionResult]::new("$lead$_", $_, 'ParameterValue', $tip)
  }
}
`
}

/** A literal table, which must not have a key twice. */
function table(rows: readonly (readonly [string, string])[]): string {
  const unique = [...new Map(rows.filter(([, text]) => text !== ''))]
  return ['@{', ...unique.map(([key, text]) => `    ${quote(key)} = ${quote(text)}`), '  }'].join('\n')
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`
