/** The environment variables that postdesk reads, for help. */
export const ENVIRONMENT: Readonly<Record<string, string>> = {
  POSTDESK_HOME: 'Directory for configuration, data and state, in place of the XDG directories.',
  POSTDESK_PORTAL: 'The portal to work on, where --portal is not given.',
  POSTDESK_STORE: 'The store, where --store is not given. It may contain a password.',
  POSTDESK_SECRET_STORE: 'Where this machine keeps secrets: keychain or vault.',
  POSTDESK_VAULT_PASSPHRASE: 'Passphrase of the vault file.',
  POSTDESK_VAULT_PASSPHRASE_FILE: 'File with the passphrase of the vault file.',
  POSTDESK_VAULT_IDENTITY_FILE: 'File with an age identity that opens the vault file.',
  POSTDESK_IMAP_TIMEOUT: 'Seconds that an IMAP server may be silent; default: 30 to connect, 60 for a command.',
  POSTDESK_RESOLVER: 'IP:PORT of the DNS resolver to ask, in place of the system\u2019s.',
  POSTDESK_BROWSER: 'The browser to open pages in, in place of BROWSER.',
  BROWSER: 'The browser to open pages in; default: that of the desktop.',
  POSTDESK_DEBUG: '1 logs what is done to standard error, without secrets.',
  PGPASSFILE: 'PostgreSQL\u2019s file of passwords.',
  CI: 'If set, nothing is asked.',
  NO_COLOR: 'If set, no colour.',
  FORCE_COLOR: 'If set, colour also where the output is no terminal.',
  XDG_CONFIG_HOME: 'Where configuration is kept, in postdesk/ (default ~/.config).',
  XDG_DATA_HOME: 'Where the store and the vault are kept (default ~/.local/share).',
  XDG_STATE_HOME: 'Where state is kept that may be lost (default ~/.local/state).',
  XDG_CACHE_HOME: 'Where compiled code is kept (default ~/.cache).',
}

/** Those that every command obeys and whose meaning depends on none. */
export const COMMON_ENVIRONMENT: readonly string[] = ['POSTDESK_HOME', 'POSTDESK_PORTAL', 'POSTDESK_STORE', 'NO_COLOR']
