/** Whether a message is signed or encrypted (RFC 1847, RFC 8551, RFC 3156). Said, not checked: there are no keys here. */
import type {Security} from './message.ts'
import type {Leaf, Structure} from './structure.ts'

/** Parts that are the signature of others. */
export function isSignature({contentType}: Pick<Leaf, 'contentType'>): boolean {
  return (
    contentType === 'application/pgp-signature' ||
    contentType === 'application/pkcs7-signature' ||
    contentType === 'application/x-pkcs7-signature'
  )
}

/** Parts that are a whole message in CMS. */
export function isCms(contentType: string): boolean {
  return contentType === 'application/pkcs7-mime' || contentType === 'application/x-pkcs7-mime'
}

/** Blocks of OpenPGP in the text itself (RFC 9580 6.2), which begin a line. */
const INLINE_PGP = /^-----BEGIN PGP (SIGNED MESSAGE|MESSAGE)-----[ \t]*\r?$/m

/** What is told by the parts and the text; null for a message that is neither signed nor encrypted. */
export function readSecurity({leaves}: Structure): Security | null {
  let kind: Security['kind'] | null = null
  let signed = false
  let encrypted = false
  const found = (which: Security['kind'], what: {readonly signed?: boolean; readonly encrypted?: boolean}) => {
    // The outermost layer comes first, and names the kind.
    kind ??= which
    signed ||= what.signed ?? false
    encrypted ||= what.encrypted ?? false
  }
  for (const leaf of leaves) {
    const {contentType, content} = leaf
    if (contentType === 'application/pgp-encrypted') found('pgp', {encrypted: true})
    else if (isSignature(leaf)) found(contentType === 'application/pgp-signature' ? 'pgp' : 'smime', {signed: true})
    else if (content.kind === 'text') {
      const block = content.text.includes('-----BEGIN PGP ') ? INLINE_PGP.exec(content.text)?.[1] : undefined
      if (block !== undefined) found('pgp', block === 'MESSAGE' ? {encrypted: true} : {signed: true})
    } else if (content.cms !== undefined) {
      found('smime', content.cms.kind === 'signed' ? {signed: true} : {encrypted: true})
      const inner = content.cms.inner === null ? null : readSecurity(content.cms.inner)
      if (inner !== null) found('smime', inner)
    }
  }
  return kind === null ? null : {kind, signed, encrypted}
}
