package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

func chain(t *testing.T, notes ...Note) []Entry {
	t.Helper()
	var head Head
	var all []Entry
	for _, n := range notes {
		e, err := head.Next(n)
		if err != nil {
			t.Fatalf("entry after %d: %v", head.Seq, err)
		}
		all, head = append(all, e), e.Head()
	}
	return all
}

var three = []Note{
	{Kind: "opened", Trade: "aa", Event: "0000000004294967296-0000000000", Ledger: 1, ClosedAt: 1_700_000_000, Data: json.RawMessage(`{"by":0}`)},
	{Kind: KindGap, Contract: "C", Data: json.RawMessage(`{"oldest":9}`)},
	{Kind: "funded", Trade: "aa", Data: json.RawMessage(`{"amount":"5", "note":"<b>"}`)},
}

func TestThePayloadOfAnEntry(t *testing.T) {
	all := chain(t, three...)
	const want = `{"seq":1,"prev":"0000000000000000000000000000000000000000000000000000000000000000","kind":"opened","trade":"aa",` +
		`"event":"0000000004294967296-0000000000","ledger":1,"closed_at":1700000000,"data":{"by":0}}`
	if got := string(all[0].Payload); got != want {
		t.Errorf("payload of the first entry\n got %s\nwant %s", got, want)
	}
	if !strings.Contains(string(all[1].Payload), `"prev":"`+all[0].Hash.String()+`"`) {
		t.Errorf("entry 2 does not name the hash of entry 1, %s: %s", all[0].Hash, all[1].Payload)
	}
	for _, e := range all {
		again, err := Read(e.Payload)
		if err != nil {
			t.Errorf("read entry %d: %v", e.Seq, err)
		} else if again.Hash != e.Hash || again.Seq != e.Seq || again.Kind != e.Kind {
			t.Errorf("entry %d read back as %+v", e.Seq, again)
		}
	}
}

func TestCheckFindsWhatWasDoneToTheChain(t *testing.T) {
	good := chain(t, three...)
	for _, c := range []struct {
		name string
		do   func([]Entry) []Entry
		at   int64 // the entry that must be named; 0 for none
	}{
		{"nothing", func(all []Entry) []Entry { return all }, 0},
		{"an entry left out", func(all []Entry) []Entry { return append(all[:1:1], all[2]) }, 3},
		{"two exchanged", func(all []Entry) []Entry { return []Entry{all[0], all[2], all[1]} }, 3},
		{"one twice", func(all []Entry) []Entry { return []Entry{all[0], all[0], all[1]} }, 1},
		{"the first one left out", func(all []Entry) []Entry { return all[1:] }, 2},
		{"a payload changed", func(all []Entry) []Entry {
			all[1].Payload = bytes.Replace(all[1].Payload, []byte("9"), []byte("8"), 1)
			return all
		}, 2},
		{"a payload and its hash changed", func(all []Entry) []Entry {
			e, err := Read(bytes.Replace(all[1].Payload, []byte(`"oldest":9`), []byte(`"oldest":8`), 1))
			if err != nil {
				t.Fatal(err)
			}
			all[1] = e
			return all
		}, 3},
		{"another text of the same entry", func(all []Entry) []Entry {
			all[0].Payload = append(all[0].Payload, ' ')
			return all
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := append([]Entry{}, good...)
			for i := range all {
				all[i].Payload = bytes.Clone(all[i].Payload)
			}
			var head Head
			var bad int64
			for _, e := range c.do(all) {
				if err := head.Check(e); err != nil {
					if !errors.Is(err, ErrChain) {
						t.Errorf("entry %d: %v is not ErrChain", e.Seq, err)
					}
					bad = e.Seq
					break
				}
				head = e.Head()
			}
			if bad != c.at {
				t.Errorf("first bad entry: got %d, want %d", bad, c.at)
			}
		})
	}
}

func TestANoteThatIsNoJSONIsRefused(t *testing.T) {
	if _, err := (Head{}).Next(Note{Kind: "opened", Data: json.RawMessage(`{`)}); err == nil {
		t.Error("an entry was made of broken JSON")
	}
}

func FuzzRead(f *testing.F) {
	var head Head
	for _, n := range three {
		e, err := head.Next(n)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.Payload)
		head = e.Head()
	}
	f.Add([]byte(`{"seq":-9223372036854775808}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := Read(text)
		if err != nil {
			return
		}
		if !bytes.Equal(e.Payload, text) {
			t.Errorf("accepted a text that is not the entry's own: %q", text)
		}
	})
}
