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
	rulebook := flags.String("rulebook", "", "the wasm of the contract that it asks")
	out := flags.String("out", "", "the Go file to write")
	spec := flags.String("spec", "", "the file to write the whole interface to, as SEP-48 has it in a wasm")
	pkg := flags.String("package", "binding", "the package of that file")
	if err := flags.Parse(args); err != nil {
		return err
	}
	it, err := readBoth(*wasm, *rulebook)
	if err != nil {
		return err
	}
	entries, err := it.spec()
	if err != nil {
		return err
	}
	if err := os.WriteFile(*spec, entries, 0o644); err != nil {
		return err
	}
	source, err := generate(it, *pkg)
	if err != nil {
		return fmt.Errorf("bindings for %s: %w", *wasm, err)
	}
	return os.WriteFile(*out, source, 0o644)
}

// readBoth reads the interface that the two files are together.
func readBoth(escrow, rulebook string) (iface, error) {
	var parts [2]iface
	for i, path := range []string{escrow, rulebook} {
		code, err := os.ReadFile(path)
		if err != nil {
			return iface{}, fmt.Errorf("read a contract: %w", err)
		}
		if parts[i], err = readInterface(code); err != nil {
			return iface{}, fmt.Errorf("interface of %s: %w", path, err)
		}
	}
	return join(parts[0], parts[1])
}
