/** What in a text of somebody else would act on a terminal, or hide there. */

/** C0 but tab and line feed, DEL, C1; line and paragraph separators; bidi controls (Unicode TR9 2); zero-width joins that hide. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
export const UNSAFE = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]/g

/**
 * What has no width and no effect on how words read: in a subject, a name or an address it only makes two of them look
 * alike. Not ZWNJ and ZWJ, which scripts and emoji need; running text of newsletters is full of the others.
 */
export const HIDDEN = /[\u00AD\u200B\u2060-\u2064]/g

/** JSON in which such characters are escaped: `JSON.stringify` leaves all but C0 as they are. */
export function escapeJson(json: string): string {
  // Outside of strings JSON has line feeds and blanks only, and those are safe.
  return json.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
