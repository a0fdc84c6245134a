/** Whether answers can carry their ticket in the address that they go to (RFC 5233): pure. */
import {passed, type Finding} from '../channel/stage.ts'
import type {DetailFate, Forward, SentProbe} from './probe.ts'

/** That it does not arrive is no fault: the Message-ID carries the thread then. */
export function judgePlusAddressing(
  {channel: {address}}: Forward,
  sent: SentProbe,
  fate: DetailFate,
  works: boolean,
): Finding {
  const at = address.lastIndexOf('@')
  const detailed = `${address.slice(0, at)}+detail${address.slice(at)}`
  const seconds =
    fate.kind === 'arrived' ? Math.round((Date.parse(fate.probe.at) - Date.parse(sent.at)) / 100) / 10 : null
  const why = whyNot(fate, works)
  return works
    ? passed(`Mail to ${detailed} arrives, too: answers carry their ticket in the address`, {works, seconds})
    : passed(`Mail to ${detailed} does not arrive: answers are recognised by their Message-ID`, {works, why})
}

function whyNot(fate: DetailFate, works: boolean): string | null {
  switch (fate.kind) {
    case 'arrived':
      return works ? null : 'it arrived elsewhere'
    case 'bounced':
      return fate.probe.recipients[0]?.diagnostic || 'it came back undelivered'
    case 'refused':
      return fate.reply
    case 'absent':
      return `it did not come in within ${Math.round(fate.waitedMs / 1000)} s`
  }
}
