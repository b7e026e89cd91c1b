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
