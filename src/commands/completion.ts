import {Args} from '@oclif/core'
import {BaseCommand} from '../lib/cli/base-command.ts'

/** The script that teaches a shell to complete postdesk's command lines. */
export interface CompletionResult {
  readonly shell: 'bash' | 'zsh' | 'fish' | 'powershell'
  readonly script: string
}

export default class CompletionScript extends BaseCommand<typeof CompletionScript, CompletionResult> {
  static override summary = 'Print the script that completes command lines in a shell.'
  static override description =
    'The script knows all commands, flags and their values. For names of portals, queues, agents and addresses it asks postdesk, which reads them from a store on this machine and never uses the network.'
  static override examples = ['<%= config.bin %> <%= command.id %> bash', '<%= config.bin %> <%= command.id %> fish']
  static override args = {
    shell: Args.custom<CompletionResult['shell']>({options: ['bash', 'zsh', 'fish', 'powershell']})({
      description: 'The shell.',
      required: true,
      ignoreStdin: true,
    }),
  }

  async run(): Promise<CompletionResult> {
    const {completionScript} = await import('../lib/cli/completion-script.ts')
    return {shell: this.args.shell, script: await completionScript(this.args.shell, this.config.root)}
  }

  protected render({script}: CompletionResult): string {
    return script
  }
}
