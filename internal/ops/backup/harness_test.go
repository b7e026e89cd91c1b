package backup

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// writeInto makes the test binary a program that writes an endless backup into a folder, to be killed.
const writeInto = "STELLARESCROW_TEST_WRITE_INTO"

func TestMain(m *testing.M) {
	dir := os.Getenv(writeInto)
	if dir == "" {
		os.Exit(m.Run())
	}
	go func() { // the parent holds the other end: when it is gone, however it went, nobody would stop this process
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(2)
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	place, err := NewFolder(dir, time.Now)
	if err == nil {
		var key *age.X25519Identity
		if key, err = age.GenerateX25519Identity(); err == nil {
			_, err = Take(ctx, endless(), place, options(key))
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// table is what a fake source has.
type table struct {
	name string
	rows func(to io.Writer) (int64, error)
}

func lines(rows ...string) func(io.Writer) (int64, error) {
	return func(to io.Writer) (int64, error) {
		_, err := io.WriteString(to, strings.Join(rows, ""))
		return int64(len(rows)), err
	}
}

// fake is a source in memory.
type fake struct {
	tables []table
	state  func() (store.State, error)
}

var fakeHash = store.Hash{1, 2, 3}

func (f fake) Facts(context.Context) (Head, error) {
	h := Head{Server: "15.4", Schema: 8, Network: &Network{Passphrase: "Backup Network ; 2026", Ledger: 7, Hash: strings.Repeat("ab", 32)}}
	for _, t := range f.tables {
		h.Tables = append(h.Tables, Table{t.name, []string{"a", "b c"}})
	}
	return h, nil
}

func (f fake) Copy(_ context.Context, t Table, to io.Writer) (int64, error) {
	for _, is := range f.tables {
		if is.name == t.Name {
			return is.rows(to)
		}
	}
	return 0, fmt.Errorf("no table %s", t.Name)
}

func (f fake) State(context.Context) (store.State, error) {
	if f.state != nil {
		return f.state()
	}
	return store.State{Hash: fakeHash, Trades: 2, Contracts: []store.Contract{{ID: "C1", Start: 3, Position: store.EndOfLedger(9)}}}, nil
}

// small has a table without rows between others, and one of several pieces.
func small() fake {
	long := strings.Repeat("x", 1000) + "\n"
	return fake{tables: []table{
		{"events", func(to io.Writer) (int64, error) {
			for range 3000 {
				if _, err := io.WriteString(to, long); err != nil {
					return 0, err
				}
			}
			return 3000, nil
		}},
		{"leases", lines()},
		{"network", lines("1\tBackup Network\n")},
		{"trades", lines("a\t1\n", "b\t\\N\n")},
		{"votes", lines()},
	}}
}

// endless has one table that has no end, of bytes that cannot be compressed.
func endless() fake {
	return fake{tables: []table{{"events", func(to io.Writer) (int64, error) { return noise(to, 1<<62) }}}}
}

// noise writes rows of random hex digits, at least so many bytes of them.
func noise(to io.Writer, bytes int64) (rows int64, err error) {
	raw := make([]byte, 32<<10)
	line := make([]byte, 2*len(raw)+1)
	line[len(line)-1] = '\n'
	for n := int64(0); n < bytes; n += int64(len(line)) {
		if _, err := rand.Read(raw); err != nil {
			return rows, err
		}
		hex.Encode(line, raw)
		if _, err := to.Write(line); err != nil {
			return rows, err
		}
		rows++
	}
	return rows, nil
}

func newKey(t testing.TB) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func options(keys ...*age.X25519Identity) Options {
	o := Options{Program: "v0 of a test", Now: time.Now, Rand: rand.Reader}
	for _, k := range keys {
		o.Recipients = append(o.Recipients, k.Recipient())
	}
	return o
}

func newFolder(t testing.TB) *Folder {
	t.Helper()
	f, err := NewFolder(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// taken is a backup of src in a folder of its own, and its bytes.
func taken(t testing.TB, src Source, keys ...*age.X25519Identity) (Receipt, []byte) {
	t.Helper()
	f := newFolder(t)
	r, err := Take(t.Context(), src, f, options(keys...))
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(f.dir, r.Name))
	if err != nil {
		t.Fatal(err)
	}
	return r, content
}

// kept is a sink that keeps everything.
type kept map[string]string

func (kept) Begin(Head) error { return nil }

func (k kept) Rows(t Table, piece []byte) error {
	k[t.Name] += string(piece)
	return nil
}

// sealed is an inside as it would be in a file.
func sealed(t testing.TB, inside []byte, keys ...*age.X25519Identity) []byte {
	t.Helper()
	var out bytes.Buffer
	s, err := newSeal(&out, options(keys...).Recipients)
	if err == nil {
		_, err = s.Write(inside)
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// unsealed is the inside of a file.
func unsealed(t testing.TB, content []byte, key *age.X25519Identity) []byte {
	t.Helper()
	r, err := unseal(bytes.NewReader(content), []age.Identity{key})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	inside, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return inside
}
