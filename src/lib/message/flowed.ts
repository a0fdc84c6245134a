/**
 * Text as its writer saw it, of text in the format `flowed` (RFC 3676): lines that were broken softly are put together,
 * those of a quotation with its marks in front. Line breaks are line feeds. `delSp`: the space at a soft break goes too.
 */
export function unflow(text: string, delSp: boolean): string {
  const paragraphs: string[] = []
  /** Lines of the paragraph that is open, and the depth of its quotation. */
  let open: string[] = []
  let openDepth = 0
  const close = () => {
    // RFC 3676 4.2: a soft break before the end of a paragraph, or of its quotation, is none.
    if (open.length > 0) paragraphs.push(quoted(openDepth, open.join('').replace(/ $/, '')))
    open = []
  }
  for (const line of text.split('\n')) {
    let depth = 0
    while (line[depth] === '>') depth++
    // RFC 3676 4.4: a space in front was put there so that the line looks like no other thing.
    const content = line.slice(line[depth] === ' ' ? depth + 1 : depth)
    const isSignature = content === '-- '
    if (open.length > 0 && (depth !== openDepth || isSignature)) close()
    openDepth = depth
    if (isSignature) paragraphs.push(quoted(depth, content))
    else if (content.endsWith(' ')) open.push(delSp ? content.slice(0, -1) : content)
    else if (open.length > 0) {
      open.push(content)
      paragraphs.push(quoted(depth, open.join('')))
      open = []
    } else paragraphs.push(quoted(depth, content))
  }
  close()
  return paragraphs.join('\n')
}

function quoted(depth: number, content: string): string {
  return depth === 0 ? content : `${'>'.repeat(depth)} ${content}`
}
