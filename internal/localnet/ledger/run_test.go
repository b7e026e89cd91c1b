package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Opening makes no empty ledgers again, and still no wrong hash gets past it. The folder of this test claims seven years of ledgers
// that nobody has made: their hashes are invented, and only the last follows from the one kept before it, which is all that is made.
func TestOpeningMakesNoLedgersAgain(t *testing.T) {
	const steps = 10_000
	dir := t.TempDir()
	first := write(t, dir)
	s := stretch{n: steps*stepLedgers + 1 - 3, hashes: make([]xdr.Hash, steps)} // the run has three
	for i := range s.hashes {
		s.hashes[i] = xdr.Hash{1, byte(i), byte(i >> 8)}
	}
	s.before = s.hashes[steps-1]
	appendRecord(t, dir, recordEmpty, s.encode())

	began := time.Now()
	c, err := Open(t.Context(), dir, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("opening took %s: it makes the %d empty ledgers again", took, s.n)
	}
	if got, want := c.Last().Sequence(), uint32(len(first)+1)+s.n; got != want || c.Last().Header.PreviousLedgerHash != s.before {
		t.Errorf("the last ledger is %d after %x, want %d after %x", got, c.Last().Header.PreviousLedgerHash, want, s.before)
	}
	// Whoever reads them finds out.
	last := uint32(0)
	for meta, err := range c.Ledgers(c.Last().Sequence()-stepLedgers-9, c.Last().Sequence()) {
		if err != nil {
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "does not follow") {
				t.Errorf("got %v, want %v", err, ErrDamaged)
			}
			return
		}
		last = meta.LedgerSequence()
	}
	t.Errorf("invented ledgers were read up to %d", last)
}

// A record of empty ledgers that is not damaged but wrong is not believed.
func TestWrongEmptyLedgers(t *testing.T) {
	good := func(r *run, last xdr.Hash) stretch { return r.following(last, 2*stepLedgers) }
	for name, c := range map[string]struct {
		change func(*stretch)
		raw    func([]byte) []byte
		after  bool // a filled ledger follows
	}{
		"the last but one":                   {change: func(s *stretch) { s.before[0]++ }},
		"the last but one, a ledger after":   {change: func(s *stretch) { s.before[0]++ }, after: true},
		"the last hash on the way":           {change: func(s *stretch) { s.hashes[1][0]++ }},
		"fewer ledgers":                      {change: func(s *stretch) { s.n-- }},
		"more ledgers":                       {change: func(s *stretch) { s.n++ }},
		"many more ledgers":                  {change: func(s *stretch) { s.n += stepLedgers }},
		"no ledgers":                         {change: func(s *stretch) { s.n, s.hashes = 0, nil }},
		"more ledgers than can be":           {change: func(s *stretch) { s.n = 1<<32 - 1 }},
		"a hash too few":                     {change: func(s *stretch) { s.hashes = s.hashes[1:] }},
		"a hash too many":                    {change: func(s *stretch) { s.hashes = append(s.hashes, xdr.Hash{}) }},
		"half a hash":                        {raw: func(raw []byte) []byte { return raw[:len(raw)-16] }},
		"their number alone, as in format 1": {raw: func(raw []byte) []byte { return raw[:4] }},
		"nothing":                            {raw: func([]byte) []byte { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir)
			chain, err := Open(t.Context(), dir, testID)
			if err != nil {
				t.Fatal(err)
			}
			s := good(chain.lastRun(), chain.Last().Hash)
			if c.after {
				if err := errors.Join(chain.AppendEmpty(2*stepLedgers), chain.Append(emptyLedger(chain.Last(), 1))); err != nil {
					t.Fatal(err)
				}
			}
			next := chain.Last()
			if err := chain.Close(); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(&s)
			}
			raw := s.encode()
			if c.raw != nil {
				raw = c.raw(raw)
			}
			if c.after { // a new folder with the wrong record in the place of the right one
				if err := os.RemoveAll(filepath.Join(dir, journalName)); err != nil {
					t.Fatal(err)
				}
				write(t, dir)
			}
			appendRecord(t, dir, recordEmpty, raw)
			if c.after {
				meta := EmptyMeta(next, 7)
				appendRecord(t, dir, recordLedger, encode(&meta))
			}
			chain, err = Open(t.Context(), dir, testID)
			if err == nil {
				_ = chain.Close()
			}
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), dir) {
				t.Errorf("got %v, want %v naming %s", err, ErrDamaged, dir)
			}
		})
	}
}

// appendRecord writes a record as it stands at the end of a folder's journal.
func appendRecord(t *testing.T, dir string, kind byte, payload []byte) {
	t.Helper()
	j, err := openJournal(filepath.Join(dir, journalName), func(byte, []byte, place) error { return nil })
	if err == nil {
		_, err = j.append(kind, payload)
		err = errors.Join(err, j.close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// However a run was written, many records or few, it is the same one after opening.
func TestRunsOfManyRecords(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	total := uint32(0)
	for round, n := range []uint32{1, 1, 2, stepLedgers - 4, 1, stepLedgers, 3*stepLedgers + 7, 1} {
		c, err := Open(t.Context(), dir, testID)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := errors.Join(c.AppendEmpty(n), c.Close()); err != nil {
			t.Fatal(err)
		}
		total += n
	}
	many, err := Open(t.Context(), dir, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = many.Close() }()
	one, err := Open(t.Context(), other, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = one.Close() }()
	if err := one.AppendEmpty(total); err != nil {
		t.Fatal(err)
	}
	if got, want := hashes(t, many), hashes(t, one); len(got) != int(total) || got[total+1] != want[total+1] || many.Last().Hash != one.Last().Hash {
		t.Fatalf("%d ledgers to %x, want %d to %x", len(got), many.Last().Hash, len(want), one.Last().Hash)
	}
}

// A start that is called off while it reads ends at once, and the folder is free and whole.
func TestOpeningIsCalledOff(t *testing.T) {
	dir := t.TempDir()
	before := write(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, dir, testID); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("got %v, want %v naming %s", err, context.Canceled, dir)
	}
	c, err := Open(t.Context(), dir, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if len(hashes(t, c)) != len(before) {
		t.Errorf("%d ledgers, want %d", len(hashes(t, c)), len(before))
	}
}

// A folder of an earlier version says so.
func TestEarlierFormat(t *testing.T) {
	dir := t.TempDir()
	appendRecord(t, dir, recordNetwork, []byte(`{"format":1,"passphrase":"Test ; journal","protocol":27,"settings":"none","empty_ledger_seconds":5}`))
	appendRecord(t, dir, recordEmpty, binary.BigEndian.AppendUint32(nil, 5))
	if _, err := Open(t.Context(), dir, testID); err == nil || !strings.Contains(err.Error(), "written by another version (format 1, this program reads 2)") {
		t.Errorf("got %v", err)
	}
}
