/**
 * The words of an automatic reply. What it can say is the ticket and the portal, nothing of what the sender wrote: else
 * strangers could have us send their words to anybody.
 */
import {oneLine} from './encode-words.ts'

/** What the placeholders of a template stand for. */
export interface TemplateValues {
  readonly ticket: number
  readonly queue: string
  readonly portal: string
  readonly date: string
}

const NAMES: readonly (keyof TemplateValues)[] = ['ticket', 'queue', 'portal', 'date']

/** A brace that is meant, or what may be a placeholder. */
const BRACES = /\{\{|\{([^{}\n]{0,40})\}/g

const isKnown = (name: string): name is keyof TemplateValues => (NAMES as readonly string[]).includes(name)

/** The template with its values, each on one line. They are put in once: a queue named `{date}` stays that. */
export const renderTemplate = (template: string, values: TemplateValues): string =>
  template.replace(BRACES, (found, name?: string) =>
    name === undefined ? '{' : isKnown(name) ? oneLine(String(values[name])) : found,
  )

/** What is wrong with a template; null for a good one. */
export function checkTemplate(template: string): string | null {
  for (const [found, name] of template.matchAll(BRACES))
    if (name !== undefined && !isKnown(name))
      return `${found} is no placeholder: use ${NAMES.map((each) => `{${each}}`).join(', ')}, or write {{ for a brace`
  return null
}
