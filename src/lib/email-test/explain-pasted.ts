/** What pasted words of a server mean, without asking anybody. */
import {explainText} from '../connection/explain-reply.ts'
import {verdictOfParts, type Verdict} from '../diagnosis/verdict.ts'
import {notAReply} from '../errors.ts'
import {providerOf} from './named-server.ts'

/** @throws 64 for a provider that is not known, 65 for a text that is no reply of a server. */
export function explainPasted(text: string, provider: string | undefined): Verdict {
  const explained = explainText(text, providerOf(provider))
  if (explained === null) throw notAReply()
  return verdictOfParts({...explained.parts, serverReply: text.trim()})
}
