/** Addresses as people type them for a mail: `ann@acme.example`, or `"Ann Lee" <ann@acme.example>`, several with commas. */
import {invalidValue} from '../errors.ts'
import {readAddresses} from '../message/addresses.ts'
import {sendableAddress} from '../message/compose-address.ts'
import type {Address} from '../message/message.ts'

/** @throws 64 for the first that is none, or that no mail can be sent to. */
export function addressesOf(flag: string, typed: readonly string[]): Address[] {
  return typed.flatMap((text) => {
    const addresses = readAddresses(text)
    const bad = addresses.find(({address}) => sendableAddress(address) === null)
    if (addresses.length === 0 || bad !== undefined || /[\r\n\0]/.test(text))
      throw invalidValue(
        `${flag} ${JSON.stringify(text)}`,
        'use an address, such as ann@acme.example or "Ann Lee <ann@acme.example>"',
      )
    return addresses
  })
}
