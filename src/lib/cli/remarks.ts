import type {ConversationMessage} from '../conversation.ts'
import {invitationText} from '../message/invitation.ts'
import type {Security} from '../message/message.ts'

/** What an agent should know of a mail before he believes or answers it, each in a sentence; from outside, not made safe. */
export function remarksOf({
  kind,
  verdict,
  thirdParty,
  authentication,
  security,
  delivery,
}: ConversationMessage): string[] {
  return [
    ...(verdict !== null && kind !== 'human' ? [`${kind}: ${verdict.reason}`] : []),
    ...(thirdParty ? ['by a third party: its sender is no participant of this ticket'] : []),
    ...(authentication?.dmarc === 'fail' ? [`the sender may be forged: ${authentication.why}`] : []),
    ...(security === null ? [] : [securityText(security)]),
    ...(delivery ?? [])
      .filter(({state}) => state !== 'sent')
      .map(({address, state, reply}) => `${state}: ${address}${reply === null ? '' : ` (${reply})`}`),
  ]
}

/** That a mail is signed or encrypted. Nothing is verified, and so it is said. */
export function securityText({kind, signed, encrypted}: Security): string {
  const how = [...(encrypted ? ['encrypted'] : []), ...(signed ? ['signed'] : [])].join(' and ')
  return `${how} with ${kind === 'smime' ? 'S/MIME' : 'OpenPGP'}${encrypted ? ', and cannot be read here' : '; not verified'}`
}

/** The lines of the invitation that a mail brings beside its words; none where the words are made of it. */
export function invitationLines({invitation, text}: ConversationMessage): string[] {
  if (invitation === null) return []
  const lines = invitationText({...invitation, description: null})
    .trim()
    .split('\n')
  return text.includes(lines[0] ?? '') ? [] : lines
}
