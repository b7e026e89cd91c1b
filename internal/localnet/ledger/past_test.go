package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// A network without a folder reads the same wherever its ledgers have gone, and leaves no file behind.
func TestWhereThePastIsKept(t *testing.T) {
	const ledgers = 20
	one := emptyLedger(Closed{}, 1)
	for name, c := range map[string]struct {
		room     int64
		nowhere  bool // no file can be made
		inMemory int
	}{
		"memory":                              {room: pastMemoryBytes, inMemory: ledgers},
		"a file":                              {room: 0},
		"first memory, then a file":           {room: 7 * int64(len(encode(&one))), inMemory: 7},
		"memory, where there can be no files": {room: 0, nowhere: true, inMemory: ledgers},
	} {
		t.Run(name, func(t *testing.T) {
			tmp := filepath.Join(t.TempDir(), "tmp")
			t.Setenv("TMPDIR", tmp)
			if !c.nowhere {
				if err := os.Mkdir(tmp, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			chain, err := Open(t.Context(), "", testID)
			if err != nil {
				t.Fatal(err)
			}
			chain.past.room = c.room
			kept, err := Open(t.Context(), t.TempDir(), testID)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = kept.Close() }()
			for range ledgers {
				meta := emptyLedger(chain.Last(), 1)
				if err := chain.Append(meta); err != nil {
					t.Fatal(err)
				}
				if err := kept.Append(meta); err != nil {
					t.Fatal(err)
				}
			}
			inMemory := 0
			for _, r := range chain.rows {
				if r.meta != nil {
					inMemory++
				}
				if spare := cap(r.meta) - len(r.meta); spare > len(r.meta)/8 {
					t.Errorf("a ledger of %d bytes keeps %d more", len(r.meta), spare)
				}
			}
			if inMemory != c.inMemory {
				t.Errorf("%d ledgers are in memory, want %d", inMemory, c.inMemory)
			}
			if got, want := hashes(t, chain), hashes(t, kept); len(got) != ledgers || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got %v, want %v", got, want)
			}
			if files, _ := filepath.Glob(filepath.Join(tmp, "*")); len(files) > 0 {
				t.Errorf("%v have names", files)
			}
			if err := chain.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// A set of contracts may tell of one too many, and never of one too few.
func TestSourcesForgetNoContract(t *testing.T) {
	id := func(i int) *xdr.ContractId {
		if i == 0 {
			return nil
		}
		return &xdr.ContractId{byte(i), byte(i >> 8)}
	}
	of := func(i int) []Event { return []Event{{Event: xdr.ContractEvent{ContractId: id(i)}}} }
	const contracts = 300
	var s sources
	var sets []marks
	for i := range contracts {
		sets = append(sets, s.of(of(i)))
	}
	others := 0
	for i := range contracts {
		if again := s.of(of(i)); again != sets[i] {
			t.Errorf("contract %d has the mark %x and then %x", i, sets[i], again)
		}
		want := s.marked(func(c *xdr.ContractId) bool { return fmt.Sprint(c) == fmt.Sprint(id(i)) })
		for k, set := range sets {
			switch {
			case k == i && set&want == 0:
				t.Errorf("contract %d is not found where it was", i)
			case k != i && set&want != 0:
				others++
			}
		}
	}
	if most := contracts * contracts / 50; others > most {
		t.Errorf("%d ledgers of other contracts are read, at most %d are expected", others, most)
	}
	if set := s.marked(func(*xdr.ContractId) bool { return false }); set != 0 {
		t.Errorf("where nobody is wanted, %x is", set)
	}
}
