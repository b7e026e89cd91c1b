// Lifetimes and fee bumps by the official SDK, unchanged. The first argument is JSON with rpc and wasm (the path of the notice board). It
// prints one line of JSON with what it found; whatever is not as on a real network throws.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Address, BASE_FEE, Contract, hash, Keypair, nativeToScVal, Operation, rpc, scValToNative, SorobanDataBuilder, TransactionBuilder, xdr } from '@stellar/stellar-sdk'

const net = JSON.parse(process.argv[2])
const server = new rpc.Server(net.rpc, { allowHttp: true })
const { passphrase } = await server.getNetwork()
const [ada, sponsor] = [Keypair.random(), Keypair.random()]
for (const k of [ada, sponsor]) await server.requestAirdrop(k.publicKey())

async function build(source, operation, data) {
  const { closeTime } = await server.getLatestLedger()
  const builder = new TransactionBuilder(await server.getAccount(source.publicKey()), {
    fee: BASE_FEE, networkPassphrase: passphrase, timebounds: { minTime: 0, maxTime: Number(closeTime) + 300 },
  }).addOperation(operation)
  return (data ? builder.setSorobanData(data) : builder).build()
}

async function send(tx) {
  const sent = await server.sendTransaction(tx)
  assert.equal(sent.status, 'PENDING', JSON.stringify(sent))
  const done = await server.pollTransaction(sent.hash, { attempts: 100, sleepStrategy: () => 20 })
  assert.equal(done.status, rpc.Api.GetTransactionStatus.SUCCESS, done.resultXdr?.toXDR('base64'))
  return done
}

async function call(operation, data) {
  const tx = await server.prepareTransaction(await build(ada, operation, data))
  tx.sign(ada)
  return send(tx)
}

const balance = async (k) => {
  const { entries } = await server.getLedgerEntries(xdr.LedgerKey.account(new xdr.LedgerKeyAccount({ accountId: k.xdrPublicKey() })))
  return entries[0].val.account().balance().toBigInt()
}

const wasm = await readFile(net.wasm)
await call(Operation.uploadContractWasm({ wasm }))
const created = await call(Operation.createCustomContract({ address: new Address(ada.publicKey()), wasmHash: hash(wasm), salt: Buffer.alloc(32, 1) }))
const board = new Contract(scValToNative(created.returnValue))
const pin = (text) => board.call('pin', new Address(ada.publicKey()).toScVal(), nativeToScVal('hello'), nativeToScVal(text))

// Somebody else pays for Ada's call.
const inner = await server.prepareTransaction(await build(ada, pin('paid for')))
inner.sign(ada)
const before = [await balance(ada), await balance(sponsor)]
const bump = TransactionBuilder.buildFeeBumpTransaction(sponsor, (BigInt(BASE_FEE) * 2n).toString(), inner, passphrase)
bump.sign(sponsor)
const bumped = await send(bump)
const after = [await balance(ada), await balance(sponsor)]

// The note's life, extended, ended, restored by the preamble, and extended again.
const key = xdr.LedgerKey.contractData(new xdr.LedgerKeyContractData({
  contract: board.address().toScAddress(), durability: xdr.ContractDataDurability.persistent(),
  key: xdr.ScVal.scvVec([xdr.ScVal.scvSymbol('Note'), nativeToScVal('hello')]),
}))
const readOnly = () => new SorobanDataBuilder().setReadOnly([key]).build()
const lives = async () => (await server.getLedgerEntries(key)).entries[0].liveUntilLedgerSeq
const first = await lives()
const extension = await call(Operation.extendFootprintTtl({ extendTo: 2_500_000 }), readOnly())
const longer = await lives()

const moved = await fetch(`${net.rpc}/advance`, { method: 'POST', body: JSON.stringify({ seconds: 150 * 86400 }) })
assert.ok(moved.ok, await moved.text())
const ended = await lives()
const sim = await server.simulateTransaction(await build(ada, Operation.extendFootprintTtl({ extendTo: 1_000_000 }), readOnly()))
assert.ok(rpc.Api.isSimulationRestore(sim), 'extending what is archived has no preamble')
await call(Operation.restoreFootprint({}), sim.restorePreamble.transactionData.build())
const restored = await lives()
const again = await call(Operation.extendFootprintTtl({ extendTo: 2_600_000 }), readOnly())

// A call on an archived contract brings it back by itself.
const read = await call(board.call('read', nativeToScVal('hello')))

console.log(JSON.stringify({
  feeBump: bumped.feeBump, callerPaid: Number(before[0] - after[0]), sponsorPaid: Number(before[1] - after[1]), charged: Number(bumped.resultXdr.feeCharged().toBigInt()),
  first, longer: longer - extension.ledger, ended, restored: restored > again.ledger, again: (await lives()) - again.ledger, text: scValToNative(read.returnValue).text,
}))
