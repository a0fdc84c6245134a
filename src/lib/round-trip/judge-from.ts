/** Whether the sender of a mail is still the sender after its way, and else who changed it: pure. */
import {failed, passed, type Evidence, type Finding} from '../channel/stage.ts'
import {EXIT, type ErrorParts} from '../errors.ts'
import {fieldValue} from '../message/header.ts'
import type {ArrivedProbe, Forward} from './probe.ts'

/** Who wrote another address into From. */
type Rewriter = 'provider' | 'forwarder' | 'unknown'

export function judgeFrom(forward: Forward, {message}: ArrivedProbe): Finding {
  const {address} = forward.channel
  const [from, ...others] = message.from
  const [replyTo] = message.replyTo
  const evidence: Evidence = {
    from: from?.address ?? null,
    name: from?.name ?? null,
    replyTo: replyTo?.address ?? null,
    keepsReplyTo: isSame(replyTo?.address, address),
  }
  if (others.length === 0 && isSame(from?.address, address)) return passed(`From is still ${address}`, evidence)
  const now = message.from.map((each) => each.address).join(', ') || 'nobody'
  const rewriter = rewriterOf(forward, message, from?.address ?? '')
  return failed(partsOf(forward, now, rewriter), {...evidence, rewrittenBy: rewriter})
}

/**
 * Gmail notes what it replaced in X-Google-Original-From, and puts the login in its place, as others do. Forwarders that
 * rewrite From, so that DMARC passes, keep the original in X-Original-From or Reply-To, or write it into the new local part.
 */
function rewriterOf(
  {channel, internal, login}: Forward,
  {fields, replyTo}: ArrivedProbe['message'],
  now: string,
): Rewriter {
  if (fieldValue(fields, 'x-google-original-from') !== null || isSame(now, login)) return 'provider'
  const domain = domainOf(now)
  if (domain === domainOf(channel.address)) return 'provider'
  if (domain === domainOf(internal.address)) return 'forwarder'
  const keeps =
    fieldValue(fields, 'x-original-from') !== null || replyTo.some((each) => isSame(each.address, channel.address))
  // Such as sales=provider.example@lists.example.
  const encodes = now.toLowerCase().includes(`=${domainOf(channel.address)}`)
  return keeps || encodes ? 'forwarder' : 'unknown'
}

const BY = {
  provider: 'the provider puts another address into From, as some do where the login may not send as the address',
  forwarder: 'the forward puts another address into From, as some do so that DMARC passes',
  unknown: 'the provider or the forward puts another address into From',
} as const satisfies Record<Rewriter, string>

function partsOf({channel: {address}, portalKey}: Forward, now: string, rewriter: Rewriter): ErrorParts {
  const ofProvider = [
    {text: `Let the login send as ${address}: add and verify it as an alias or a "send as" address at the provider.`},
    {
      text: 'Or log in as the address itself:',
      command: `postdesk email update ${address} --user ${address} --portal ${portalKey}`,
    },
  ]
  const ofForwarder = [
    {text: 'Choose "redirect" rather than "forward" where the provider has both: it leaves the header as it was.'},
    {
      text: 'Or switch the rewriting of From off at the forwarder. Until then tickets have the forwarder for their requester.',
    },
  ]
  return {
    code: {
      provider: 'FROM_REWRITTEN_BY_PROVIDER',
      forwarder: 'FROM_REWRITTEN_BY_FORWARDER',
      unknown: 'FROM_REWRITTEN',
    }[rewriter],
    exitCode: EXIT.sender,
    title: `What is sent as ${address} arrives as ${now}`,
    why: BY[rewriter],
    fixes: {provider: ofProvider, forwarder: ofForwarder, unknown: [...ofProvider, ...ofForwarder]}[rewriter],
    ...(rewriter === 'unknown' ? {certainty: 'likely' as const, causes: [BY.provider, BY.forwarder]} : {}),
  }
}

const isSame = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase()
const domainOf = (address: string) => address.slice(address.lastIndexOf('@') + 1).toLowerCase()
