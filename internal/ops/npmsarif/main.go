// Command npmsarif writes what `npm audit --json` says as SARIF, which npm has no format for (docs/guide.md V8):
//
//	npm audit --json --audit-level=none | npmsarif -lock web/package-lock.json > npm-audit.sarif
//
// It judges nothing: whether a job fails is what `npm audit --audit-level=critical` says. What is not the report of an audit is an error, and never a report of nothing.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

// maxReport is how many bytes a report or a lock file may have.
const maxReport = 64 << 20

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "npmsarif:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("npmsarif", flag.ContinueOnError)
	lock := flags.String("lock", "", "the package-lock.json that was audited, from the root of the repository")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *lock == "" || flags.NArg() > 0 {
		return fmt.Errorf("name the lock file with -lock, and nothing else")
	}
	f, err := os.Open(*lock)
	if err != nil {
		return err
	}
	defer f.Close()
	locked, err := bounded(f, *lock)
	if err != nil {
		return err
	}
	report, err := bounded(in, "the report")
	if err != nil {
		return err
	}
	return convert(report, *lock, locked, out)
}

func bounded(r io.Reader, what string) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err == nil && len(text) > maxReport {
		err = fmt.Errorf("it has more than %d bytes", maxReport)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", what, err)
	}
	return text, nil
}
