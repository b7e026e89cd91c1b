package files_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/sourcetest"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

var ours = xdr.ContractId{1}

func contracts() []stellar.Address { return []stellar.Address{{Contract: true, Key: ours}} }

// network is a node with ledgers 2 to last, each with a call of our contract.
type network struct {
	*sourcetest.Node
	chain  *sourcetest.Chain
	all    []xdr.LedgerCloseMeta
	client *rpc.Client
}

func newNetwork(t testing.TB, last uint32) *network {
	t.Helper()
	n := &network{Node: &sourcetest.Node{Passphrase: sourcetest.Network(t).Passphrase()}, chain: sourcetest.From(2)}
	var err error
	if n.client, err = rpc.New(rpc.Config{URL: "http://node", Network: sourcetest.Network(t), HTTP: n}); err != nil {
		t.Fatal(err)
	}
	n.grow(last, "main")
	return n
}

func (n *network) grow(last uint32, word string) {
	for seq := uint32(n.chain.Last.Header.LedgerSeq) + 1; seq <= last; seq++ {
		m := n.chain.Next(1_700_000_000+5*uint64(seq), sourcetest.Tx{Meta: 4, Call: []xdr.ContractEvent{sourcetest.Said(ours, word, fmt.Sprint(seq))}})
		n.all = append(n.all, m)
		n.Add(m)
	}
}

func layout(t testing.TB, perBatch, perPartition uint32) files.Layout {
	l := files.NewLayout(sourcetest.Network(t).Passphrase())
	l.LedgersPerBatch, l.BatchesPerPartition = perBatch, perPartition
	return l
}

func record(t testing.TB, dir string, l files.Layout, n *network, first, last uint32) uint32 {
	t.Helper()
	newest, err := files.Record(t.Context(), sourcetest.Network(t), dir, l, n.client, first, last)
	if err != nil {
		t.Fatal(err)
	}
	return newest
}

func open(t testing.TB, folder fs.FS) *files.Files {
	t.Helper()
	f, err := files.Open(sourcetest.Network(t), folder, source.NewChain())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// paths are the files of a folder, but the configuration.
func paths(t testing.TB, folder fs.FS) (all []string) {
	t.Helper()
	err := fs.WalkDir(folder, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && path != ".config.json" {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The files are named as SEP-54's example names them, in its order.
func TestNames(t *testing.T) {
	n := newNetwork(t, 19)
	for _, c := range []struct {
		perBatch, perPartition uint32
		want                   []string
	}{
		{2, 8, []string{
			"FFFFFFEF--16-31/FFFFFFED--18-19.xdr.zst", "FFFFFFEF--16-31/FFFFFFEF--16-17.xdr.zst", "FFFFFFFF--0-15/FFFFFFF1--14-15.xdr.zst",
			"FFFFFFFF--0-15/FFFFFFF3--12-13.xdr.zst", "FFFFFFFF--0-15/FFFFFFF5--10-11.xdr.zst", "FFFFFFFF--0-15/FFFFFFF7--8-9.xdr.zst",
			"FFFFFFFF--0-15/FFFFFFF9--6-7.xdr.zst", "FFFFFFFF--0-15/FFFFFFFB--4-5.xdr.zst", "FFFFFFFF--0-15/FFFFFFFD--2-3.xdr.zst",
		}},
		{10, 1, []string{"FFFFFFF5--10-19.xdr.zst", "FFFFFFFF--0-9.xdr.zst"}},
		{8, 64_000, []string{"FFFFFFFF--0-511999/FFFFFFF7--8-15.xdr.zst", "FFFFFFFF--0-511999/FFFFFFFF--0-7.xdr.zst"}},
	} {
		dir := t.TempDir()
		record(t, dir, layout(t, c.perBatch, c.perPartition), n, 1, 19)
		if diff := cmp.Diff(c.want, paths(t, os.DirFS(dir))); diff != "" {
			t.Errorf("%d a file, %d a folder (-want +got):\n%s", c.perBatch, c.perPartition, diff)
		}
		config, err := os.ReadFile(filepath.Join(dir, ".config.json"))
		if want := fmt.Sprintf("{\n  \"networkPassphrase\": \"Forged ; 2026\",\n  \"version\": \"0.2.0\",\n  \"compression\": \"zstd\",\n  \"ledgersPerBatch\": %d,\n"+
			"  \"batchesPerPartition\": %d\n}\n", c.perBatch, c.perPartition); err != nil || string(config) != want {
			t.Errorf("%s, %v; want %s", config, err, want)
		}
	}
}

// What was recorded is read as the node gives it, however the folder is laid out, and while it grows.
func TestRecordAndRead(t *testing.T) {
	for _, l := range []files.Layout{layout(t, 1, 64_000), layout(t, 1, 4), layout(t, 2, 8), layout(t, 7, 1), layout(t, 3, 2)} {
		t.Run(fmt.Sprintf("%d a file, %d a folder", l.LedgersPerBatch, l.BatchesPerPartition), func(t *testing.T) {
			n := newNetwork(t, 30)
			dir := t.TempDir()
			newest := record(t, dir, l, n, 1, 20)
			if want := 21/l.LedgersPerBatch*l.LedgersPerBatch - 1; newest != want {
				t.Errorf("recorded to %d, want %d", newest, want)
			}
			f := open(t, os.DirFS(dir))
			from := rpc.From{Ledger: 2}
			for _, last := range []uint32{newest, record(t, dir, l, n, 2, 30)} {
				for {
					want, err := n.client.Events(t.Context(), from, contracts(), 4)
					if err != nil {
						t.Fatal(err)
					}
					got, err := f.Events(t.Context(), from, contracts(), 4)
					if err != nil {
						t.Fatal(err)
					}
					cut := slices.IndexFunc(want.Events, func(e rpc.Event) bool { return e.Ledger.Sequence > got.Kept.Latest.Sequence })
					if cut < 0 {
						cut = len(want.Events)
					}
					if diff := cmp.Diff(sourcetest.Lines(t, want.Events[:cut]), sourcetest.Lines(t, got.Events)); diff != "" {
						t.Fatalf("behind %+v (-node +files):\n%s", from, diff)
					}
					if got.Kept.Oldest != want.Kept.Oldest {
						t.Errorf("kept %+v", got.Kept)
					}
					if got.Cursor == from.Cursor {
						break
					}
					from.Cursor = got.Cursor
				}
				if latest, _, err := f.LatestHash(t.Context()); err != nil || latest.Sequence < last || from.Cursor != string(store.EndOfLedger(latest.Sequence)) {
					t.Errorf("read to %s, newest is %+v, %v; recorded to %d", from.Cursor, latest, err, last)
				}
			}
			// Once more changes nothing.
			before := paths(t, os.DirFS(dir))
			record(t, dir, l, n, 1, 30)
			if diff := cmp.Diff(before, paths(t, os.DirFS(dir))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A page that ends where the folder ended when it was looked at knows of what was recorded since.
func TestNewerFilesAreSeen(t *testing.T) {
	n, dir, l := newNetwork(t, 9), t.TempDir(), layout(t, 2, 8)
	record(t, dir, l, n, 1, 7)
	f := open(t, os.DirFS(dir))
	page, err := f.Events(t.Context(), rpc.From{Ledger: 2}, contracts(), 5)
	if err != nil || page.Kept.Latest.Sequence != 7 {
		t.Fatalf("%+v, %v", page, err)
	}
	record(t, dir, l, n, 1, 9)
	if page, err = f.Events(t.Context(), rpc.From{Cursor: page.Cursor}, contracts(), 1); err != nil || len(page.Events) != 1 || page.Kept.Latest.Sequence != 9 {
		t.Errorf("%+v, %v", page, err)
	}
}

// Recording goes on where it was stopped, but not with ledgers of another chain; and a folder has one layout.
func TestRecordGoesOn(t *testing.T) {
	n := newNetwork(t, 20)
	dir, l := t.TempDir(), layout(t, 2, 8)
	record(t, dir, l, n, 1, 11)
	// What a crash leaves is replaced.
	part := filepath.Join(dir, "FFFFFFFF--0-15", ".FFFFFFF3--12-13.xdr.zst.part")
	if err := os.WriteFile(part, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := n.Calls("getLedgers")
	if newest := record(t, dir, l, n, 1, 14); newest != 13 {
		t.Errorf("recorded to %d", newest)
	}
	if more := n.Calls("getLedgers") - asked; more != 1 {
		t.Errorf("asked the node %d times for two ledgers", more)
	}
	if _, err := os.Stat(part); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s: %v", part, err)
	}
	other := newNetwork(t, 13)
	other.all = nil
	other.chain = sourcetest.From(2)
	other.Replace()
	other.grow(20, "other")
	var broken *source.BreakError
	if newest, err := files.Record(t.Context(), sourcetest.Network(t), dir, l, other.client, 1, 20); !errors.As(err, &broken) || newest != 13 ||
		broken.Before != 13 || broken.Ledger != 14 {
		t.Errorf("recorded another chain to %d, %v", newest, err)
	}
	if _, err := files.Record(t.Context(), sourcetest.Network(t), dir, layout(t, 1, 8), n.client, 1, 20); err == nil || !strings.Contains(err.Error(), "record into another one") {
		t.Errorf("another layout: %v", err)
	}
	bad := l
	bad.Passphrase = "Another"
	if _, err := files.Record(t.Context(), sourcetest.Network(t), dir, bad, n.client, 1, 20); err == nil {
		t.Error("another network")
	}
	n.Forget(18)
	var gap *rpc.GapError
	if newest, err := files.Record(t.Context(), sourcetest.Network(t), dir, l, n.client, 1, 20); !errors.As(err, &gap) || newest != 13 {
		t.Errorf("recorded to %d though the node has forgotten, %v", newest, err)
	}
	if newest := record(t, dir, l, n, 18, 100); newest != 19 {
		t.Errorf("recorded to %d", newest)
	}
}

// Only whole batches are recorded, and a folder that another program began is gone on with.
func TestRecordWholeBatches(t *testing.T) {
	n, dir, l := newNetwork(t, 20), t.TempDir(), layout(t, 4, 1)
	l.Version = "1.0" // as Galexie writes it
	if newest := record(t, dir, l, n, 5, 14); newest != 11 {
		t.Errorf("recorded to %d", newest)
	}
	if newest := record(t, dir, layout(t, 4, 1), n, 8, 16); newest != 15 {
		t.Errorf("recorded to %d", newest)
	}
	if got, want := paths(t, os.DirFS(dir)), []string{"FFFFFFF3--12-15.xdr.zst", "FFFFFFF7--8-11.xdr.zst"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// folder is a recorded one in memory, to be spoilt.
func folder(t testing.TB, l files.Layout, last uint32) fstest.MapFS {
	t.Helper()
	dir := t.TempDir()
	record(t, dir, l, newNetwork(t, last), 1, last)
	m := fstest.MapFS{}
	for _, path := range append(paths(t, os.DirFS(dir)), ".config.json") {
		text, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			t.Fatal(err)
		}
		m[path] = &fstest.MapFile{Data: text}
	}
	return m
}

// A missing file is a gap that names it, and says where ledgers begin again; never skipped.
func TestMissing(t *testing.T) {
	for _, l := range []files.Layout{layout(t, 2, 4), layout(t, 2, 1), layout(t, 2, 2)} {
		m := folder(t, l, 21)
		gone := map[uint32]string{}
		for path := range m {
			for _, first := range []uint32{8, 10, 12} {
				if strings.Contains(path, fmt.Sprintf("--%d-%d.xdr.zst", first, first+1)) {
					gone[first] = path
					delete(m, path)
				}
			}
		}
		if len(gone) != 3 {
			t.Fatal(gone)
		}
		f := open(t, m)
		page, err := f.Events(t.Context(), rpc.From{Ledger: 2}, contracts(), 100)
		if err != nil || len(page.Events) != 6 || page.Cursor != string(store.EndOfLedger(7)) || page.Kept.Oldest.Sequence != 2 || page.Kept.Latest.Sequence != 21 {
			t.Fatalf("%+v, %v", page, err)
		}
		var gap *rpc.GapError
		page, err = f.Events(t.Context(), rpc.From{Cursor: page.Cursor}, contracts(), 100)
		if !errors.As(err, &gap) || gap.Asked != 8 || gap.Kept.Oldest.Sequence != 14 || gap.Kept.Latest.Sequence != 21 || !strings.Contains(err.Error(), gone[8]) {
			t.Errorf("%+v, %v", page, err)
		}
		if _, _, err := f.Ledgers(t.Context(), 11, 5); !errors.As(err, &gap) || gap.Kept.Oldest.Sequence != 14 {
			t.Errorf("ledger 11: %v", err)
		}
		if list, _, err := f.Ledgers(t.Context(), 6, 5); err != nil || len(list) != 2 {
			t.Errorf("from ledger 6: %d, %v", len(list), err)
		}
		if page, err := f.Events(t.Context(), rpc.From{Ledger: 14}, contracts(), 100); err != nil || len(page.Events) != 8 {
			t.Errorf("%+v, %v", page, err)
		}
		// The oldest are taken away while the folder is open.
		for path := range m {
			if strings.Contains(path, "--2-3.xdr") || strings.Contains(path, "--4-5.xdr") {
				delete(m, path)
			}
		}
		if _, err := f.Events(t.Context(), rpc.From{Ledger: 2}, contracts(), 100); !errors.As(err, &gap) || gap.Kept.Oldest.Sequence != 6 {
			t.Errorf("ledger 2: %v", err)
		}
	}
}

func pack(t testing.TB, raw []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(raw, nil)
}

func unpack(t testing.TB, packed []byte) []byte {
	t.Helper()
	r, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := r.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A file that is not what it should be is an error that names it, wherever in it the fault is.
func TestDamage(t *testing.T) {
	const path = "FFFFFFFF--0-15/FFFFFFF7--8-9.xdr.zst"
	m := folder(t, layout(t, 2, 8), 15)
	whole := m[path].Data
	raw := unpack(t, whole)
	another := newNetwork(t, 2)
	another.all, another.chain = nil, sourcetest.From(2)
	another.grow(9, "another")
	batch := func(first, last uint32, metas ...xdr.LedgerCloseMeta) []byte {
		return pack(t, sourcetest.Encoded(&xdr.LedgerCloseMetaBatch{StartSequence: xdr.Uint32(first), EndSequence: xdr.Uint32(last), LedgerCloseMetas: metas}))
	}
	ours := newNetwork(t, 15)
	spoilt := map[string][]byte{
		"empty": {}, "text": []byte("ledgers"), "of other ledgers": m["FFFFFFFF--0-15/FFFFFFF5--10-11.xdr.zst"].Data, "more bytes": pack(t, append(bytes.Clone(raw), 0, 0, 0, 0)),
		"no ledgers": batch(8, 9), "one ledger": batch(8, 9, ours.all[6]), "another end": batch(8, 10, ours.all[6], ours.all[7]), "the wrong order": batch(8, 9, ours.all[7], ours.all[6]),
		"of another chain": batch(8, 9, another.all[6], another.all[7]), "of two chains": batch(8, 9, ours.all[6], another.all[7]), "nothing packed": pack(t, nil),
		"a changed event": pack(t, bytes.Replace(raw, []byte("main"), []byte("nain"), 1)), "a bomb": bomb(t),
	}
	for n := range whole {
		spoilt[fmt.Sprintf("%d bytes", n)] = whole[:n]
		changed := bytes.Clone(whole)
		changed[n] ^= 0x10
		spoilt[fmt.Sprintf("byte %d", n)] = changed
	}
	for what, text := range spoilt {
		m[path] = &fstest.MapFile{Data: text}
		f := open(t, m)
		from := rpc.From{Ledger: 2}
		for range 3 {
			page, err := f.Events(t.Context(), from, contracts(), 100)
			if err == nil && page.Cursor == string(store.EndOfLedger(7)) {
				from = rpc.From{Cursor: page.Cursor}
				continue
			}
			if err == nil && bytes.Equal(unpack(t, text), raw) {
				break // a bit that the format leaves free
			}
			if !errors.Is(err, rpc.ErrAnswer) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %d events to %s, %v", what, len(page.Events), page.Cursor, err)
			}
		}
	}
}

// bomb is a small file that is huge once it is unpacked.
func bomb(t testing.TB) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 257 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A folder that is none of ours says so.
func TestForeignFolders(t *testing.T) {
	config := func(old, changed string) fstest.MapFS {
		m := folder(t, layout(t, 2, 8), 9)
		m[".config.json"] = &fstest.MapFile{Data: bytes.Replace(m[".config.json"].Data, []byte(old), []byte(changed), 1)}
		return m
	}
	for what, c := range map[string]struct {
		folder fstest.MapFS
		want   string
		kind   error
	}{
		"nothing in it":         {fstest.MapFS{}, ".config.json", fs.ErrNotExist},
		"no JSON":               {config("{", ""), ".config.json: not JSON", nil},
		"another network":       {config("Forged", "Another"), `is of "Another ; 2026"`, rpc.ErrWrongNetwork},
		"no network":            {config("Forged ; 2026", ""), "networkPassphrase is missing", nil},
		"another compression":   {config("zstd", "gzip"), `compression "gzip"`, nil},
		"a version of tomorrow": {config("0.2.0", "2.0"), `version "2.0"`, nil},
		"no ledgers in a file":  {config(`Batch": 2`, `Batch": 0`), "ledgersPerBatch 0", nil},
		"huge files":            {config(`Batch": 2`, `Batch": 4000000`), "ledgersPerBatch 4000000", nil},
		"no files in a folder":  {config(`Partition": 8`, `Partition": 0`), "batchesPerPartition 0", nil},
	} {
		f, err := files.Open(sourcetest.Network(t), c.folder, source.NewChain())
		if err == nil || !strings.Contains(err.Error(), c.want) || c.kind != nil && !errors.Is(err, c.kind) {
			t.Errorf("%s: %v, %v", what, f, err)
		}
	}
	// Its files are divided otherwise than it says.
	f := open(t, config(`Batch": 2`, `Batch": 4`))
	if _, _, err := f.LatestHash(t.Context()); !errors.Is(err, rpc.ErrAnswer) || !strings.Contains(err.Error(), "not named as .config.json says") {
		t.Errorf("another division: %v", err)
	}
	empty := folder(t, layout(t, 2, 8), 9)
	for path := range empty {
		if path != ".config.json" {
			delete(empty, path)
		}
	}
	f = open(t, empty)
	if _, _, err := f.LatestHash(t.Context()); !errors.Is(err, rpc.ErrUnavailable) {
		t.Errorf("no ledgers yet: %v", err)
	}
	if _, err := f.CheckNetwork(t.Context()); !errors.Is(err, rpc.ErrUnavailable) {
		t.Errorf("no ledgers yet: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := f.Ledgers(ctx, 2, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}

// What the store says decides: a folder of another chain is not read.
func TestTrust(t *testing.T) {
	f := open(t, folder(t, layout(t, 2, 8), 9))
	f.Trust(5, stellar.Hash{1})
	var broken *source.BreakError
	page, err := f.Events(t.Context(), rpc.From{Ledger: 2}, contracts(), 100)
	if err != nil || page.Cursor != string(store.EndOfLedger(3)) {
		t.Fatalf("%+v, %v", page, err)
	}
	if page, err := f.Events(t.Context(), rpc.From{Cursor: page.Cursor}, contracts(), 100); !errors.As(err, &broken) || !strings.Contains(err.Error(), "--4-5.xdr.zst") {
		t.Errorf("%+v, %v", page, err)
	}
}

// FuzzFile: bytes of strangers in a file are its ledgers, or an error that names it.
func FuzzFile(f *testing.F) {
	const path = "FFFFFFFF--0-15/FFFFFFF7--8-9.xdr.zst"
	m := folder(f, layout(f, 2, 8), 9)
	f.Add(unpack(f, m[path].Data), true)
	f.Add(m[path].Data, false)
	config, before := m[".config.json"], m["FFFFFFFF--0-15/FFFFFFF9--6-7.xdr.zst"]
	packer, err := zstd.NewWriter(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte, packed bool) {
		if packed {
			text = packer.EncodeAll(text, nil)
		}
		folder := fstest.MapFS{".config.json": config, "FFFFFFFF--0-15/FFFFFFF9--6-7.xdr.zst": before, path: {Data: text}}
		page, err := open(t, folder).Events(t.Context(), rpc.From{Ledger: 8}, contracts(), 100)
		if err == nil && len(page.Events) == 2 {
			return
		}
		if !errors.Is(err, rpc.ErrAnswer) || !strings.Contains(err.Error(), path) {
			t.Errorf("%+v, %v", page, err)
		}
	})
}
