/** Hands a probe over to the provider of the address, and tells what it said: the connection is closed by then. */
import type {Receipt, RecipientReceipt} from '../channel/outgoing.ts'
import {failed, passed, warned, type Finding} from '../channel/stage.ts'
import {partsOfRow, providerOfServer, rowOfReply} from '../connection/explain-reply.ts'
import {EXIT, partsOf, PostdeskError, type ErrorParts} from '../errors.ts'
import type {Log} from '../log.ts'
import type {SmtpAccount} from '../smtp/account.ts'
import {createSmtpSender} from '../smtp/connect.ts'

export interface ProbeOnItsWay {
  readonly to: string
  readonly raw: Uint8Array
}

/** What became of each at the server; null for those that were not reached. */
export interface Handed {
  readonly finding: Finding
  readonly receipts: readonly Receipt[]
}

/** A person waits: what is not answered within this will not be in five minutes either. */
const IMPATIENT = {connectMs: 30_000, commandMs: 60_000, finalMs: 120_000}

/** The first decides: without the others there is less to learn, and no failure. @throws the signal's reason. */
export async function sendProbes(
  probes: readonly [ProbeOnItsWay, ...(readonly ProbeOnItsWay[])],
  returnPath: string,
  account: SmtpAccount,
  {log, signal}: {readonly log: Log; readonly signal: AbortSignal},
): Promise<Handed> {
  const sender = createSmtpSender(account, {log, deadlines: IMPATIENT})
  try {
    const connection = await sender.open(signal)
    try {
      const receipts: Receipt[] = []
      for (const {to, raw} of probes) {
        if (!connection.isOpen()) break
        const outgoing = {sender: returnPath, fallbackSender: null, recipients: [to], raw}
        receipts.push(await orAborted(connection.send(outgoing), signal))
      }
      return {finding: findingOf(receipts[0], probes[0].to, account), receipts}
    } finally {
      // Whoever was told to stop does not wait for a goodbye.
      await (signal.aborted ? null : connection.close())
    }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof PostdeskError)) throw error
    return {finding: failed(partsOf(error)), receipts: []}
  }
}

async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const {promise, reject} = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason as Error)
  signal.addEventListener('abort', abort, {once: true})
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

function findingOf(receipt: Receipt | undefined, to: string, account: SmtpAccount): Finding {
  const [told] = receipt?.recipients ?? []
  if (receipt === undefined || told === undefined) throw new Error('a probe without a recipient')
  const evidence = {to, reply: told.reply, messageId: receipt.messageId}
  switch (told.result) {
    case 'sent':
      return passed(`A probe is on its way from ${to} to itself`, evidence)
    case 'unknown':
      return warned(unknown(to, told), evidence)
    case 'failed':
    case 'deferred':
      return failed(receipt.obstacle === null ? refused(to, told, account) : partsOf(receipt.obstacle), evidence)
  }
}

/** RFC 1047: it may be on its way all the same, and is waited for. */
const unknown = (to: string, {reply}: RecipientReceipt): ErrorParts => ({
  code: 'SENT_UNKNOWN',
  exitCode: EXIT.findings,
  title: `Nobody knows whether the probe to ${to} was sent`,
  why: reply,
  fixes: [{text: 'Where it does not come back, run the test again.'}],
})

function refused(to: string, {result, reply}: RecipientReceipt, {host, user}: SmtpAccount): ErrorParts {
  const context = {protocol: 'smtp', step: 'message', host, provider: providerOfServer(host), user} as const
  const row = rowOfReply(reply, context)
  if (row !== null) return {...partsOfRow(row, context), serverReply: reply}
  const later = result === 'deferred'
  return {
    code: 'PROBE_REFUSED',
    exitCode: later ? EXIT.tryAgain : EXIT.recipient,
    title: `${host} does not take mail from ${to} to itself${later ? ' now' : ''}`,
    why: later ? 'it puts it off' : 'it refuses the recipient, or what is in the mail',
    serverReply: reply,
    fixes: [
      later
        ? {text: 'Try again in a few minutes.'}
        : {text: `See whether a mailbox or an alias ${to} is there at the provider: nothing can be forwarded without.`},
    ],
  }
}
