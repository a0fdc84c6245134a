import type {SecretSummary} from '../secret-names.ts'
import type {Style} from './style.ts'
import {renderTable} from './table.ts'

/** Secrets as a table: names and places, never values. */
export function renderSecrets(secrets: readonly SecretSummary[], style: Style): string {
  if (secrets.length === 0) return 'No secret is in use.\n'
  return renderTable(
    secrets,
    [
      {title: 'NAME', value: (secret) => secret.name},
      {title: 'FROM', value: (secret) => secret.source, shrinks: true},
      {title: 'FOR', value: (secret) => secret.boundTo, shrinks: true},
      {title: 'PROBLEM', value: (secret) => secret.problem ?? '', shrinks: true},
    ],
    style,
  )
}
