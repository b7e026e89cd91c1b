package escrow_test

import (
	"encoding/json"
	"io/fs"
	"math/big"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
)

const (
	// longestStory bounds what is replayed: several times the longest story there is.
	longestStory = 128 << 10
	// replayedWithin bounds one replay. A loaded machine takes a hundredth of it for the longest.
	replayedWithin = 20 * time.Second
)

// mostMoney is what an actor may start with or be given: the stories' token holds any i128, and sums of larger ones would leave that.
var mostMoney = new(big.Int).Lsh(big.NewInt(1), 100)

// FuzzStories: whatever parses as a story, the model replays to its end or to the first step that differs from what it tells. Nothing that a story can say
// makes the rules fail in another way.
func FuzzStories(f *testing.F) {
	for _, text := range storyTexts(f) {
		f.Add(text, []byte{7, 0, 120, 3})
	}
	f.Fuzz(func(t *testing.T, text, edits []byte) {
		if len(text) <= longestStory {
			replay(t, edited(text, edits))
		}
	})
}

// TestEditedStories is FuzzStories' slice in every run of the tests. Enough of what is edited has to be a story still, or it shows nothing.
func TestEditedStories(t *testing.T) {
	const times, least = 4, 150
	r := rand.New(rand.NewPCG(1, 6))
	tried, replayed := 0, 0
	for _, text := range storyTexts(t) {
		for range times {
			edits := make([]byte, 4*(1+r.IntN(3)))
			for i := range edits {
				edits[i] = byte(r.Uint32())
			}
			tried++
			if replay(t, edited(text, edits)) {
				replayed++
			}
		}
	}
	if replayed < least {
		t.Errorf("of %d edited stories %d are stories: too few to show anything", tried, replayed)
	}
	t.Logf("%d of %d edited stories replayed", replayed, tried)
}

func storyTexts(t testing.TB) (all [][]byte) {
	t.Helper()
	dir := os.DirFS("../../contract/vectors/stories")
	names, err := fs.Glob(dir, "*/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

// replay runs a text, if it is a story, and looks at what is left behind.
func replay(t *testing.T, text []byte) (isStory bool) {
	t.Helper()
	var head struct{ Name string }
	_ = json.Unmarshal(text, &head) // what has no name is no story
	s, err := vectors.Parse(head.Name, text)
	if err != nil || !affordable(s) {
		return false
	}
	began := time.Now()
	m := &model{}
	err = vectors.Run(m, s)
	if took := time.Since(began); took > replayedWithin {
		t.Errorf("%s: replayed in %v", s.Name, took)
	}
	if err != nil && !strings.HasPrefix(err.Error(), s.Name+": ") {
		t.Errorf("a difference that does not name its story: %v", err)
	}
	if m.contract != nil { // the platform that it names can be deployed
		checkBooks(t, m)
	}
	return true
}

// checkBooks: wherever a story ended, what is owed is what the trades hold and the fees.
func checkBooks(t *testing.T, m *model) {
	t.Helper()
	for asset, owed := range m.contract.Owed {
		sum := owed.Fees
		for id, trade := range m.contract.Trades {
			if m.Terms[m.Trade[id]].Asset == asset {
				sum = sum.Plus(trade.Holds())
			}
		}
		if owed.Total != sum || owed.Fees.Sign() < 0 {
			t.Errorf("%s: owed %s with fees of %s, trades and fees are %s", asset, owed.Total.Units(), owed.Fees.Units(), sum.Units())
		}
	}
}

// affordable tells whether the story's own token can add up what its actors hold.
func affordable(s *vectors.Story) bool {
	for _, x := range s.Balances {
		if x.Big().CmpAbs(mostMoney) > 0 {
			return false
		}
	}
	for _, st := range s.Steps {
		if st.World != nil && st.World.Amount.Big().CmpAbs(mostMoney) > 0 {
			return false
		}
	}
	return true
}
