package vectors

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// told is a driver that answers what its own copy of the story says: with an unchanged copy every story passes, and with a change the runner must
// see exactly that.
type told struct {
	story    *Story
	step     int
	balances map[string]Amount
	owed     Owed
	fail     error
}

const toldStart = 1_000_000

func (d *told) Reset(s *Story) (uint64, error) {
	d.balances, d.owed, d.step = map[string]Amount{Contract: "0"}, Owed{Total: "0", Fees: "0"}, 0
	for _, a := range s.Actors {
		d.balances[a] = "0"
	}
	maps.Copy(d.balances, d.story.Balances)
	return toldStart, nil
}

func (d *told) next() Step {
	st := d.story.Steps[d.step]
	d.step++
	maps.Copy(d.balances, st.Want.Balances)
	if st.Want.Owed != nil {
		d.owed = *st.Want.Owed
	}
	return st
}

func (d *told) Do(c Call) (Answer, error) {
	st := d.next()
	if c.At != st.At.Unix(toldStart) {
		return Answer{}, errors.New("called at another time")
	}
	out := Answer{Code: st.Want.Answer}
	if st.Want.Returns != nil {
		v, err := expected(st.Want.Returns, toldStart)
		if err != nil {
			return out, err
		}
		out.Returns = v
	}
	for _, e := range st.Want.Events {
		v, err := expected(e, toldStart)
		if err != nil {
			return out, err
		}
		out.Events = append(out.Events, v.([]any))
	}
	return out, d.fail
}

func (d *told) World(World) error                { d.next(); return d.fail }
func (d *told) Balance(a string) (Amount, error) { return d.balances[a], nil }
func (d *told) Owed() (Owed, error)              { return d.owed, nil }

func TestRunFollowsEveryStory(t *testing.T) {
	for _, s := range stories(t) {
		if err := Run(&told{story: s}, s); err != nil {
			t.Error(err)
		}
	}
}

func TestRunSeesEveryDifference(t *testing.T) {
	const name = "payout/collect" // it has a view, events, owed, and an act of the world
	find := func() *Story {
		def, err := fs.ReadFile(files, "defaults.json")
		if err != nil {
			t.Fatal(err)
		}
		data, err := fs.ReadFile(files, "stories/"+name+".json")
		if err != nil {
			t.Fatal(err)
		}
		list, err := load(fstest.MapFS{"defaults.json": {Data: def}, "stories/" + name + ".json": {Data: data}})
		if err != nil {
			t.Fatal(err)
		}
		return list[0]
	}
	index := func(s *Story, call string, want func(Want) bool) int {
		for i, st := range s.Steps {
			if st.Call != nil && st.Call.Name == call && want(st.Want) {
				return i
			}
		}
		t.Fatalf("%s has no such step of %s", name, call)
		return 0
	}
	ok := func(w Want) bool { return w.Answer == OK }
	tests := []struct {
		name  string
		spoil func(s *Story)
		want  string
	}{
		{"start", func(s *Story) { s.Balances["buyer"] = "1" }, "before the first step: balance of buyer: got 1, want"},
		{"answer", func(s *Story) { s.Steps[index(s, "fund", ok)].Want.Answer = "Paused" }, "fund by buyer): answer: got Paused, want ok"},
		{"refused", func(s *Story) {
			s.Steps[index(s, "collect", func(w Want) bool { return w.Answer == "TransferFailed" })].Want.Answer = OK
		}, "answer: got ok, want TransferFailed"},
		{"returns", func(s *Story) { s.Steps[index(s, "collect", ok)].Want.Returns = "21" }, `returns:` + "\n" + ` got "21"`},
		{"view", func(s *Story) { s.Steps[index(s, "owed", ok)].Want.Returns.(map[string]any)["fees"] = "7" }, `returns:`},
		{"event more", func(s *Story) {
			w := &s.Steps[index(s, "fund", ok)].Want
			w.Events = append(w.Events, []any{"ended", "0", "0"})
		}, `event 1: got ["ended","0","0"], want no more events`},
		{"event less", func(s *Story) { s.Steps[index(s, "fund", ok)].Want.Events = nil }, "event 0: got no more events, want"},
		{"event other", func(s *Story) { s.Steps[index(s, "fund", ok)].Want.Events[0][1] = json.Number("3") }, "event 0:\n got"},
		{"balance", func(s *Story) { s.Steps[index(s, "release", ok)].Want.Balances["seller"] = "8" }, "balance of seller: got 8, want"},
		{"balance of one not named", func(s *Story) { s.Steps[index(s, "open", ok)].Want.Balances["arb2"] = "8" }, "balance of arb2: got 8, want 0"},
		{"owed", func(s *Story) { s.Steps[index(s, "fund", ok)].Want.Owed.Fees = "1" }, "owed: got {Total:"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			spoilt := find()
			tt.spoil(spoilt)
			err := Run(&told{story: spoilt}, find())
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), name+": ") {
				t.Errorf("got %v\nwant an error of %s with %q", err, name, tt.want)
			}
		})
	}
	if err := Run(&told{story: find(), fail: errors.New("lost")}, find()); err == nil || !strings.Contains(err.Error(), "lost") {
		t.Errorf("a driver's own error: got %v", err)
	}
}

func TestValues(t *testing.T) {
	h, _ := hashNamed("hash:proof")
	got, err := canonical([]any{uint32(7), uint64(8), 9, Amount("-5"), h, [32]byte{}, nil, true, map[string]any{"a": []any{}}})
	if err != nil {
		t.Fatal(err)
	}
	var written any
	text := `[7, "+8", 9, "-5", "hash:proof", "zero", null, true, {"a": []}]`
	if err := strict([]byte(text), &written); err != nil {
		t.Fatal(err)
	}
	want, err := expected(written, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !same(got, want) {
		t.Errorf("got %s, want %s", show(got), show(want))
	}
	// The SHA-256 of "abc" (FIPS 180-2, appendix B.1): the Rust reader must find the same.
	if abc, _ := hashNamed("hash:abc"); hex.EncodeToString(abc[:]) != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("hash:abc: got %x", abc)
	}
	if _, err := canonical([]any{3.5}); err == nil {
		t.Error("a float was taken for a value")
	}
}
