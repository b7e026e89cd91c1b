// The example contract contract/fixtures/board by the official JavaScript SDK, unchanged:
//
//   node board.mjs http://127.0.0.1:8000 board.wasm
//
// The client of the contract is made from the contract itself.
import { readFile } from 'node:fs/promises'
import { argv } from 'node:process'
import { Address, BASE_FEE, contract, hash, Keypair, Operation, rpc, scValToNative, TransactionBuilder } from '@stellar/stellar-sdk'

const [url, file] = argv.slice(2)
const server = new rpc.Server(url, { allowHttp: true })
const { passphrase } = await server.getNetwork()
const [ada, bob] = [Keypair.random(), Keypair.random()]
for (const k of [ada, bob]) await server.requestAirdrop(k.publicKey())

// send signs, sends and waits. Time bounds come from the network's clock, which may be ahead of this machine's.
async function send(source, operation) {
  const { closeTime } = await server.getLatestLedger()
  const tx = await server.prepareTransaction(new TransactionBuilder(await server.getAccount(source.publicKey()), {
    fee: BASE_FEE, networkPassphrase: passphrase, timebounds: { minTime: 0, maxTime: Number(closeTime) + 300 },
  }).addOperation(operation).build())
  tx.sign(source)
  const { hash } = await server.sendTransaction(tx)
  return server.pollTransaction(hash, { attempts: 100, sleepStrategy: () => 20 })
}

const wasm = await readFile(file)
await send(ada, Operation.uploadContractWasm({ wasm }))
const created = await send(ada, Operation.createCustomContract({ address: new Address(ada.publicKey()), wasmHash: hash(wasm), salt: Buffer.alloc(32, 1) }))
const contractId = scValToNative(created.returnValue)
console.log('deployed', contractId)

// The SDK's contract client takes time bounds from this machine's clock: after the network's has been moved, they have to be generous.
const whenever = { timeoutInSeconds: 50 * 366 * 86400 }
const boardOf = (k) => contract.Client.from({
  contractId, rpcUrl: url, allowHttp: true, networkPassphrase: passphrase, publicKey: k.publicKey(), ...contract.basicNodeSigner(k, passphrase),
})
const pinned = await (await (await boardOf(ada)).pin({ author: ada.publicKey(), topic: 'hello', text: 'the milk is in the fridge' }, whenever)).signAndSend()
console.log('pinned, changed', pinned.result.unwrap(), 'time(s)')

const refused = await (await boardOf(bob)).pin({ author: bob.publicKey(), topic: 'hello', text: 'mine now' })
console.log('refused:', refused.result.unwrapErr().message)

const { result: note } = await (await boardOf(bob)).read({ topic: 'hello' })
console.log(`read: "${note.text}"`)
