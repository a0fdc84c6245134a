import {fishScript} from './completion-fish.ts'
import {bashScript, zshScript} from './completion-posix.ts'
import {powershellScript} from './completion-powershell.ts'
import {completionOf} from './completion.ts'
import {describeCommands, describeTopics} from './describe-commands.ts'

const SCRIPTS = {bash: bashScript, zsh: zshScript, fish: fishScript, powershell: powershellScript}

/** The script for a shell. `root` is the directory of package.json. */
export async function completionScript(shell: keyof typeof SCRIPTS, root: string): Promise<string> {
  return SCRIPTS[shell](completionOf(await describeCommands(root), describeTopics(root)))
}
