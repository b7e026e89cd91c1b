package backup

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

func TestWhatIsWrittenComesBack(t *testing.T) {
	one, two, stranger := newKey(t), newKey(t), newKey(t)
	r, content := taken(t, small(), one, two)
	m := r.Manifest
	want := []Content{{Table: "events", Rows: 3000, Bytes: 3000 * 1001}, {Table: "leases"}, {Table: "network", Rows: 1, Bytes: 17}, {Table: "trades", Rows: 2, Bytes: 9}, {Table: "votes"}}
	for i := range m.Contents {
		if is := m.Contents[i]; is.Table != want[i].Table || is.Rows != want[i].Rows || is.Bytes != want[i].Bytes || len(is.SHA256) != 64 {
			t.Errorf("%+v, want %+v", is, want[i])
		}
	}
	if m.Rows() != 3003 || m.State != (State{Hash: "010203" + strings.Repeat("00", 29), Trades: 2}) || len(m.Positions) != 1 || m.Positions[0].Ledger != 9 || m.Network.Passphrase == "" || m.Program == "" {
		t.Errorf("%+v", m)
	}
	if !fileName.MatchString(r.Name) || m.Name != r.Name || r.Bytes != int64(len(content)) {
		t.Errorf("%+v", r)
	}
	for _, key := range []*age.X25519Identity{one, two} {
		rows := kept{}
		again, err := Read(t.Context(), r.Name, bytes.NewReader(content), []age.Identity{stranger, key}, rows)
		if again.Place = r.Place; err != nil || !reflect.DeepEqual(again, r) {
			t.Errorf("%v\n%+v, want\n%+v", err, again, r)
		}
		if len(rows) != 3 || rows["trades"] != "a\t1\nb\t\\N\n" || len(rows["events"]) != 3000*1001 {
			t.Errorf("tables %d, trades %q, %d bytes of events", len(rows), rows["trades"], len(rows["events"]))
		}
	}
	if _, err := Verify(t.Context(), r.Name, bytes.NewReader(content), []age.Identity{stranger}); !errors.Is(err, ErrNoKey) || errors.Is(err, ErrDamaged) {
		t.Errorf("with another's key: %v, want ErrNoKey", err)
	}
	if bytes.Contains(content, []byte("Backup Network")) {
		t.Error("the network's name can be read without a key")
	}
	if other, _ := taken(t, small(), one); other.Name == r.Name {
		t.Errorf("two backups are called %s", r.Name)
	}
}

// TestDamageIsFound changes every kind of place of a file, and cuts it everywhere.
func TestDamageIsFound(t *testing.T) {
	key := newKey(t)
	r, content := taken(t, small(), key)
	look := func(name string, content []byte) error {
		_, err := Verify(t.Context(), name, bytes.NewReader(content), []age.Identity{key})
		return err
	}
	behindKeys := bytes.Index(content, []byte("\n---")) + 60
	refused := func(what string, at int, err error) {
		t.Helper()
		// A changed line for the key is not told from another's: nothing is known of the file then.
		if !errors.Is(err, ErrDamaged) && (at >= behindKeys || !errors.Is(err, ErrNoKey)) || !strings.Contains(err.Error(), r.Name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s at %d: %v, want one line that names it", what, at, err)
		}
	}
	steps := max(1, len(content)/150)
	for at := 0; at < len(content); at += steps {
		refused("cut off", at, look(r.Name, content[:at]))
		changed := bytes.Clone(content)
		changed[at] ^= 1
		refused("a bit", at, look(r.Name, changed))
	}
	refused("cut off by a byte", len(content), look(r.Name, content[:len(content)-1]))
	refused("a byte more", len(content), look(r.Name, append(bytes.Clone(content), 0)))
	refused("twice", len(content), look(r.Name, append(bytes.Clone(content), content...)))
	refused("no backup", len(content), look(r.Name, []byte(strings.Repeat("something else\n", 100))))
	refused("nothing", len(content), look(r.Name, nil))
	// A good file under another's name: which of the two it is, it says itself.
	other, others := taken(t, small(), key)
	if err := look(r.Name, others); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), other.Name+" under another name") {
		t.Errorf("swapped: %v", err)
	}
	if err := look(r.Name, content); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

// TestReadingThatFailsSaysNothingOfTheFile: a disk's error is not damage, and neither is a caller who stops.
func TestReadingThatFailsSaysNothingOfTheFile(t *testing.T) {
	key := newKey(t)
	r, content := taken(t, small(), key)
	disk := errors.New("input/output error")
	for _, at := range []int{0, 10, len(content) / 2, len(content)} {
		broken := io.MultiReader(bytes.NewReader(content[:at]), readerFunc(func([]byte) (int, error) { return 0, disk }))
		if _, err := Verify(t.Context(), r.Name, broken, []age.Identity{key}); !errors.Is(err, ErrPlace) || !errors.Is(err, disk) || errors.Is(err, ErrDamaged) {
			t.Errorf("the disk fails after %d bytes: %v", at, err)
		}
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Verify(stopped, r.Name, bytes.NewReader(content), []age.Identity{key}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrDamaged) {
		t.Errorf("stopped: %v", err)
	}
	full := errors.New("the database is full")
	if _, err := Read(t.Context(), r.Name, bytes.NewReader(content), []age.Identity{key}, refusing{full}); !errors.Is(err, full) || errors.Is(err, ErrDamaged) {
		t.Errorf("whoever takes it refuses: %v", err)
	}
}

type refusing struct{ err error }

func (r refusing) Begin(Head) error         { return nil }
func (r refusing) Rows(Table, []byte) error { return r.err }

// TestWhatCannotBeWrittenLeavesNothing fails in each step of writing.
func TestWhatCannotBeWrittenLeavesNothing(t *testing.T) {
	gone := errors.New("the server went away")
	for name, c := range map[string]struct {
		change func(*fake)
		is     error
		says   string
	}{
		"a table": {func(f *fake) { f.tables[3].rows = func(io.Writer) (int64, error) { return 0, gone } }, gone, ""},
		"in a table": {func(f *fake) {
			f.tables[0].rows = func(w io.Writer) (int64, error) { _, _ = noise(w, 1<<20); return 0, gone }
		}, gone, ""},
		"the state": {func(f *fake) { f.state = func() (store.State, error) { return store.State{}, gone } }, gone, ""},
		"rows are lost": {func(f *fake) {
			f.tables[3].rows = func(w io.Writer) (int64, error) { _, err := io.WriteString(w, "a\n"); return 2, err }
		}, nil, "table trades: 1 rows came, the server says 2"},
		"a strange name": {func(f *fake) { f.tables[3].name = "../trades" }, nil, `table "../trades"`},
		"not in order":   {func(f *fake) { f.tables[3].name = "aaa" }, nil, "table aaa"},
		"no table":       {func(f *fake) { f.tables = nil }, nil, "tables are missing"},
	} {
		t.Run(name, func(t *testing.T) {
			f, src := newFolder(t), small()
			c.change(&src)
			_, err := Take(t.Context(), src, f, options(newKey(t)))
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %v %q", err, c.is, c.says)
			}
			if left, err := os.ReadDir(f.dir); err != nil || len(left) > 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
	t.Run("nobody to open it", func(t *testing.T) {
		f := newFolder(t)
		if _, err := Take(t.Context(), small(), f, options()); err == nil {
			t.Error("written for nobody")
		}
		if left, _ := os.ReadDir(f.dir); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		f := newFolder(t)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		src := small()
		src.tables[0].rows = func(w io.Writer) (int64, error) {
			<-ctx.Done()
			return 0, ctx.Err()
		}
		if _, err := Take(ctx, src, f, options(newKey(t))); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want DeadlineExceeded", err)
		}
		if left, _ := os.ReadDir(f.dir); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
}

// TestWhatComesBackIsCompared has a place that keeps something else than it was given.
func TestWhatComesBackIsCompared(t *testing.T) {
	for name, spoil := range map[string]func(path string, content []byte) error{
		"a bit": func(path string, content []byte) error {
			content[len(content)/2] ^= 1
			return os.WriteFile(path, content, 0o600)
		},
		"cut off":     func(path string, content []byte) error { return os.Truncate(path, int64(len(content)-1)) },
		"it is empty": func(path string, _ []byte) error { return os.Truncate(path, 0) },
	} {
		f := spoiling{newFolder(t), spoil}
		r, err := Take(t.Context(), small(), f, options(newKey(t)))
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), f.dir) {
			t.Errorf("%s: %v, want ErrDamaged; receipt %+v", name, err, r.Name)
		}
	}
	gone := spoiling{newFolder(t), func(path string, _ []byte) error { return os.Remove(path) }}
	if _, err := Take(t.Context(), small(), gone, options(newKey(t))); !errors.Is(err, ErrPlace) {
		t.Errorf("it is gone: %v, want ErrPlace", err)
	}
}

// spoiling is a folder in which something happens to a file right after it was written.
type spoiling struct {
	*Folder
	spoil func(path string, content []byte) error
}

func (s spoiling) Put(ctx context.Context, name string, content io.Reader) error {
	if err := s.Folder.Put(ctx, name, content); err != nil {
		return err
	}
	path := filepath.Join(s.dir, name)
	all, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return s.spoil(path, all)
}

// TestMemoryIsBounded writes and verifies 128 MB that can hardly be compressed, and looks at the heap meanwhile.
func TestMemoryIsBounded(t *testing.T) {
	const size, most = 128 << 20, 40 << 20
	defer debug.SetGCPercent(debug.SetGCPercent(20))
	key := newKey(t)
	peak := &watched{}
	src := fake{tables: []table{{"events", func(to io.Writer) (int64, error) { return noise(io.MultiWriter(to, peak), size) }}}}
	f := newFolder(t)
	runtime.GC()
	r, err := Take(t.Context(), src, f, options(key))
	if err != nil {
		t.Fatal(err)
	}
	in, err := f.Get(t.Context(), r.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if _, err := Read(t.Context(), r.Name, in, []age.Identity{key}, peak); err != nil {
		t.Fatal(err)
	}
	if peak.heap == 0 || peak.heap > most {
		t.Errorf("%d MB of heap for a table of %d MB, want at most %d", peak.heap>>20, size>>20, most>>20)
	}
	t.Logf("%d MB of heap at most", peak.heap>>20)
}

// watched looks at the heap with every so many of its calls.
type watched struct {
	calls int
	heap  uint64
}

func (w *watched) look() {
	if w.calls++; w.calls%200 == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.heap = max(w.heap, m.HeapInuse)
	}
}

func (w *watched) Write(b []byte) (int, error) { w.look(); return len(b), nil }

func (w *watched) Begin(Head) error { return nil }

func (w *watched) Rows(Table, []byte) error { w.look(); return nil }
