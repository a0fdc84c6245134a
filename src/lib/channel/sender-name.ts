/**
 * The display name of outgoing mail by the name of its channel, in which `{agent}` stands for who writes it: `{agent} | Acme
 * Support`.
 */

const PLACEHOLDER = '{agent}'

/** What joins the agent's name to the others, and goes with it. */
const JOINTS = /^[\s|·•,–—/-]+|[\s|·•,–—/-]+$/g

/** `agent`: the name of who writes; left out where nobody does, or the admin, whom customers do not know. */
export function senderName(format: string, agent?: string): string {
  if (!format.includes(PLACEHOLDER)) return format
  const rest = format.split(PLACEHOLDER)
  if (agent !== undefined) return rest.join(agent)
  return rest
    .map((part) => part.replace(JOINTS, ''))
    .filter((part) => part !== '')
    .join(' ')
}
