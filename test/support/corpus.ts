/**
 * Real messages with expected outcomes, which are not part of the repository: folders that each hold mails and an
 * `expected.jsonl` with one case a line. `POSTDESK_CORPUS` names where they are; where there are none, tests skip.
 */
import {existsSync, readdirSync, readFileSync, statSync} from 'node:fs'
import {join, resolve} from 'node:path'

/** What a case expects. Only the keys that its folder knows are there. */
export interface Expected {
  readonly subject?: string
  readonly from_addr?: string
  readonly from_name?: string
  readonly message_id?: string
  readonly text_contains?: readonly string[]
  readonly must_not_throw?: boolean
  readonly must_not_autorespond?: boolean
  readonly is_auto_reply?: boolean
  readonly is_bounce?: boolean
  readonly is_feedback_report?: boolean
  readonly feedback_types?: readonly string[]
  readonly bounces?: readonly {
    readonly recipient: string | null
    readonly alias: string | null
    readonly status: string | null
    readonly replycode: string | null
    readonly reason: string | null
    readonly hard: boolean | null
    readonly action: string | null
    readonly peers_agree_on_reason?: boolean
  }[]
  readonly bounced_recipients?: readonly string[]
  readonly original_subject?: string
  readonly original_message_ids?: readonly string[]
  readonly reply_text?: string
  readonly elided_text?: string
  readonly forwarded_text?: string
  readonly before_forward_text?: string
  readonly leaf_count?: number
  readonly leaves?: readonly {
    readonly mime: string
    readonly raw_filename: string | null
    readonly disposition: string | null
    readonly in_message: number
    readonly kind: 'text' | 'binary'
    readonly size: number
    readonly sha256: string
  }[]
}

export interface CorpusCase {
  readonly file: string
  readonly path: string
  readonly kind: 'message' | 'text' | 'html'
  readonly source: string
  readonly expect: Expected
  readonly bytes: Buffer
}

const ROOT = process.env['POSTDESK_CORPUS'] ?? resolve(import.meta.dirname, '../../../shared/corpus')

/** The folders that are there. */
export function corpusFolders(root = ROOT): readonly string[] {
  if (!existsSync(root)) return []
  return readdirSync(root)
    .filter((name) => statSync(join(root, name)).isDirectory() && existsSync(join(root, name, 'expected.jsonl')))
    .toSorted()
}

/** The cases of a folder; none where it is not there. */
export function corpusCases(folder: string, root = ROOT): readonly CorpusCase[] {
  const directory = join(root, folder)
  const list = join(directory, 'expected.jsonl')
  if (!existsSync(list)) return []
  return readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const {file, kind, source, expect} = JSON.parse(line) as Omit<CorpusCase, 'path' | 'bytes'>
      const path = join(directory, file)
      return {file, path, kind, source, expect, bytes: readFileSync(path)}
    })
}
