// A stranger's client trades: the official SDK, unchanged, against the platform whose ready line is the first argument (JSON as
// `stellarescrow dev --json` prints it). The contract's client is the SDK's own, made from the contract's published interface. It prints one line of
// JSON with what it found; whatever is not as on a real network throws.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Address, authorizeEntry, BASE_FEE, contract, Contract, Keypair, nativeToScVal, Operation, rpc, scValToNative, TransactionBuilder } from '@stellar/stellar-sdk'

const dev = JSON.parse(process.argv[2])
const server = new rpc.Server(dev.rpc, { allowHttp: true })
const keys = Object.fromEntries(dev.accounts.map((a) => [a.role, Keypair.fromSecret(a.secret)]))
const usdc = new Contract(dev.usdc.contract)
const [buyer, seller] = [0, 1]
const units = (n) => BigInt(n) * 10_000_000n

// The contract's whole interface. In the wasm it stands in two, the escrow's and that of the rulebook that it asks (docs/contract.md, "Two contracts").
const spec = new contract.Spec(readFileSync(new URL('../../contract/wasm/interface.xdr', import.meta.url)))

// as is the contract's client in one person's hands.
const as = (who) => new contract.Client(spec, {
  contractId: dev.contract, rpcUrl: dev.rpc, allowHttp: true, networkPassphrase: dev.passphrase, publicKey: keys[who].publicKey(),
  ...contract.basicNodeSigner(keys[who], dev.passphrase),
})
const ofBuyer = as('buyer')
const ofSeller = as('seller')

// sent signs as the transaction's source, sends, polls, and gives what the call returned.
async function sent(assembled) {
  const done = await (await assembled).signAndSend()
  assert.equal(done.getTransactionResponse.status, rpc.Api.GetTransactionStatus.SUCCESS)
  return done.result.unwrap() // the contract's functions return a Result: its errors are part of the spec
}

async function balance(address) {
  const source = await server.getAccount(keys.stranger.publicKey())
  const tx = new TransactionBuilder(source, { fee: BASE_FEE, networkPassphrase: dev.passphrase })
    .addOperation(usdc.call('balance', new Address(address).toScVal())).setTimeout(0).build()
  const sim = await server.simulateTransaction(tx)
  assert.ok(rpc.Api.isSimulationSuccess(sim), sim.error)
  return scValToNative(sim.result.retval)
}

const now = Number((await server.getLatestLedger()).closeTime)
const day = 86_400
const none = Buffer.alloc(32)
const nobody = { arbitrators: [], quorum: 0 }
const terms = {
  appeal_panel: nobody, arbitration_fee: 0n, asset: dev.usdc.contract, bond: 0n, buyer: keys.buyer.publicKey(), fallback_ppm: 500_000, fee_bps: 50,
  fund_by: BigInt(now + 2 * day), inspection: BigInt(3 * day),
  milestones: [{ amount: units(40), deliver_by: BigInt(now + 9 * day), description: none }, { amount: units(60), deliver_by: BigInt(now + 9 * day), description: none }],
  panel: nobody, salt: Buffer.alloc(32, 9), seller: keys.seller.publicKey(), terms_hash: none,
  windows: { appeal: BigInt(3 * day), offers: BigInt(2 * day), ruling: BigInt(5 * day) },
}
const before = { buyer: await balance(keys.buyer.publicKey()), seller: await balance(keys.seller.publicKey()), contract: await balance(dev.contract) }

// By the transactions' sources.
const id = await sent(ofBuyer.open({ terms, by: buyer }))
await sent(ofSeller.accept({ terms }))

// By an authorisation entry that the buyer signs, in a transaction that somebody else sends and pays for.
const fund = new Contract(dev.contract).call('fund', ...spec.funcArgsToScVals('fund', { terms }))
async function byStranger(operation) {
  const { closeTime } = await server.getLatestLedger()
  return new TransactionBuilder(await server.getAccount(keys.stranger.publicKey()), {
    fee: BASE_FEE, networkPassphrase: dev.passphrase, timebounds: { minTime: 0, maxTime: Number(closeTime) + 300 },
  }).addOperation(operation).build()
}
const recorded = await server.simulateTransaction(await byStranger(fund))
assert.ok(rpc.Api.isSimulationSuccess(recorded), recorded.error)
assert.equal(recorded.result.auth.length, 1)
const tree = recorded.result.auth[0].rootInvocation()
assert.equal(tree.subInvocations().length, 1, 'one transfer below the call')
const pays = tree.subInvocations()[0].function().contractFn()
assert.deepEqual([pays.functionName().toString(), scValToNative(pays.args()[2])], ['transfer', units(100)])
const signed = await authorizeEntry(recorded.result.auth[0], keys.buyer, recorded.latestLedger + 100, dev.passphrase)
const funding = await server.prepareTransaction(await byStranger(Operation.invokeHostFunction({ func: fund.body().invokeHostFunctionOp().hostFunction(), auth: [signed] })))
funding.sign(keys.stranger)
const handed = await server.sendTransaction(funding)
assert.equal(handed.status, 'PENDING', JSON.stringify(handed))
const funded = await server.pollTransaction(handed.hash, { attempts: 100, sleepStrategy: () => 20 })
assert.equal(funded.status, rpc.Api.GetTransactionStatus.SUCCESS)

await sent(ofSeller.deliver({ terms, milestone: 0, proof: Buffer.alloc(32, 1) }))
await sent(ofBuyer.release({ terms, milestone: 0, amount: units(15) }))
await sent(ofBuyer.release({ terms, milestone: 0, amount: units(25) }))
await sent(ofSeller.refund({ terms, milestone: 1, amount: units(60) }))

// What the contract refuses arrives with its own name.
const late = await ofBuyer.release({ terms, milestone: 1, amount: 1n })
assert.ok(late.result.isErr(), 'released from a milestone that is over')

// The trade's events, two a page, filtered by its id as a topic.
const filters = [{ type: 'contract', contractIds: [dev.contract], topics: [['*', nativeToScVal(id, { type: 'bytes' }).toXDR('base64')]] }]
const events = []
for (let page = await server.getEvents({ startLedger: 2, filters, limit: 2 }); page.events.length > 0; page = await server.getEvents({ cursor: page.cursor, filters, limit: 2 })) {
  for (const e of page.events) events.push(scValToNative(e.topic[0]))
}

const view = (await ofBuyer.trade({ id })).result
const gained = async (who, address) => ((await balance(address)) - before[who]).toString()
console.log(JSON.stringify({
  id: Buffer.from(id).toString('hex'), stage: view.stage, events,
  buyer: await gained('buyer', keys.buyer.publicKey()), seller: await gained('seller', keys.seller.publicKey()), contract: await gained('contract', dev.contract),
}))
