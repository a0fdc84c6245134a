import {isIP} from 'node:net'
import type {ConnectionOptions} from 'node:tls'

/**
 * How TLS is spoken to a server of mail, from the first byte as well as after STARTTLS. `host` is what the certificate has
 * to be for; `ca` the only authority to trust, in PEM.
 */
export function tlsOptions({host, ca}: {readonly host: string; readonly ca?: string}): ConnectionOptions {
  return {
    host,
    // Addresses have no place in SNI (RFC 6066 3).
    ...(isIP(host) === 0 ? {servername: host} : {}),
    // What is older is forbidden for mail (RFC 8314 4.1, RFC 8996).
    minVersion: 'TLSv1.2',
    // Said, so that NODE_TLS_REJECT_UNAUTHORIZED=0 does not lay the password open.
    rejectUnauthorized: true,
    ...(ca === undefined ? {} : {ca}),
  }
}
