package source_test

import (
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// inMemory is a folder without a disk, so that what is measured is this program.
func inMemory(b *testing.B, dir string) fstest.MapFS {
	b.Helper()
	m, folder := fstest.MapFS{}, os.DirFS(dir)
	err := fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(folder, path)
		m[path] = &fstest.MapFile{Data: text}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// BenchmarkFiles reads recorded ledgers of trades: unpacked, verified, and their events found.
func BenchmarkFiles(b *testing.B) {
	w := theWorld(b)
	folder := inMemory(b, w.folder)
	contracts := append([]stellar.Address{w.usdc}, w.contracts...)
	ledgers, events, bytes := 0, 0, 0
	for b.Loop() {
		f, err := files.Open(w.network, folder, source.NewChain())
		if err != nil {
			b.Fatal(err)
		}
		from := rpc.From{Ledger: 2}
		for from.Cursor < string(store.EndOfLedger(w.last)) {
			page, err := f.Events(b.Context(), from, contracts, 1000)
			if err != nil {
				b.Fatal(err)
			}
			events += len(page.Events)
			from.Cursor = page.Cursor
		}
		ledgers += int(w.last) - 1
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
	}
	for _, meta := range w.metas(b) {
		raw, err := meta.MarshalBinary()
		if err != nil {
			b.Fatal(err)
		}
		bytes += len(raw)
	}
	b.SetBytes(int64(bytes))
	b.ReportMetric(float64(ledgers)/b.Elapsed().Seconds(), "ledgers/s")
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkLedgers reads the ledgers that hold trades, without a disk or packing.
func BenchmarkLedgers(b *testing.B) {
	w := theWorld(b)
	var raws [][]byte
	total := 0
	of := map[xdr.ContractId]bool{}
	for _, c := range w.contracts {
		of[c.Key] = true
	}
	for _, meta := range w.metas(b) {
		if meta.CountTransactions() == 0 {
			continue
		}
		raw, err := meta.MarshalBinary()
		if err != nil {
			b.Fatal(err)
		}
		raws, total = append(raws, raw), total+len(raw)
	}
	events, n := 0, 0
	for b.Loop() {
		for _, raw := range raws {
			m, err := source.ReadMeta(raw)
			if err == nil {
				err = m.Verify()
			}
			if err != nil {
				b.Fatal(err)
			}
			found, err := m.Events(w.network, of)
			if err != nil {
				b.Fatal(err)
			}
			events, n = events+len(found), n+1
		}
	}
	b.SetBytes(int64(total))
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "ledgers/s")
	b.ReportMetric(float64(events)/b.Elapsed().Seconds(), "events/s")
}
