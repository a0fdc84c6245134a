/** Entry of the program. It imports no command and no library, so that their code can come from the compile cache. */
import {keepCompiledCode} from './lib/cli/compile-cache.ts'

/** Runs one command line. `root` is the directory of package.json. */
export async function main(argv: string[], root: string): Promise<void> {
  keepCompiledCode()
  // What libraries deprecate concerns us, not who runs the program.
  process.noDeprecation = true
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // A reader that went away, such as `| head`, is no error.
      if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0)
      throw error
    })
  const {runCommandLine} = await import('./lib/cli/run-command-line.ts')
  await runCommandLine(argv, root)
}
