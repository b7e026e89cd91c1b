package source_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/network"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// mainnet is a ledger of the public network, 58,752,000, as the SDK carries it for its own tests.
var mainnet = sync.OnceValues(func() ([]byte, error) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/stellar/go-stellar-sdk").Output()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "xdr", "testdata", "ledger_58752000.bin"))
})

func mainNetwork(t testing.TB) stellar.Network {
	t.Helper()
	n, err := stellar.NewNetwork(network.PublicNetworkPassphrase)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A real ledger keeps every hash that Verify checks, and gives the events that the plain way finds, those of every contract.
func TestMainnetLedger(t *testing.T) {
	raw, err := mainnet()
	if err != nil {
		t.Fatal(err)
	}
	m, err := source.ReadMeta(raw)
	if err != nil {
		t.Fatal(err)
	}
	if m.Sequence != 58_752_000 {
		t.Fatalf("ledger %d", m.Sequence)
	}
	if err := m.Verify(); err != nil {
		t.Error(err)
	}
	want := sourcetest.Reference(sourcetest.Decoded(t, raw))
	got, err := m.Events(mainNetwork(t), sourcetest.ContractsOf(want, 0))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 {
		t.Fatal("no events")
	}
	if diff := cmp.Diff(sourcetest.Lines(t, want), sourcetest.Lines(t, got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	t.Logf("protocol %d, %d bytes, %d events of %d contracts", m.Protocol, len(raw), len(got), len(sourcetest.ContractsOf(want, 0)))
}

func BenchmarkMainnetLedger(b *testing.B) {
	raw, err := mainnet()
	if err != nil {
		b.Fatal(err)
	}
	of, network := sourcetest.ContractsOf(sourcetest.Reference(sourcetest.Decoded(b, raw)), 2), mainNetwork(b)
	b.SetBytes(int64(len(raw)))
	for _, run := range []struct {
		name string
		do   func(m *source.Meta) error
	}{
		{"read", func(*source.Meta) error { return nil }},
		{"read and find events", func(m *source.Meta) error { _, err := m.Events(network, of); return err }},
		{"read, verify and find events", func(m *source.Meta) error {
			if err := m.Verify(); err != nil {
				return err
			}
			_, err := m.Events(network, of)
			return err
		}},
	} {
		b.Run(run.name, func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				m, err := source.ReadMeta(raw)
				if err == nil {
					err = run.do(m)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("decode whole", func(b *testing.B) {
		b.SetBytes(int64(len(raw)))
		for b.Loop() {
			sourcetest.Decoded(b, raw)
		}
	})
}
