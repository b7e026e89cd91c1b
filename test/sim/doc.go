// Package sim puts the indexer into seeded worlds: a recorded chain of trades that random people played through the real contract, a few nodes of it
// under bad weather of their own, stores that fail at commits, processes that end and begin again, a clock that jumps. In the end each world must hold
// what an indexer holds that read the same chain undisturbed. It has no code of its own but tests.
//
//	go test ./test/sim -worlds 1000 -seed 1     a thousand worlds, from seed 1 on
//	go test ./test/sim -run 'TestWorlds/^7$' -seed 7 -worlds 1 -v     one of them again, with what happened in it
package sim
