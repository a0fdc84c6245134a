/** Rules that say what the replies of servers mean. */
import type {ErrorParts, ExitCode, Fix} from '../errors.ts'

/** One thing a server says. The first rule that matches is taken. */
export interface ReplyRule {
  /** Matched against the whole reply: of IMAP without its tag, of SMTP with its code and its lines joined by a line break. */
  readonly reply: RegExp
  /** Only for servers whose name matches. */
  readonly host?: RegExp
  readonly code: string
  readonly exitCode: ExitCode
  readonly title: string
  readonly why: string
  readonly fixes: readonly Fix[]
}

/** The first rule that matches. */
export function ruleFor(rules: readonly ReplyRule[], reply: string, host: string): ReplyRule | undefined {
  return rules.find((rule) => rule.reply.test(reply) && (rule.host === undefined || rule.host.test(host)))
}

/** The error that a rule stands for, and whom it concerns. */
export function byRule(
  {code, exitCode, title, why, fixes}: ReplyRule,
  {host, user}: {readonly host: string; readonly user: string | null},
  stage: string,
): ErrorParts {
  const whom = user === null ? `at ${host}` : `for ${user} at ${host}`
  return {code, exitCode, title: `${title} ${whom}`, why, fixes, stage}
}
