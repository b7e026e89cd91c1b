// The id of a trade, computed where its terms are read: what a page shows for an id is then what both have agreed to.
import { Buffer } from 'buffer'
import { Address, hash, xdr } from '@stellar/stellar-sdk'
import { encodeTerms, type Terms } from './terms.js'

// tradeId is SHA-256 over the XDR of (Symbol "trade1", network id, contract, terms), as docs/contract.md says; 32 bytes. The network is
// named by its passphrase, the contract by its address (C…). It throws a TermsError for terms that cannot be written.
export function tradeId(passphrase: string, contract: string, terms: Terms): Uint8Array {
  const network = xdr.ScVal.scvBytes(hash(Buffer.from(passphrase, 'utf8')))
  const named = xdr.ScVal.scvVec([xdr.ScVal.scvSymbol('trade1'), network, new Address(contract).toScVal(), encodeTerms(terms)])
  return Uint8Array.from(hash(named.toXDR()))
}
