/**
 * Bounds on what a stranger can make us hold or do. Each is far above real mail and far below what would hurt a
 * process of 250 MB; reaching one is a defect of the message, never an error: the raw bytes are kept in any case.
 */

/** Bytes kept of a message's header. A mail to 5,000 named recipients has about 300 KB. */
export const MAX_HEADER_BYTES = 1024 * 1024

/** Bytes kept of the header of a body part: it has a handful of fields, the longest a file name in RFC 2231 pieces. */
export const MAX_PART_HEADER_BYTES = 64 * 1024

/** Fields kept of a header. Mail through many lists, filters and ARC sets has some 200. */
export const MAX_FIELDS = 5000

/** MIME entities looked at in a message, leaves and multiparts together. Digests of lists reach a few hundred. */
export const MAX_PARTS = 1000

/** Nested multiparts. Mail programs reach 5; each level costs a comparison at every line that starts with `--`. */
export const MAX_DEPTH = 64

/**
 * Decoded bytes of text (plain and HTML together) kept for reading. Newsletters reach 500 KB; what is larger carries
 * its pictures in the HTML, and nobody reads it as text.
 */
export const MAX_TEXT_BYTES = 2 * 1024 * 1024

/**
 * Bytes of properties kept of all winmail.dat of a message: the text as RTF, names of files, messages within. The files
 * themselves are not kept. Outlook writes some KB, and a message within as large as it is.
 */
export const MAX_TNEF_PROPERTIES_BYTES = 8 * 1024 * 1024

/** Decoded bytes kept of a signed message (S/MIME) to read what was signed; of larger ones the file is all there is. */
export const MAX_SIGNED_BYTES = 4 * 1024 * 1024

/** Signed messages within signed messages. Programs sign, then encrypt, then sign: what is encrypted ends the chain. */
export const MAX_SIGNED_DEPTH = 2

/** Lines read of a calendar: an invitation to 500 people has some 2,000. */
export const MAX_CALENDAR_LINES = 5000

/** Decoded bytes kept of a part that a machine reads: reports have a few KB, a returned message is wanted for its header. */
export const MAX_EXCERPT_BYTES = 64 * 1024

/** Bytes of white space allowed after a boundary on its line: a line of mail has at most 998 (RFC 5322 2.1.1). */
export const MAX_BOUNDARY_PADDING = 998

/** Ids kept of References, and of In-Reply-To: the oldest few and the newest decide a thread. */
export const MAX_REFERENCES = 100

/** Of those, how many are the oldest ones, when some have to go. */
export const MAX_REFERENCES_OLDEST = 20

/** Characters of one message id: a header line has at most 998 (RFC 5322 2.1.1). */
export const MAX_MESSAGE_ID_LENGTH = 998

/** Addresses kept of one kind (From, To, Cc, Reply-To). */
export const MAX_ADDRESSES = 5000

/** Bytes of a header that are read when parsing has failed: enough for every field that a person asks for. */
export const MAX_FALLBACK_HEADER_BYTES = 64 * 1024

/** Time one message may take to parse, in milliseconds. The slowest of real mail takes a tenth of a second. */
export const PARSE_DEADLINE_MS = 20_000

/** Heap of the parse worker in MB, without the bytes of the mail, which stand outside the heap. */
export const PARSE_HEAP_MB = 256

/**
 * Of the heap of the parse worker, MB for what lives for one message only. The engine's own default of 48 is filled
 * before anything is freed, and the buffers that hang on it with it: 150 MB more in all, for no gain in time.
 */
export const PARSE_YOUNG_HEAP_MB = 12

/** Bytes of raw mail in one stored chunk, before compression. */
export const CHUNK_BYTES = 1024 * 1024
