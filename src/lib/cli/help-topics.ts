/** Pages of help that belong to no single command: `postdesk help exit-codes`. */
import {ENVIRONMENT} from './environment.ts'
import {EXIT_MEANINGS} from './exit-codes.ts'
import {BUDGETED_REASONS, QUARANTINE_BUDGET, REASONS} from '../intake/quarantine-reasons.ts'
import {formatBytes} from './format-bytes.ts'
import {fold, rows} from './text-layout.ts'

export interface HelpTopic {
  readonly summary: string
  /** The page, at most `width` columns wide. */
  readonly page: (width: number) => string
}

export const HELP_TOPICS: Readonly<Record<string, HelpTopic>> = {
  'exit-codes': {
    summary: 'What each exit code means.',
    page: (width) =>
      [
        fold(
          'Text and --json end with the same code. Where several channels failed, it is the lowest of their codes, and 75 only if waiting can mend all of them.',
          width,
        ),
        rows(Object.entries(EXIT_MEANINGS), width),
      ].join('\n\n'),
  },
  environment: {
    summary: 'The environment variables that are read.',
    page: (width) =>
      [
        fold('A flag wins over its variable, a variable over the configuration.', width),
        rows(Object.entries(ENVIRONMENT), width),
      ].join('\n\n'),
  },
  secrets: {
    summary: 'How passwords are given, and where they are kept.',
    page: (width) =>
      [
        fold(
          'No flag takes a secret itself: what stands on a command line is seen by other users and kept in the history of the shell. A secret NAME is given in one of these ways:',
          width,
        ),
        rows(
          [
            ['--NAME-stdin', 'Read from standard input, and kept in the secret place of this machine.'],
            ['--NAME-file PATH', 'Copied from a file into the secret place.'],
            ['a masked prompt', 'On a terminal, where no flag gives it.'],
            ['--NAME-env VAR', 'Not kept: read from the variable at each use.'],
            [
              '--NAME-ref REF',
              'Not kept: found at each use by env:VAR, file:PATH, cmd:["PROGRAM","ARGUMENT"], keychain:NAME or vault:NAME.',
            ],
          ],
          width,
        ),
        fold(
          'The secret place is the keychain of the operating system. Where there is none (containers, CI, SSH) choose an encrypted file with --secret-store vault or POSTDESK_SECRET_STORE=vault; it is in the age format and opened by POSTDESK_VAULT_PASSPHRASE, POSTDESK_VAULT_PASSPHRASE_FILE or POSTDESK_VAULT_IDENTITY_FILE. It is never chosen silently.',
          width,
        ),
        fold(
          'The store holds only the names of secrets, never a value or where to find it: each machine keeps or finds the values itself.',
          width,
        ),
      ].join('\n\n'),
  },
  json: {
    summary: 'What --json prints.',
    page: (width) =>
      [
        fold(
          'Exactly one object on standard output, for success and failure alike; nothing else is printed there:',
          width,
        ),
        rows(
          [
            ['ok', 'true for the exit codes 0 and 2.'],
            ['exitCode', 'The exit code.'],
            ['result', 'What the command did or found; also beside an error, where work was done.'],
            ['error', '{code, title, why, fixes: [{text, command?}], stage?, serverReply?, missing?}'],
            ['warnings', 'Sentences.'],
            ['nextSteps', 'Command lines that would make sense now.'],
          ],
          width,
        ),
        fold(
          'The result of each command has a JSON schema in the directory schemas/ of the package. Results of changes have "changed". With --json nothing is asked: what is missing is listed in error.missing.',
          width,
        ),
      ].join('\n\n'),
  },
  quarantine: {
    summary: 'Why mail waits in the quarantine, and how long it is kept.',
    page: (width) =>
      [
        fold('What could not become part of a ticket waits, each mail for one of these reasons:', width),
        rows(
          Object.entries(REASONS).map(([reason, {means, mends, retry, keptDays}]) => [
            reason,
            `${means} ${mends} Retry: ${retry}. Kept: ${keptDays === null ? 'until somebody acts' : `${keptDays} days`}.`,
          ]),
          width,
        ),
        fold(
          `A mail whose days are over is purged by email sync: its header and where it came from are kept, and quarantine list --purged shows it. What strangers can send in any number (${BUDGETED_REASONS.join(', ')}) has room for ${QUARANTINE_BUDGET.mails.toLocaleString('en-US')} mails and ${formatBytes(QUARANTINE_BUDGET.bytes)}; above that the oldest are purged.`,
          width,
        ),
      ].join('\n\n'),
  },
}
