// Answers, for as long as it is asked, what the client makes of bytes that may be terms. test/sameid asks it and the contract's own code
// (contract/fuzz) the same, in the same form:
//
// A message is its length in 4 bytes, big-endian, and what it says.
//   question: 32 bytes of the contract's id, the length of the network's passphrase in 1 byte, the passphrase, terms in XDR
//   answer:   1, 32 bytes of the trade's id, and the terms that were read, written anew in XDR; or 0 and why they are none
import { Buffer } from 'buffer'
import { readSync, writeSync } from 'node:fs'
import { StrKey, xdr } from '@stellar/stellar-sdk'
import { tradeId } from '../../client/src/lib/features/trades/id.js'
import { decodeTerms, encodeTerms, TermsError } from '../../client/src/lib/features/trades/terms.js'

// taken reads exactly so many bytes, or none where the input has ended.
function taken(length: number): Buffer | null {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; ) {
    const got = readSync(0, bytes, at, length - at, null)
    if (got === 0) return null
    at += got
  }
  return bytes
}

function told(answer: Buffer): void {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(answer.length)
  const message = Buffer.concat([length, answer])
  for (let at = 0; at < message.length; ) at += writeSync(1, message, at)
}

const refusal = (err: unknown) => Buffer.concat([Buffer.of(0), Buffer.from(String(err))])

function answer(question: Buffer): Buffer {
  const contract = StrKey.encodeContract(question.subarray(0, 32))
  const rest = 33 + question[32]
  const passphrase = question.toString('utf8', 33, rest)
  let value: xdr.ScVal
  try {
    value = xdr.ScVal.fromXDR(question.subarray(rest))
  } catch (err) {
    return refusal(err)
  }
  try {
    const terms = decodeTerms(value)
    return Buffer.concat([Buffer.of(1), tradeId(passphrase, contract, terms), encodeTerms(terms).toXDR()])
  } catch (err) {
    if (!(err instanceof TermsError)) throw err // a mistake of ours, not of the terms
    return refusal(err)
  }
}

for (;;) {
  const length = taken(4)
  const question = length && taken(length.readUInt32BE())
  if (!question) break
  told(answer(question))
}
