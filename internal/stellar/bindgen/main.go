// Command bindgen writes Go bindings for a Soroban contract from the interface that stands in its wasm (SEP-48, the custom section
// contractspecv0): structs with strict translation to and from ScVal, one constructor of a call and one decoder of the result for each
// function, events, and the error codes by name. It runs by `go generate ./internal/stellar/binding`.
//
// It knows the types that our contract uses (bool, u32, u64, i128, BytesN<32>, Address, Option, Vec, pairs, structs, one error enum) and
// refuses any other, rather than writing something that has never been tried.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bindgen:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("bindgen", flag.ContinueOnError)
	wasm := flags.String("wasm", "", "the contract's wasm")
	out := flags.String("out", "", "the Go file to write")
	pkg := flags.String("package", "binding", "the package of that file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	code, err := os.ReadFile(*wasm)
	if err != nil {
		return fmt.Errorf("read the contract: %w", err)
	}
	source, err := generate(code, *pkg)
	if err != nil {
		return fmt.Errorf("bindings for %s: %w", *wasm, err)
	}
	return os.WriteFile(*out, source, 0o644)
}
