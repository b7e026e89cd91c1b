// Board pins notes to the example contract contract/fixtures/board on a local network, as any Go program would: over HTTP, by the SDK alone.
// docs/localnet.md walks through it; board.mjs beside it does the same in JavaScript.
package main
