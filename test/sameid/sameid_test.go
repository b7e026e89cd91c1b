package sameid

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
)

// Where a trade is.
var (
	passphrases = []string{"Public Global Stellar Network ; September 2015", "Test SDF Network ; September 2015", "n", "Ein Netz für π"}
	contracts   = []stellar.Address{{Contract: true}, {Contract: true, Key: [32]byte{1, 2, 3}}, {Contract: true, Key: [32]byte(bytes.Repeat([]byte{0xff}, 32))}}
)

func somewhere(t testing.TB, c *choices, raw []byte) question {
	t.Helper()
	network, err := stellar.NewNetwork(pick(c, passphrases...))
	if err != nil {
		t.Fatal(err)
	}
	return question{network: network, contract: pick(c, contracts...), raw: raw}
}

// alike asks all, and finds whether they take the bytes for terms. What they take, they write anew in the same bytes, and give it one id.
func alike(t testing.TB, all []reader, q question) (taken bool) {
	t.Helper()
	var first verdict
	for i, r := range all {
		v, err := r.read(q)
		if err != nil {
			t.Fatalf("%v\nabout %s", err, shown(q.raw))
		}
		if i == 0 {
			first = v
		}
		if v.taken != first.taken {
			t.Errorf("%s takes it for terms: %v (%s); %s: %v (%s)\n%s", all[0].name(), first.taken, first.why, r.name(), v.taken, v.why, shown(q.raw))
			continue
		}
		if v.id != first.id {
			t.Errorf("the id is %x for %s, %x for %s\n%s", first.id, all[0].name(), v.id, r.name(), shown(q.raw))
		}
		if v.taken && !bytes.Equal(v.again, q.raw) {
			t.Errorf("%s writes the terms anew as\n%s\nthey were\n%s", r.name(), shown(v.again), shown(q.raw))
		}
	}
	return first.taken
}

// shown is enough of the bytes to see what they are. The fuzzer keeps the whole.
func shown(raw []byte) string {
	const most = 200
	if len(raw) <= most {
		return hex.EncodeToString(raw)
	}
	return fmt.Sprintf("%x… (%d bytes)", raw[:most], len(raw))
}

// drawn makes bytes that may be terms of a plan: terms, up to two changes of what they say, and up to two of the bytes.
func drawn(t testing.TB, plan []byte) (q question, changed bool) {
	t.Helper()
	c := &choices{left: plan}
	values, raws := max(0, c.of(5)-2), max(0, c.of(6)-3)
	q = somewhere(t, c, nil)
	terms, err := stellar.EncodeTerms(c.terms())
	if err != nil {
		t.Fatalf("drawn terms cannot be written: %v", err)
	}
	for range values {
		c.spoil(&terms)
	}
	if q.raw, err = terms.MarshalBinary(); err != nil {
		q.raw = nil // no XDR says this, a name too long for instance
	}
	for range raws {
		q.raw = c.spoilBytes(q.raw)
	}
	return q, values+raws > 0
}

// FuzzTermsID: whatever is called terms, by a plan that is drawn from or as the bytes themselves, is terms for all or for none, and one trade.
func FuzzTermsID(f *testing.F) {
	for _, c := range hostile(f) {
		f.Add(false, c.raw)
	}
	for _, raw := range storyTerms(f) {
		f.Add(false, raw)
	}
	for seed := range uint64(8) {
		f.Add(true, plan(seed))
	}
	all := readers(f)
	f.Fuzz(func(t *testing.T, draw bool, data []byte) {
		if draw {
			q, changed := drawn(t, data)
			if taken := alike(t, all, q); !taken && !changed {
				t.Errorf("terms as they should be are refused: %s", shown(q.raw))
			}
			return
		}
		if len(data) <= stellar.MaxXDR {
			alike(t, all, somewhere(t, &choices{}, data))
		}
	})
}

// storyTerms are the terms of all stories, each once. Who is called what has a key of that name.
func storyTerms(t testing.TB) (all [][]byte) {
	t.Helper()
	list, err := vectors.Load()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range list {
		names := stories.NewNames(1_800_000_000, func(t escrow.Terms) (escrow.ID, error) { return escrow.ID{}, nil }) // nobody asks for an id here
		for _, name := range append(s.Actors, vectors.Contract, vectors.Token) {
			a := stellar.Address{Contract: name == vectors.Contract || name == vectors.Token, Key: sha256.Sum256([]byte(name))}
			names.Called(name, escrow.Address(a.String()))
		}
		for name, terms := range s.Terms {
			if err := names.Open(name, terms); err != nil {
				t.Fatal(err)
			}
			v, err := stellar.EncodeTerms(names.Terms[name])
			if err != nil {
				t.Fatalf("%s: %v", s.Name, err)
			}
			raw, err := v.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			if !known[string(raw)] {
				known[string(raw)] = true
				all = append(all, raw)
			}
		}
	}
	return all
}

// plan is bytes to draw from, the same each time.
func plan(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 14))
	bytes := make([]byte, 2500)
	for i := range bytes {
		bytes[i] = byte(r.Uint32())
	}
	return bytes
}

// TestTermsID is FuzzTermsID's slice in every run of the tests. It must see enough of either kind: terms, and what looks like them.
func TestTermsID(t *testing.T) {
	const plans, least = 600, 100
	all := readers(t)
	var taken, refused int
	for seed := range uint64(plans) {
		q, changed := drawn(t, plan(1000+seed))
		switch is := alike(t, all, q); {
		case is:
			taken++
		case changed:
			refused++
		default:
			t.Errorf("plan %d: terms as they should be are refused: %s", seed, shown(q.raw))
		}
		if t.Failed() {
			return
		}
	}
	if taken < least || refused < least {
		t.Errorf("of %d plans %d were terms and %d were not: this shows nothing", plans, taken, refused)
	}
	t.Logf("%d terms with one id each, %d refused by all", taken, refused)
}
