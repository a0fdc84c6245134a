/**
 * An esbuild plugin: loading a file takes about a millisecond however small it is, and a run that needs twenty shared
 * modules would load twenty chunks. So what nearly every command uses is bundled into one core, and `await import()` of
 * it, or of a command's own use case, becomes a plain import. Run from source they stay as they are written: there they
 * keep the start of a command short.
 */
import type {Plugin} from 'esbuild'
import {readFile} from 'node:fs/promises'
import {dirname, resolve} from 'node:path'

const IMPORT = /\bawait import\('(\.[^']+\.ts)'\)/g

/** `core`: absolute paths. `isCommand` tells the files that load all of it. */
export function fewFiles(core: readonly string[], isCommand: (path: string) => boolean): Plugin {
  const inCore = new Set(core)
  return {
    name: 'few-files',
    setup(build) {
      build.onResolve({filter: /^virtual:core$/}, () => ({path: 'core', namespace: 'virtual', sideEffects: true}))
      build.onLoad({filter: /.*/, namespace: 'virtual'}, () => ({
        contents: core.map((path) => `import ${JSON.stringify(path)}`).join('\n'),
        resolveDir: dirname(core[0]!),
      }))
      build.onLoad({filter: /\.ts$/, namespace: 'file'}, async ({path}) => {
        const source = await readFile(path, 'utf8')
        const imported = new Map<string, string>()
        const contents = source.replace(IMPORT, (written, target: string) => {
          if (!isCommand(path) && !inCore.has(resolve(dirname(path), target))) return written
          if (isCommand(path) && RARE.test(target)) return written
          const name = imported.get(target) ?? `$imported${imported.size}`
          imported.set(target, name)
          return name
        })
        const head = [...imported].map(([target, name]) => `import * as ${name} from '${target}'`)
        if (isCommand(path)) head.unshift("import 'virtual:core'")
        return {contents: [...head, contents].join('\n'), loader: 'ts'}
      })
    },
  }
}

/** What a command loads in some of its runs only. */
const RARE = /\/prompts\.ts$/
