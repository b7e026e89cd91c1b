package backup

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
)

// entry is one of a tar.
type entry struct {
	tar.Header
	content []byte
}

// entries takes an inside apart.
func entries(t testing.TB, inside []byte) (all []entry) {
	t.Helper()
	for r := tar.NewReader(bytes.NewReader(inside)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, entry{*h, content})
	}
}

// inside puts it together again.
func inside(t testing.TB, all []entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, e := range all {
		e.Size = int64(len(e.content))
		if e.Typeflag != tar.TypeReg {
			e.Size = 0
		}
		if err := w.WriteHeader(&e.Header); err != nil {
			t.Fatal(err)
		}
		if e.Size > 0 {
			if _, err := w.Write(e.content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func find(t testing.TB, all []entry, name string) int {
	t.Helper()
	i := slices.IndexFunc(all, func(e entry) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("there is no entry %s", name)
	}
	return i
}

// edit changes a manifest or a head as its writer would have written it.
func edit(t testing.TB, e *entry, change func(map[string]any)) {
	t.Helper()
	var m Manifest
	var fields map[string]any
	if err := json.Unmarshal(e.content, &fields); err != nil {
		t.Fatal(err)
	}
	change(fields)
	changed, err := json.Marshal(fields)
	if err == nil {
		err = json.Unmarshal(changed, &m)
	}
	if err == nil && e.Name == headEntry {
		e.content, err = encode(m.Head)
	} else if err == nil {
		e.content, err = encode(m)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhoHasTheKeysIsBelievedNothing: everybody who knows the recipients can write a file that decrypts. What does not fit together in it is found and named.
func TestWhoHasTheKeysIsBelievedNothing(t *testing.T) {
	key := newKey(t)
	r, content := taken(t, small(), key)
	good := unsealed(t, content, key)
	table := func(fields map[string]any, i int) map[string]any {
		return fields["contents"].([]any)[i].(map[string]any)
	}
	for name, c := range map[string]struct {
		change func(all []entry) []entry
		says   string
	}{
		"a row less": {func(all []entry) []entry {
			all[find(t, all, "tables/trades/00000001")].content = []byte("a\t1\n")
			return all
		}, "table trades: 1 rows (4 bytes) are in it, its manifest says 2 (9)"},
		"another value": {func(all []entry) []entry {
			all[find(t, all, "tables/trades/00000001")].content = []byte("a\t2\nb\t\\N\n")
			return all
		}, "table trades: its rows are not those of the manifest"},
		"a table is missing": {func(all []entry) []entry {
			i := find(t, all, "tables/network/00000001")
			return slices.Delete(all, i, i+1)
		}, "table network: 0 rows"},
		"rows in an empty table": {func(all []entry) []entry {
			e := all[find(t, all, "tables/network/00000001")]
			e.Name = "tables/leases/00000001"
			return slices.Insert(all, find(t, all, "tables/network/00000001"), e)
		}, "table leases: 1 rows (17 bytes) are in it, its manifest says 0 (0)"},
		"a piece is missing": {func(all []entry) []entry {
			i := find(t, all, "tables/events/00000002")
			return slices.Delete(all, i, i+1)
		}, `"tables/events/00000003" stands where it should not`},
		"pieces change places": {func(all []entry) []entry {
			i := find(t, all, "tables/events/00000001")
			all[i], all[i+1] = all[i+1], all[i]
			return all
		}, `"tables/events/00000002" stands where it should not`},
		"the last piece is missing": {func(all []entry) []entry {
			i := find(t, all, "tables/events/00000003")
			return slices.Delete(all, i, i+1)
		}, "table events: 2095 rows"},
		"tables change places": {func(all []entry) []entry {
			i, j := find(t, all, "tables/network/00000001"), find(t, all, "tables/trades/00000001")
			all[i], all[j] = all[j], all[i]
			return all
		}, `"tables/network/00000001" stands where it should not`},
		"a table that is not listed": {func(all []entry) []entry {
			e := all[find(t, all, "tables/trades/00000001")]
			e.Name = "tables/users/00000001"
			return slices.Insert(all, len(all)-1, e)
		}, `"tables/users/00000001" stands where it should not`},
		"a way out of the folder": {func(all []entry) []entry {
			all[1].Name = "../../etc/passwd"
			return all
		}, `"../../etc/passwd" stands where it should not`},
		"a link": {func(all []entry) []entry {
			all[1].Typeflag, all[1].Linkname = tar.TypeSymlink, "/etc/passwd"
			return all
		}, "is no file"},
		"an empty piece": {func(all []entry) []entry {
			all[1].content = nil
			return all
		}, "has 0 bytes"},
		"a piece too large": {func(all []entry) []entry {
			all[1].content = make([]byte, pieceBytes+1)
			return all
		}, "has 1048577 bytes"},
		"no manifest":   {func(all []entry) []entry { return all[:len(all)-1] }, "it ends without manifest.json"},
		"two manifests": {func(all []entry) []entry { return append(all, all[len(all)-1]) }, "something stands behind manifest.json"},
		"no head":       {func(all []entry) []entry { return all[1:] }, "it begins with"},
		"two heads":     {func(all []entry) []entry { return slices.Insert(all, 1, all[0]) }, `"backup.json" stands where it should not`},
		"nothing":       {func([]entry) []entry { return nil }, "it ends without manifest.json"},
		"a newer format": {func(all []entry) []entry {
			all[0].content = bytes.Replace(all[0].content, []byte("backup 1"), []byte("backup 2"), 1)
			return all
		}, `its format is "stellarescrow backup 2", this program knows "stellarescrow backup 1"`},
		"no JSON": {func(all []entry) []entry {
			all[0].content = []byte("format")
			return all
		}, "backup.json: it is no JSON object of ours"},
		"a field twice": {func(all []entry) []entry {
			all[0].content = bytes.Replace(all[0].content, []byte(`  "schema": 8`), []byte("  \"schema\": 7,\n  \"schema\": 8"), 1)
			return all
		}, "backup.json: it is not written as this program writes it"},
		"a field that is not known": {func(all []entry) []entry {
			i := len(all) - 1
			all[i].content = bytes.Replace(all[i].content, []byte(`  "schema": 8`), []byte("  \"note\": 7,\n  \"schema\": 8"), 1)
			return all
		}, "manifest.json: it is not written as this program writes it"},
		"another schema at the end": {func(all []entry) []entry {
			edit(t, &all[len(all)-1], func(f map[string]any) { f["schema"] = 9 })
			return all
		}, "manifest.json: it is of another backup than the beginning"},
		"a table less at the end": {func(all []entry) []entry {
			edit(t, &all[len(all)-1], func(f map[string]any) { f["contents"] = f["contents"].([]any)[1:] })
			return all
		}, "manifest.json: it counts 4 tables of 5"},
		"another table at the end": {func(all []entry) []entry {
			edit(t, &all[len(all)-1], func(f map[string]any) { table(f, 3)["table"] = "users" })
			return all
		}, "what it says of table trades"},
		"a hash that is none": {func(all []entry) []entry {
			edit(t, &all[len(all)-1], func(f map[string]any) { table(f, 3)["sha256"] = "abc" })
			return all
		}, "what it says of table trades"},
		"a state hash that is none": {func(all []entry) []entry {
			edit(t, &all[len(all)-1], func(f map[string]any) { f["state"].(map[string]any)["hash"] = "" })
			return all
		}, "its state hash is none"},
		"a name that is none": {func(all []entry) []entry {
			edit(t, &all[0], func(f map[string]any) { f["name"] = "../x" })
			return all
		}, `"../x" is no name of a backup`},
		"a table's name that is none": {func(all []entry) []entry {
			edit(t, &all[0], func(f map[string]any) { f["tables"].([]any)[0].(map[string]any)["table"] = "../x" })
			return all
		}, `table "../x"`},
		"a table twice": {func(all []entry) []entry {
			edit(t, &all[0], func(f map[string]any) { f["tables"].([]any)[1].(map[string]any)["table"] = "events" })
			return all
		}, "table events stands there twice"},
		"a table without columns": {func(all []entry) []entry {
			edit(t, &all[0], func(f map[string]any) { f["tables"].([]any)[1].(map[string]any)["columns"] = []any{} })
			return all
		}, "table leases has 0 columns"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := sealed(t, inside(t, c.change(entries(t, good))), key)
			_, err := Verify(t.Context(), r.Name, bytes.NewReader(changed), []age.Identity{key})
			if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), r.Name) {
				t.Errorf("%v, want ErrDamaged: %s", err, c.says)
			}
		})
	}
	for name, changed := range map[string][]byte{
		"behind the end": append(bytes.Clone(good), 0), "another tar behind the end": append(bytes.Clone(good), good...), "cut between two entries": good[:512*4],
	} {
		if _, err := Verify(t.Context(), r.Name, bytes.NewReader(sealed(t, changed, key)), []age.Identity{key}); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	if _, err := Verify(t.Context(), r.Name, bytes.NewReader(sealed(t, inside(t, entries(t, good)), key)), []age.Identity{key}); err != nil {
		t.Errorf("taken apart and put together: %v", err)
	}
}

// FuzzArchive reads insides that anybody may have made. What is taken is what a writer writes: the same rows again give the same manifest.
func FuzzArchive(f *testing.F) {
	key := newKey(f)
	src := fake{tables: []table{{"events", lines("a\n", "b\n")}, {"trades", lines()}}}
	_, content := taken(f, src, key)
	good := unsealed(f, content, key)
	f.Add(good)
	f.Add(good[:len(good)-1024])
	f.Add(good[:512])
	all := entries(f, good)
	f.Add(inside(f, all[1:]))
	f.Add(inside(f, append(all, all...)))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows := kept{}
		m, err := readArchive(bytes.NewReader(text), rows)
		if err != nil {
			return
		}
		var again bytes.Buffer
		a, err := newArchive(&again, m.Head)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		for i, is := range m.Contents {
			c, err := a.table(is.Table, func(w io.Writer) (int64, error) {
				_, err := io.WriteString(w, rows[is.Table])
				return is.Rows, err
			})
			if err != nil || c != m.Contents[i] {
				t.Fatalf("table %s comes out as %+v (%v), was %+v", is.Table, c, err, is)
			}
		}
		if err := a.close(m); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzManifest: a manifest has one form, and nothing else is taken for it.
func FuzzManifest(f *testing.F) {
	key := newKey(f)
	_, content := taken(f, small(), key)
	all := entries(f, unsealed(f, content, key))
	f.Add(all[0].content)
	f.Add(all[len(all)-1].content)
	f.Add([]byte(`{"format":"stellarescrow backup 1"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := decode[Manifest](text)
		if err != nil {
			return
		}
		if again, err := encode(m); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q was taken, and is written %q (%v)", text, again, err)
		}
		_ = m.check(m.Head)
	})
}
