package node_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

// kept is the folder of a network that has a few ledgers and is closed.
func kept(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "network")
	n, err := node.Open(t.Context(), node.Options{DataDir: dir, Machine: localnettest.Machine(t)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Fund(t.Context(), keypair.MustRandom().Address()); err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// A file of keys that is damaged is one line with its name and what to do, and without what stands in it.
func TestDamagedKeys(t *testing.T) {
	dir := kept(t)
	path := filepath.Join(dir, "keys.json")
	seed := keypair.MustRandom().Seed()
	for name, c := range map[string]struct{ text, want string }{
		"empty":         {"", "it is no JSON object of two keys"},
		"a list":        {"[]", "it is no JSON object of two keys"},
		"no keys":       {"{}", `its "friendbot" is no secret key`},
		"one key":       {`{"friendbot":"` + seed + `"}`, `its "usdc_issuer" is no secret key`},
		"half a key":    {`{"friendbot":"` + seed[:40] + `","usdc_issuer":"` + seed + `"}`, `its "friendbot" is no secret key`},
		"another thing": {`{"friendbot":{"seed":"` + seed + `"}}`, "it is no JSON object of two keys"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := node.Open(t.Context(), node.Options{DataDir: dir, Machine: localnettest.Machine(t)})
			if err == nil {
				t.Fatal("it was opened")
			}
			for _, want := range []string{c.want, path, "put the file back as it was, or start anew by deleting the folder " + dir} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %q, want %q in it", err, want)
				}
			}
			if strings.Contains(err.Error(), seed[:40]) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %q: more than one line, or a key", err)
			}
		})
	}
}

// A journal that was shortened goes on from its last whole record, which a line says; one that ends as it should says nothing.
func TestShortenedJournal(t *testing.T) {
	dir := kept(t)
	reopen := func() (last uint32, log string) {
		t.Helper()
		var lines bytes.Buffer
		n, err := node.Open(t.Context(), node.Options{DataDir: dir, Machine: localnettest.Machine(t), Log: slog.New(slog.NewTextHandler(&lines, nil))})
		if err != nil {
			t.Fatal(err)
		}
		last = n.Chain().Last().Sequence()
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		return last, lines.String()
	}
	before, log := reopen()
	if log != "" {
		t.Errorf("whole: %s", log)
	}
	path := filepath.Join(dir, "ledgers.journal")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-100); err != nil {
		t.Fatal(err)
	}
	after, log := reopen()
	if after >= before || strings.Count(log, "\n") != 1 || !strings.Contains(log, path) || !strings.Contains(log, "level=WARN") {
		t.Errorf("ledger %d, before %d; the log says %q, want one line with %s", after, before, log, path)
	}
	if again, log := reopen(); again != after || log != "" {
		t.Errorf("opened again: ledger %d, want %d; %q", again, after, log)
	}
}
