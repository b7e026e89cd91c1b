// Command reproduce builds the committed WebAssembly files anew from their sources and compares them byte for byte:
//
//	go run ./internal/reproduce contract     the contract, and the contracts that are for tests only
//	go run ./internal/reproduce host         the Soroban host inside localnet, and the contract of its tests
//	go run ./internal/reproduce NAME         one of them
//
// For each it prints "identical" with the sha256, or what differs, and what the file consists of: sections, imports, exports.
//
//	--record     writes the committed files, their sha256 and the compiler's versions anew
//	--out DIR    also leaves what was built in DIR, as NAME.wasm
//	--from DIR   builds nothing, and takes what --out has left in DIR
//	--note FILE  writes into FILE what could not be compared (below), and no FILE if there is nothing of that kind
//
// It exits with 0 if all is identical; with 1 if something differs or does not build; with 2 if a tool is missing; with 3 if it was
// called wrongly. Debian may stop serving the compiler that is recorded in toolchain.txt beside each file. What another one builds
// differs without anything being wrong, so it is then not compared, which the last lines say, and the exit code is 0.
//
// Each recipe is a script that can be run by hand, with a folder for cargo's output as its last argument. These folders are kept
// under the user's cache directory; a crate of ours is compiled from its present sources each time, only what it depends on is not.
package main
