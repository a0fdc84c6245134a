/** Whether the sender of a mail is to be believed. */
import type {Arrival} from './facts.ts'

/** Fields of which one says who wrote what: with several, programs disagree on who that is (RFC 5322 3.6). */
const IDENTIFYING = /\b(?:from|message-id|subject)\b/

/** True where the header names several senders, ids or subjects: nothing in it can be trusted then. */
export const isMalformed = ({message}: Pick<Arrival, 'message'>): boolean =>
  message.from.length > 1 ||
  message.defects.some(({code, detail}) => code === 'header-repeated' && IDENTIFYING.test(detail))

/** True where the mail is shown not to be of its sender. That nothing is known is no failure: most mail is unsigned. */
export const isFailure = (arrival: Pick<Arrival, 'message' | 'authentication'>): boolean =>
  arrival.authentication?.dmarc === 'fail' || isMalformed(arrival)
