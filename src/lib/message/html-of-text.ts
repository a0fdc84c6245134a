/** The HTML form of a text that a person wrote: the same words, paragraphs, and links that can be clicked. */
import {plainLines} from './plain-lines.ts'
import type {Quote} from './quote.ts'

/** Of `quoted`, nothing becomes a link: it is what a stranger wrote, who may want it clicked. */
export function htmlOfText(text: string, quoted: Quote | null): string {
  const quote =
    quoted === null
      ? ''
      : `${paragraph(escapeHtml(quoted.attribution))}\n<blockquote type="cite">\n${paragraphs(quoted.text, escapeHtml)}\n</blockquote>\n`
  return `<!DOCTYPE html>\n<html><body>\n${paragraphs(text, withLinks)}\n${quote}</body></html>\n`
}

/** Each is written from left or right as its own first letter is. */
const paragraph = (html: string): string => `<p dir="auto">${html}</p>`

/** Paragraphs are what blank lines part; within one, lines stay lines. */
const paragraphs = (text: string, render: (line: string) => string): string =>
  plainLines(text)
    .join('\n')
    .split(/\n{2,}/)
    .map((lines) =>
      paragraph(
        lines
          .split('\n')
          .map((line) => withBlanks(render(line)))
          .join('<br>\n'),
      ),
    )
    .join('\n')

const ENTITIES: Readonly<Record<string, string>> = {'&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;'}

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)

/** Blanks that HTML would drop: at the start of a line, and all but the last of several. A tab is four, as on paper. */
const withBlanks = (html: string): string =>
  html.replace(/^[ \t]+| [ \t]+|\t[ \t]*/g, (blanks, at: number) => {
    const width = blanks.replaceAll('\t', '    ').length
    return at === 0 ? '&nbsp;'.repeat(width) : `${'&nbsp;'.repeat(width - 1)} `
  })

/** Also ended by the marks of scripts that set no blank after a link. */
const LINK = /(?<![\p{L}\p{N}])(?:https?:\/\/|mailto:)[^\s<>"\p{C}。、，；：！？（）「」『』【】《》“”„«»]+/giu

function withLinks(line: string): string {
  let html = ''
  let end = 0
  for (const {0: found, index} of line.matchAll(LINK)) {
    const link = withoutPunctuation(found)
    if (!isLink(link)) continue
    const escaped = escapeHtml(link)
    html += `${escapeHtml(line.slice(end, index))}<a href="${escaped}">${escaped}</a>`
    end = index + link.length
  }
  return html + escapeHtml(line.slice(end))
}

/** What stands behind a link belongs to the sentence, and a bracket that the link does not open, too. */
function withoutPunctuation(found: string): string {
  let open = 0
  for (const character of found) open += character === '(' ? 1 : character === ')' ? -1 : 0
  let end = found.length
  for (; end > 0; end--) {
    const last = found[end - 1]!
    if (last === ')' && open < 0) open++
    else if (!/[.,;:!?'*_~…’\]}|]/.test(last)) break
  }
  return found.slice(0, end)
}

function isLink(link: string): boolean {
  const url = URL.parse(link)
  if (url === null) return false
  return url.protocol === 'mailto:' ? url.pathname.includes('@') : /^https?:$/.test(url.protocol) && url.hostname !== ''
}
