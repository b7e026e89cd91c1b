package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"
)

var testID = Identity{Passphrase: "Test ; journal", Protocol: 27, Settings: "none", EmptySeconds: CloseSeconds}

// emptyLedger is the meta of a ledger after last that somebody closed, here with nothing in it.
func emptyLedger(last Closed, after int64) xdr.LedgerCloseMeta {
	set := TxSet(last.Hash, nil, nil)
	return EmptyMeta(Seal(Next(last, set, last.CloseTime()+after), nil, nil), 7)
}

// write makes a journal of a few ledgers of each kind and returns the hash of each, by sequence.
func write(t *testing.T, dir string) map[uint32]xdr.Hash {
	t.Helper()
	c, err := Open(t.Context(), dir, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	for i := range 3 {
		if err := c.Append(emptyLedger(c.Last(), 1)); err != nil {
			t.Fatal(err)
		}
		if err := c.AppendEmpty(uint32(i + 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.SetOffset(time.Hour); err != nil {
		t.Fatal(err)
	}
	return hashes(t, c)
}

func hashes(t *testing.T, c *Chain) map[uint32]xdr.Hash {
	t.Helper()
	all := map[uint32]xdr.Hash{}
	for meta, err := range c.Ledgers(FirstLedger, c.Last().Sequence()) {
		if err != nil {
			t.Fatal(err)
		}
		all[meta.LedgerSequence()] = meta.LedgerHash()
	}
	return all
}

func TestHistorySurvives(t *testing.T) {
	dir := t.TempDir()
	before := write(t, dir)
	c, err := Open(t.Context(), dir, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if after := hashes(t, c); fmt.Sprint(after) != fmt.Sprint(before) || len(after) != 9 {
		t.Errorf("got %v, want %v", after, before)
	}
	if c.Offset() != time.Hour {
		t.Errorf("the clock is %s ahead, want an hour", c.Offset())
	}
}

// However many bytes of the last record a crash has left, what was there before is read, and the same can be written again.
func TestTornRecord(t *testing.T) {
	for name, write := range map[string]func(*Chain) error{
		"a filled ledger": func(c *Chain) error { return c.Append(emptyLedger(c.Last(), 1)) },
		"empty ledgers":   func(c *Chain) error { return c.AppendEmpty(stepLedgers + 1) },
		"the clock":       func(c *Chain) error { return c.SetOffset(2 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) { testTornRecord(t, write) })
	}
}

func testTornRecord(t *testing.T, last func(*Chain) error) {
	dir := t.TempDir()
	write(t, dir)
	path := filepath.Join(dir, journalName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(t.Context(), dir, testID)
	if err != nil {
		t.Fatal(err)
	}
	before, offset := c.Last(), c.Offset()
	err = last(c)
	after := c.Last()
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := len(whole); n < len(more); n += 1 + (len(more)-len(whole))/60 {
		for _, tail := range [][]byte{nil, make([]byte, 4096)} { // a file system may have made the file longer before writing
			if tail != nil && len(bytes.Trim(more[n:], "\x00")) == 0 {
				continue // zeros were all that was missing
			}
			if err := os.WriteFile(path, append(more[:n:n], tail...), 0o600); err != nil {
				t.Fatal(err)
			}
			c, err := Open(t.Context(), dir, testID)
			if err != nil {
				t.Fatalf("cut after %d bytes of %d, %d zeros: %v", n, len(more), len(tail), err)
			}
			if c.Last().Hash != before.Hash || c.Offset() != offset {
				t.Fatalf("cut after %d bytes: the last ledger is %d, want %d; the clock is %s ahead, want %s", n, c.Last().Sequence(), before.Sequence(), c.Offset(), offset)
			}
			if err := errors.Join(last(c), c.Close()); err != nil {
				t.Fatal(err)
			}
			if c, err = Open(t.Context(), dir, testID); err != nil || c.Last().Hash != after.Hash {
				t.Fatalf("cut after %d bytes of %d, and written again: %v", n, len(more), err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A changed byte anywhere but in the last record is found, and nothing is thrown away.
func TestDamagedJournal(t *testing.T) {
	dir := t.TempDir()
	write(t, dir)
	path := filepath.Join(dir, journalName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lastRecord := recordHead + 8 // the clock
	for at := 0; at < len(whole)-lastRecord; at += 3 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 0x20
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Open(t.Context(), dir, testID)
		if err == nil {
			_ = c.Close()
		}
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), dir) {
			t.Fatalf("byte %d changed: got %v, want %v naming %s", at, err, ErrDamaged, dir)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, damaged) {
			t.Fatalf("byte %d changed: opening has changed the file", at)
		}
	}
}

// A folder that cannot be used gets one line that says why.
func TestUnusableFolders(t *testing.T) {
	used := t.TempDir()
	write(t, used)
	c, err := Open(t.Context(), used, testID)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	other := t.TempDir()
	write(t, other)
	file := filepath.Join(t.TempDir(), "file")
	foreign := t.TempDir()
	for path, text := range map[string]string{file: "x", filepath.Join(foreign, journalName): "a diary of somebody else, not of ours"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		dir  string
		id   Identity
		want string
	}{
		"in use":          {used, testID, "in use by another process"},
		"another network": {other, Identity{Passphrase: "Other", Protocol: 27, Settings: "none", EmptySeconds: CloseSeconds}, `it holds the network "Test ; journal"`},
		"a file":          {file, testID, "mkdir file: not a directory"},
		"foreign":         {foreign, testID, "the journal is damaged"},
	}
	if os.Getuid() != 0 { // root may write anywhere
		locked := t.TempDir()
		if err := os.Chmod(locked, 0o500); err != nil {
			t.Fatal(err)
		}
		cases["not writable"] = struct {
			dir  string
			id   Identity
			want string
		}{locked, testID, "permission denied"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), c.dir, c.id)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.dir) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %q and the folder", err, c.want)
			}
		})
	}
}
