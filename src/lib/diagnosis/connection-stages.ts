/** The stages from a name to a private connection, for both protocols, and what is offered on it. */
import {lookAtCapabilities} from './capabilities.ts'
import {connectEach} from './connect-each.ts'
import type {Conversation} from './conversation.ts'
import {takeGreeting} from './greet.ts'
import {judgeTls} from './judge-tls.ts'
import type {Rung} from './ladder.ts'
import {lookUp} from './look-up.ts'
import {startTls} from './start-tls.ts'
import {findTlsMode} from './tls-mode.ts'

/**
 * In order. What the port speaks, not what was configured, decides how the later ones go on: that it was the other mode is a
 * failure of `tls-mode` alone, and so nothing needs that stage; it is always looked at before what follows from it.
 */
export const connectionRungs = (conversation: Conversation): readonly Rung[] => [
  {id: 'dns', needs: [], look: (signal) => lookUp(conversation, signal)},
  {id: 'tcp', needs: ['dns'], look: (signal) => connectEach(conversation, signal)},
  {id: 'tls-mode', needs: ['tcp'], look: (signal) => findTlsMode(conversation, signal)},
  // What was not begun by then is begun by nobody: the connection may have to change to TLS first.
  {id: 'greeting', needs: ['tcp'], after: ['tls-mode'], look: () => takeGreeting(conversation)},
  {id: 'starttls', needs: ['greeting'], look: (signal) => startTls(conversation, signal)},
  // A handshake that did not come to stand is told here, and is why there is no greeting.
  {id: 'tls', needs: ['tcp'], after: ['starttls'], look: (signal) => judgeTls(conversation, signal)},
  {
    id: 'capabilities',
    needs: ['greeting', 'starttls', 'tls'],
    look: (signal) => lookAtCapabilities(conversation, signal),
  },
]
