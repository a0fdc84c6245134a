/** The flags of `email test`. */
import {Flags} from '@oclif/core'
import {SECURITIES} from '../server-settings.ts'
import {secretFlags} from './flags.ts'

const [what, server, message] = ['WHAT IS LOOKED AT', 'A SERVER WITHOUT A CHANNEL', 'SENDING']

export const testFlags = {
  all: Flags.boolean({helpGroup: what, summary: 'Every address, the inbound and the relay, side by side.'}),
  only: Flags.string({
    helpGroup: what,
    helpValue: 'STAGES',
    summary: 'Only these stages or groups of stages, and what they need.',
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
  }),
  until: Flags.string({helpGroup: what, helpValue: 'STAGE', summary: 'End with this stage.'}),
  explain: Flags.string({
    helpGroup: what,
    helpValue: 'TEXT|-',
    summary: 'What a reply of a server means; asks nobody. - reads it from standard input.',
    exclusive: ['host', 'all', 'roundtrip', 'send', 'only', 'until'],
  }),
  'require-domain-auth': Flags.boolean({
    helpGroup: what,
    summary: 'SPF, DKIM and DMARC that are broken are a failure (29); else they are warned of.',
  }),
  strict: Flags.boolean({helpGroup: what, summary: 'Exit with 2 where there are warnings.'}),
  timeout: Flags.integer({
    helpGroup: what,
    helpValue: 'S',
    summary: 'Seconds that each answer is waited for; default: 30.',
    min: 1,
    max: 600,
  }),
  send: Flags.boolean({
    helpGroup: message,
    summary: 'Really send a message, to --to.',
    dependsOn: ['to'],
  }),
  to: Flags.string({
    helpGroup: message,
    helpValue: 'ADDR',
    summary: 'The recipient that the server is asked for (RCPT TO); nothing is sent to it without --send.',
  }),
  roundtrip: Flags.boolean({
    helpGroup: message,
    summary: 'Prove the forwarding: a probe is sent to the address, and has to come back at its internal address.',
    exclusive: ['host'],
  }),
  wait: Flags.integer({
    helpGroup: message,
    helpValue: 'S',
    summary: 'Seconds that the probe is waited for; default: 300.',
    min: 1,
    max: 86_400,
    dependsOn: ['roundtrip'],
  }),
  host: Flags.string({helpGroup: server, summary: 'Name or address of the server; no store is needed.'}),
  provider: Flags.string({
    helpGroup: server,
    helpValue: 'P',
    summary: 'Whose words the server speaks, where its name does not tell, such as microsoft or amazon-ses.',
  }),
  protocol: Flags.option({options: ['smtp', 'imap'] as const})({
    helpGroup: server,
    summary: 'Default: imap for the ports 143 and 993, else smtp.',
    dependsOn: ['host'],
  }),
  port: Flags.integer({
    helpGroup: server,
    summary: 'Default: what is known of the server, else 465 (IMAP: 993), with --security starttls 587 (143).',
    dependsOn: ['host'],
  }),
  security: Flags.option({options: SECURITIES})({
    helpGroup: server,
    summary: 'Default: tls for the ports 465 and 993, starttls for others.',
    dependsOn: ['host'],
  }),
  user: Flags.string({
    helpGroup: server,
    summary: 'Name to log in with; without one no login is tried.',
    dependsOn: ['host'],
  }),
  auth: Flags.string({
    helpGroup: server,
    helpValue: 'MECH',
    summary: 'How to log in: PLAIN, LOGIN or CRAM-MD5; default: the best that both sides have.',
    dependsOn: ['host'],
  }),
  from: Flags.string({
    helpGroup: server,
    helpValue: 'ADDR',
    summary: 'The sender that the server is asked for (MAIL FROM); default: the user, where that is an address.',
    dependsOn: ['host'],
  }),
  'ehlo-name': Flags.string({
    helpGroup: server,
    helpValue: 'NAME',
    summary: "What this machine calls itself (EHLO); default: this machine's name.",
    dependsOn: ['host'],
  }),
  // The type of the library knows letters alone; its parser takes the digits that users of swaks and curl write.
  ipv4: Flags.boolean({
    helpGroup: server,
    char: '4' as 'a',
    summary: 'Only over IPv4.',
    exclusive: ['ipv6'],
    dependsOn: ['host'],
  }),
  ipv6: Flags.boolean({helpGroup: server, char: '6' as 'a', summary: 'Only over IPv6.', dependsOn: ['host']}),
  'ca-file': Flags.string({
    helpGroup: 'TLS',
    helpValue: 'FILE',
    summary: 'PEM file of the only authority to trust, or of the certificate itself.',
  }),
  'tls-name': Flags.string({
    helpGroup: 'TLS',
    helpValue: 'NAME',
    summary: 'The name that the certificate has to be for; default: the host.',
  }),
  transcript: Flags.boolean({
    helpGroup: 'OUTPUT',
    summary: 'Show what passes over the wire, credentials masked.',
  }),
  format: Flags.option({options: ['text', 'junit'] as const})({
    helpGroup: 'OUTPUT',
    summary: 'junit prints XML for CI servers, a case a stage.',
    default: 'text',
  }),
  ...secretFlags('password'),
}
