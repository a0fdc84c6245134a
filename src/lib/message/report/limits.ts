/** Bounds on what is read of a report. Each is far above real ones; what lies beyond is not looked at. */

/** Characters of a notice that are read. The longest real ones, with a reason for each of fifty recipients, have 30,000. */
export const MAX_NOTICE_CHARS = 128 * 1024

/** Characters of one line that are read: a line of mail has at most 998 (RFC 5322 2.1.1), flowed HTML somewhat more. */
export const MAX_LINE_CHARS = 2000

/** Recipients of one report: servers split mail into deliveries of 50 to 100 recipients (RFC 5321 4.5.3.1.8: 100). */
export const MAX_RECIPIENTS = 200

/** Characters kept of what a server said: a reply line has 512 (RFC 5321 4.5.3.1.5), replies have a handful of lines. */
export const MAX_DIAGNOSTIC_CHARS = 2000

/** Characters of an address: 254 fit into a path (RFC 5321 4.5.3.1.3, erratum 1690); rewritten ones are longer. */
export const MAX_ADDRESS_CHARS = 512

/** Characters of JSON of a notification: one of SES with all headers of the mail has 10,000. */
export const MAX_JSON_CHARS = 256 * 1024
