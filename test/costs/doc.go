// Package costs measures what each call of the contract costs, as the main network would charge it, and holds the figures against docs/costs.md.
// Every figure is of a transaction that localnet has applied with the main network's settings: what its meta says was used, what it declared, and what was
// charged. Keys, clock and nonces are seeded, so that two runs on any two machines give the same numbers.
//
//	go test ./test/costs                               compares every figure with the page; 2 % or an entry more or less is a failure
//	go test ./test/costs -update                       writes the page anew; with -run TestLife one section of it
//	go test ./test/costs -run TestLife -v              prints the four calls of a simple trade
//	go test ./test/costs -run TestLife -v -wasm FILE   measures another build of the contract (a path from the root), and compares nothing
//
// It has no code of its own but tests.
package costs
