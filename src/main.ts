/** Entry of the program. It imports no command: oclif loads the one that is asked for. */
import {existsSync, readFileSync} from 'node:fs'
import {enableCompileCache} from 'node:module'
import {join} from 'node:path'
import {Config, settings, type Interfaces} from '@oclif/core'

/**
 * Runs one command line. `root` is the directory of package.json.
 * Run from source there is no manifest and no bundle: oclif is pointed at `src` instead of `dist`.
 */
export async function main(argv: string[], root: string): Promise<void> {
  enableCompileCache()
  // A reader that went away, such as `| head`, is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
    throw error
  })
  settings.enableAutoTranspile = false
  const fromSource = import.meta.url.endsWith('.ts')
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON
  if (fromSource) pjson.oclif = sourceLayout(pjson.oclif)
  const config = new Config({root, pjson, ignoreManifest: fromSource || !existsSync(join(root, 'oclif.manifest.json'))})
  await config.load()
  const {runCommandLine} = await import('./lib/cli/run-command-line.ts')
  await runCommandLine(argv, config)
}

function sourceLayout(oclif: Interfaces.PJSON['oclif']): Interfaces.PJSON['oclif'] {
  return {
    ...oclif,
    commands: {strategy: 'pattern', target: './src/commands', globPatterns: ['**/*.ts']},
    helpClass: './src/lib/cli/help.ts',
  }
}
