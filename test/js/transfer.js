// A stranger's client: the official SDK, unchanged, against the network whose description is the first argument (JSON with rpc,
// usdc {code, issuer, contract} and wasm, the path of the host's test contract). It prints one line of JSON with what it found;
// whatever is not as on a real network throws.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import {
  Account, Address, Asset, authorizeEntry, BASE_FEE, contract, Contract, hash, Keypair, nativeToScVal, Operation, rpc, scValToNative,
  TransactionBuilder, xdr,
} from '@stellar/stellar-sdk'

const net = JSON.parse(process.argv[2])
const server = new rpc.Server(net.rpc, { allowHttp: true })
const { passphrase } = await server.getNetwork()
const usdc = new Contract(net.usdc.contract)
const asset = new Asset(net.usdc.code, net.usdc.issuer)
const usdcStroops = (units) => nativeToScVal(BigInt(units) * 10_000_000n, { type: 'i128' })
const address = (k) => new Address(k.publicKey()).toScVal()

// build makes a transaction with one operation, valid as long as the network's own clock says: it may run ahead of the machine's.
async function build(source, operation) {
  const { closeTime } = await server.getLatestLedger()
  return new TransactionBuilder(await server.getAccount(source.publicKey()), {
    fee: BASE_FEE, networkPassphrase: passphrase, timebounds: { minTime: 0, maxTime: Number(closeTime) + 300 },
  }).addOperation(operation).build()
}

async function send(tx) {
  const sent = await server.sendTransaction(tx)
  assert.equal(sent.status, 'PENDING', JSON.stringify(sent))
  const done = await server.pollTransaction(sent.hash, { attempts: 100, sleepStrategy: () => 20 })
  assert.equal(done.status, rpc.Api.GetTransactionStatus.SUCCESS, `${done.status} ${done.resultXdr?.toXDR('base64')} ${done.diagnosticEventsXdr?.map((e) => e.toXDR('base64')).join(' ')}`)
  return done
}

async function call(source, operation) {
  const tx = await server.prepareTransaction(await build(source, operation))
  tx.sign(source)
  return send(tx)
}

async function balance(k) {
  const sim = await server.simulateTransaction(await build(k, usdc.call('balance', address(k))))
  assert.ok(rpc.Api.isSimulationSuccess(sim), sim.error)
  return scValToNative(sim.result.retval).toString()
}

async function holder(units) {
  const k = Keypair.random()
  await server.requestAirdrop(k.publicKey())
  const tx = await build(k, Operation.changeTrust({ asset }))
  tx.sign(k)
  await send(tx)
  if (units) {
    const given = await fetch(`${net.rpc}/friendbot?addr=${k.publicKey()}&asset=USDC&amount=${units}`)
    assert.ok(given.ok, await given.text())
  }
  return k
}

const buyer = await holder(100)
const seller = await holder(0)
const other = Keypair.random()
await server.requestAirdrop(other.publicKey())

// By the transaction's source.
const bySource = await call(buyer, usdc.call('transfer', address(buyer), address(seller), usdcStroops(30)))

// By an authorisation entry that the buyer signs, in a transaction of somebody else.
const transfer = usdc.call('transfer', address(buyer), address(seller), usdcStroops(12))
const recorded = await server.simulateTransaction(await build(other, transfer))
assert.ok(rpc.Api.isSimulationSuccess(recorded), recorded.error)
assert.equal(recorded.result.auth.length, 1)
const signed = await authorizeEntry(recorded.result.auth[0], buyer, recorded.latestLedger + 100, passphrase)
const op = transfer.body().invokeHostFunctionOp()
const byEntry = await call(other, Operation.invokeHostFunction({ func: op.hostFunction(), auth: [signed] }))

// A contract through the generated client: its spec comes from the network.
const wasm = await readFile(net.wasm)
await call(other, Operation.uploadContractWasm({ wasm }))
const created = await call(other, Operation.createCustomContract({
  address: new Address(other.publicKey()), wasmHash: hash(wasm), salt: Buffer.alloc(32, 7), constructorArgs: [address(other), nativeToScVal(40, { type: 'u32' })],
}))
const probe = await contract.Client.from({
  contractId: scValToNative(created.returnValue), rpcUrl: net.rpc, allowHttp: true, networkPassphrase: passphrase, publicKey: other.publicKey(),
  ...contract.basicNodeSigner(other, passphrase),
})
const counted = await (await probe.count({ by: other.publicKey() })).signAndSend()
const refused = await probe.refuse()
const panicked = await probe.panics()
assert.throws(() => panicked.result, /HostError: Error\(WasmVm, InvalidAction\)\n\nEvent log/)

// Events, two a page.
const filters = [{ type: 'contract', contractIds: [net.usdc.contract], topics: [[xdr.ScVal.scvSymbol('transfer').toXDR('base64'), '**']] }]
const events = []
for (let page = await server.getEvents({ startLedger: 2, filters, limit: 2 }); page.events.length > 0; page = await server.getEvents({ cursor: page.cursor, filters, limit: 2 })) {
  for (const e of page.events) events.push({ id: e.id, tx: e.txHash, amount: scValToNative(e.value).toString() })
}

// The rest of the methods.
const latest = await server.getLatestLedger()
const health = await server.getHealth()
const { ledgers } = await server.getLedgers({ startLedger: bySource.ledger, pagination: { limit: 3 } })
const { transactions } = await server.getTransactions({ startLedger: bySource.ledger, pagination: { limit: 1 } })
const fees = await server.getFeeStats()
const version = await server.getVersionInfo()

// What is wrong arrives as an answer that the SDK understands.
const unsigned = await build(other, Operation.payment({ destination: buyer.publicKey(), asset: Asset.native(), amount: '1' }))
const bad = await server.sendTransaction(unsigned)
await assert.rejects(server.getAccount(Keypair.random().publicKey()), /Account not found/)
const stale = new TransactionBuilder(new Account(other.publicKey(), '1'), { fee: BASE_FEE, networkPassphrase: passphrase }).addOperation(transfer).setTimeout(0).build()
assert.ok(rpc.Api.isSimulationSuccess(await server.simulateTransaction(stale)), 'a simulation looks at no sequence number')

// A month later. Time bounds have to come from the network's clock then: setTimeout and the contract client take the machine's.
const moved = await fetch(`${net.rpc}/advance`, { method: 'POST', body: JSON.stringify({ seconds: 30 * 86400 }) })
assert.ok(moved.ok, await moved.text())
await call(buyer, usdc.call('transfer', address(buyer), address(seller), usdcStroops(1)))

console.log(JSON.stringify({
  buyer: await balance(buyer), seller: await balance(seller),
  transfers: [bySource.txHash, byEntry.txHash], events,
  counted: counted.result, refused: refused.result.isErr(),
  health: health.status, protocol: latest.protocolVersion, versionProtocol: version.protocolVersion, ledgers: ledgers.length,
  firstTransaction: transactions[0].txHash, fee: fees.sorobanInclusionFee.min,
  bad: bad.status, badCode: bad.errorResult.result().switch().name,
}))
