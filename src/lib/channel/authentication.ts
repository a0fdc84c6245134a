/**
 * What is known of who sent a mail, in the words of RFC 8601 2.7. What it means for a ticket is decided in `intake/`;
 * why `unknown` is not a failure: docs/adr/0013-what-is-known-of-the-sender.md.
 */

/** The results of a DKIM signature (RFC 8601 2.7.1). `policy`: it holds, and is not good enough for us. */
export const DKIM_RESULTS = ['none', 'pass', 'fail', 'policy', 'neutral', 'temperror', 'permerror'] as const

/** What became of one signature. */
export interface DkimResult {
  /** The domain that signed (`d=`), in lower case, as the mail names it; empty where it names none. */
  readonly domain: string
  /** The name of the key (`s=`), as the mail names it; null where it is not told. */
  readonly selector: string | null
  readonly result: (typeof DKIM_RESULTS)[number]
  /** True where this domain may speak for the one in From: it is the same, or DMARC's relaxed alignment holds (RFC 9989 4.4). */
  readonly aligned: boolean
  /** What is wrong with it, for people; null where nothing is. */
  readonly why: string | null
}

/** The results of SPF (RFC 8601 2.7.2). */
export const SPF_RESULTS = ['none', 'pass', 'fail', 'softfail', 'policy', 'neutral', 'temperror', 'permerror'] as const

/** What the server that took the mail found about the host that sent it. */
export interface SpfResult {
  readonly result: (typeof SPF_RESULTS)[number]
  /** The domain of MAIL FROM, in lower case; null where it is not told. */
  readonly domain: string | null
}

/** What is known of the sender of a mail. */
export interface Authentication {
  /**
   * `pass`: the domain in From is proven. `fail`: the server that took the mail says that it is forged, or From names no
   * single author. `unknown`: neither, which is no evidence against the mail.
   */
  readonly dmarc: 'pass' | 'fail' | 'unknown'
  /** Where the answer is from: the trusted server's field, a signature that was verified here, or neither. */
  readonly by: 'authentication-results' | 'dkim' | 'none'
  /** Signatures that were looked at: those that may speak for the domain in From, or those the trusted server names. */
  readonly dkim: readonly DkimResult[]
  /** From the trusted server; null where it says nothing: where mail is pulled, the host that sent it is not known. */
  readonly spf: SpfResult | null
  /** Why, as a sentence for people. It may hold names from the mail. */
  readonly why: string
}
