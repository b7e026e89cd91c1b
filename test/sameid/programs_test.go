package sameid

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
	"github.com/Abdullahi130/StellarEscrow/internal/reproduce/debian"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/cache"
)

// readers are all three, of which two are other programs. Without Rust or Node the test is skipped, or fails where parts are required.
func readers(t testing.TB) []reader {
	t.Helper()
	rust := rustProgram(t)
	node, script := clientProgram(t)
	return []reader{servers{}, start(t, "Rust", rust), start(t, "TypeScript", node, script)}
}

// cargo is Debian's, as in the other tests of the contract (test/run): another one would build everything anew beside it.
const cargo = "/usr/bin/cargo"

// rustProgram is contract/fuzz. Cargo itself sees whether anything has changed, and two that want it at once wait for each other.
func rustProgram(t testing.TB) string {
	t.Helper()
	if _, err := os.Stat(cargo); err != nil {
		parts.Missing(t, cargo, debian.Install(debian.Rust()))
	}
	target, err := cache.Folder("contract-target")
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(target, "debug", "stellar-escrow-fuzz")
	if _, err := os.Stat(program); err == nil && fuzzWorker() {
		return program // whoever has started this process has just built it
	}
	cmd := procgroup.Command(t.Context(), cargo, "build", "--quiet", "--locked", "-p", "stellar-escrow-fuzz")
	cmd.Dir = filepath.Join(root(t), "contract")
	cmd.Env = append(os.Environ(), "PATH=/usr/bin:/bin", "CARGO_TARGET_DIR="+target, "RUSTC_BOOTSTRAP=0")
	cmd.Stdout, cmd.Stderr = t.Output(), t.Output()
	if err := procgroup.Run(cmd); err != nil {
		t.Fatalf("build contract/fuzz: %v", err)
	}
	return program
}

// fuzzWorker tells whether this process is one of those that go test starts to fuzz, and ends when it likes.
func fuzzWorker() bool {
	f := flag.Lookup("test.fuzzworker")
	return f != nil && f.Value.String() == "true"
}

// what the client's program is made of, below the root of the tree.
var clientFiles = []string{
	"client/src/lib/features/trades/id.ts", "client/src/lib/features/trades/terms.ts",
	"test/js/ids.ts", "test/js/tsconfig.json", "test/js/package-lock.json",
}

// clientProgram is Node, and test/js/ids.ts with the client's own files, their types checked. It is kept, by what it is made of.
func clientProgram(t testing.TB) (node, script string) {
	t.Helper()
	node = parts.Program(t, "node", "apt-get install nodejs")
	tree := root(t)
	modules := parts.Folder(t, filepath.Join(tree, "test/js/node_modules"), "npm ci in test/js")
	parts.Folder(t, filepath.Join(modules, "typescript"), "npm ci in test/js")
	made := sha256.New()
	fmt.Fprintln(made, modules)
	for _, name := range clientFiles {
		text, err := os.ReadFile(filepath.Join(tree, name))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(made, name, len(text))
		made.Write(text)
	}
	kept, err := cache.Folder("client-ids")
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := cache.Lock(t.Context(), filepath.Join(kept, "lock"), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	dir := filepath.Join(kept, fmt.Sprintf("%x", made.Sum(nil)[:12]))
	script = filepath.Join(dir, "test/js/ids.js")
	if _, err := os.Stat(script); err == nil {
		return node, script
	}
	unfinished, err := os.MkdirTemp(kept, "new-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(unfinished)
	out, err := exec.CommandContext(t.Context(), node, filepath.Join(modules, "typescript/bin/tsc"), "-p", filepath.Join(tree, "test/js"), "--outDir", unfinished).CombinedOutput()
	if err != nil {
		t.Fatalf("compile the client's files: %v\n%s", err, out)
	}
	for _, err := range []error{
		os.WriteFile(filepath.Join(unfinished, "package.json"), []byte(`{"type":"module"}`), 0o644),
		os.Symlink(modules, filepath.Join(unfinished, "node_modules")), // Node looks for the SDK above the script
		os.Rename(unfinished, dir),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return node, script
}

var findRoot = sync.OnceValues(parts.Repository)

func root(t testing.TB) string {
	t.Helper()
	dir, err := findRoot()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
