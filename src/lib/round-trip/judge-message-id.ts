/** Whether answers can be recognised by what our mail is sent with: pure. */
import {passed, warned, type Finding} from '../channel/stage.ts'
import {EXIT} from '../errors.ts'
import type {ArrivedProbe, Forward, SentProbe} from './probe.ts'

/** `plusAddressing`: whether mail to `local+detail@` is known to arrive, by which answers are recognised as well. */
export function judgeMessageId(
  {channel: {address}}: Forward,
  sent: SentProbe,
  {message}: ArrivedProbe,
  plusAddressing: boolean,
): Finding {
  const evidence = {sentWith: sent.messageId, arrivedWith: message.messageId, toldByServer: sent.replacedBy}
  if (message.messageId === sent.messageId)
    return passed('The Message-ID survives: answers are recognised by it', evidence)
  // The server names the id that it gives, and the outbox notes it with each mail.
  if (sent.replacedBy !== null && message.messageId === sent.replacedBy)
    return passed('The server gives another Message-ID and says which: answers are recognised by that', evidence)
  if (plusAddressing)
    return passed(
      'The Message-ID is replaced on the way; answers are recognised by the address that they go to',
      evidence,
    )
  return warned(
    {
      code: 'MESSAGE_ID_REPLACED',
      exitCode: EXIT.notReceived,
      title: `Answers to what is sent by ${address} may open new tickets`,
      why: 'its Message-ID is replaced on the way, and mail to the address with a +detail does not arrive: nothing is left to recognise an answer by but the subject',
      fixes: [
        {text: 'Let the mailbox take mail to local+detail@ (sub-addressing, RFC 5233), then run the round trip again.'},
        {text: 'Or send by a server that keeps the Message-ID.'},
      ],
    },
    evidence,
  )
}
