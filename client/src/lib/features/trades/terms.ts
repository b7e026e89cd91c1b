// The terms of a trade as the contract takes them, and back. What is read is exactly what would be written: a trade's id is a hash over
// these bytes, so whatever could stand for the same terms in another way is refused (docs/contract-attacks.md E14).
import { Buffer } from 'buffer'
import { Address, scValToBigInt, StrKey, xdr } from '@stellar/stellar-sdk'

// Amounts are whole units of the asset's smallest part, times unix seconds, windows seconds; addresses are G… or C…, hashes 32 bytes.
export interface Terms {
  appeal_panel: Panel
  arbitration_fee: bigint
  asset: string
  bond: bigint
  buyer: string
  fallback_ppm: number
  fee_bps: number
  fund_by: bigint
  inspection: bigint
  milestones: Milestone[]
  panel: Panel
  salt: Uint8Array
  seller: string
  terms_hash: Uint8Array
  windows: Windows
}

export interface Milestone {
  amount: bigint
  deliver_by: bigint
  description: Uint8Array
}

export interface Panel {
  arbitrators: string[]
  quorum: number
}

export interface Windows {
  appeal: bigint
  offers: bigint
  ruling: bigint
}

// TermsError says which part of the terms is wrong: "milestones[3].amount: is scvU64, not scvI128".
export class TermsError extends Error {
  constructor(readonly path: string, readonly reason: string) {
    super(path === '' ? reason : `${path}: ${reason}`)
    this.name = 'TermsError'
  }
}

// encodeTerms throws a TermsError for what no terms can say: an address of another kind, a number that its type does not hold.
// Every rule about terms is the contract's.
export function encodeTerms(value: Terms): xdr.ScVal {
  return terms.write(value)
}

// decodeTerms throws a TermsError for whatever encodeTerms would not have written.
export function decodeTerms(value: xdr.ScVal): Terms {
  return terms.read(value)
}

interface Codec<T> {
  write(value: T): xdr.ScVal
  read(value: xdr.ScVal): T
}

function wrong(reason: string): never {
  throw new TermsError('', reason)
}

// within puts a step in front of the path of what is wrong inside.
function within<T>(step: string, inside: () => T): T {
  try {
    return inside()
  } catch (err) {
    if (!(err instanceof TermsError)) throw err
    const joint = err.path === '' || err.path.startsWith('[') ? '' : '.'
    throw new TermsError(step + joint + err.path, err.reason)
  }
}

function demand(value: xdr.ScVal, type: string): void {
  const { name } = value.switch()
  if (name !== type) wrong(`is ${name}, not ${type}`)
}

function inRange(value: bigint, least: bigint, most: bigint): bigint {
  return value >= least && value <= most ? value : wrong(`${value} is not within ${least} and ${most}`)
}

const u32: Codec<number> = {
  write: (value) => (Number.isInteger(value) && value >= 0 && value < 2 ** 32 ? xdr.ScVal.scvU32(value) : wrong(`${value} is no u32`)),
  read: (value) => (demand(value, 'scvU32'), value.u32()),
}

const u64: Codec<bigint> = {
  write: (value) => xdr.ScVal.scvU64(xdr.Uint64.fromString(inRange(value, 0n, 2n ** 64n - 1n).toString())),
  read: (value) => (demand(value, 'scvU64'), scValToBigInt(value)),
}

const i128: Codec<bigint> = {
  write: (value) => {
    inRange(value, -(2n ** 127n), 2n ** 127n - 1n)
    const [hi, lo] = [xdr.Int64.fromString((value >> 64n).toString()), xdr.Uint64.fromString(BigInt.asUintN(64, value).toString())]
    return xdr.ScVal.scvI128(new xdr.Int128Parts({ hi, lo }))
  },
  read: (value) => (demand(value, 'scvI128'), scValToBigInt(value)),
}

const bytes32: Codec<Uint8Array> = {
  write: (value) => (value.length === 32 ? xdr.ScVal.scvBytes(Buffer.from(value)) : wrong(`is ${value.length} bytes, not 32`)),
  read: (value) => {
    demand(value, 'scvBytes')
    return value.bytes().length === 32 ? Uint8Array.from(value.bytes()) : wrong(`is ${value.bytes().length} bytes, not 32`)
  },
}

// Accounts and contracts. A muxed account is refused: the contract would answer to the account below it, and the number in it would be lost.
const address: Codec<string> = {
  write: (value) => {
    const known = StrKey.isValidEd25519PublicKey(value) || StrKey.isValidContract(value)
    return known ? new Address(value).toScVal() : wrong('is neither an account (G…) nor a contract (C…)')
  },
  read: (value) => {
    demand(value, 'scvAddress')
    const kind = value.address().switch().name
    const known = kind === 'scAddressTypeAccount' || kind === 'scAddressTypeContract'
    return known ? Address.fromScAddress(value.address()).toString() : wrong(`is an address of the kind ${kind}: neither an account nor a contract`)
  },
}

function list<T>(item: Codec<T>): Codec<T[]> {
  return {
    write: (values) => xdr.ScVal.scvVec(values.map((value, i) => within(`[${i}]`, () => item.write(value)))),
    read: (value) => {
      demand(value, 'scvVec')
      return (value.vec() ?? wrong('is no list')).map((part, i) => within(`[${i}]`, () => item.read(part)))
    },
  }
}

// A struct is a map from its fields' names, in their order, to their values.
function struct<T extends object>(fields: { [Name in keyof T & string]: Codec<T[Name]> }): Codec<T> {
  const names = (Object.keys(fields) as (keyof T & string)[]).sort()
  return {
    write: (value) =>
      xdr.ScVal.scvMap(
        names.map((name) => new xdr.ScMapEntry({ key: xdr.ScVal.scvSymbol(name), val: within(name, () => fields[name].write(value[name])) })),
      ),
    read: (value) => {
      demand(value, 'scvMap')
      const entries = value.map() ?? wrong('is no map')
      if (entries.length !== names.length) wrong(`${entries.length} fields, not ${names.length}`)
      const read = names.map((name, i) => {
        const entry = entries[i]
        within(name, () => demand(entry.key(), 'scvSymbol'))
        const given = entry.key().sym().toString()
        if (given !== name) wrong(`field ${JSON.stringify(given)} where ${name} belongs`)
        return [name, within(name, () => fields[name].read(entry.val()))]
      })
      return Object.fromEntries(read) as T
    },
  }
}

const panel = struct<Panel>({ arbitrators: list(address), quorum: u32 })

const terms = struct<Terms>({
  appeal_panel: panel,
  arbitration_fee: i128,
  asset: address,
  bond: i128,
  buyer: address,
  fallback_ppm: u32,
  fee_bps: u32,
  fund_by: u64,
  inspection: u64,
  milestones: list(struct<Milestone>({ amount: i128, deliver_by: u64, description: bytes32 })),
  panel,
  salt: bytes32,
  seller: address,
  terms_hash: bytes32,
  windows: struct<Windows>({ appeal: u64, offers: u64, ruling: u64 }),
})
