import {type ErrorParts, EXIT} from '../errors.ts'
import type {Conversation} from './conversation.ts'
import {quote} from './server-words.ts'

/** Who speaks first, or answers what it does not understand, and by which words it is known. The first that fits holds. */
const SERVICES: readonly {readonly says: RegExp; readonly name: string; readonly ports: string}[] = [
  {says: /^\* (OK|PREAUTH|BYE)\b/, name: 'IMAP', ports: '143 and 993 are for IMAP'},
  {says: /^\+OK\b|^-ERR\b/, name: 'POP3', ports: '110 and 995 are for POP3'},
  {says: /^SSH-/, name: 'SSH', ports: '22 is for SSH'},
  {says: /^(HTTP\/|<!doctype|<html)/i, name: 'web', ports: '80 and 443 are for the web'},
  {says: /^"IMPLEMENTATION" /, name: 'ManageSieve', ports: '4190 is for ManageSieve'},
  {says: /^220[ -](?!.*SMTP).*\bFTP\b/i, name: 'FTP', ports: '21 is for FTP'},
  {says: /^220[ -](?!.*SMTP).*\bLMTP\b/i, name: 'LMTP', ports: '24 is for LMTP'},
  {says: /^[245]\d\d[ -]/, name: 'SMTP', ports: '25, 465 and 587 are for SMTP'},
]

/** Says that another service is on the port, by its first line; null where it is the one that was expected, or unknown. */
export function foreignService(line: string, conversation: Conversation): ErrorParts | null {
  const {subject, protocol} = conversation
  const service = SERVICES.find(({says}) => says.test(line))
  if (service === undefined || service.name === protocol.name) return null
  const {name, ports} = service
  return {
    code: 'OTHER_SERVICE',
    exitCode: EXIT.protocol,
    title: `${subject.host}:${subject.port} speaks ${name === 'web' ? 'HTTP' : name}`,
    why: `its first words are those of ${name === 'web' ? 'a web server or a proxy' : name}, and ${protocol.name} was expected`,
    fixes: [
      {text: `Check the port: ${protocol.tlsPort} and ${protocol.starttlsPort} are for ${protocol.name}, ${ports}.`},
    ],
    serverReply: quote(conversation, line),
  }
}
