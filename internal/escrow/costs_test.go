package escrow

import (
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// TestHearingsAreShared has every sum worked out by hand from the page. L is 10,000 unless parts say otherwise, the fee 300, both panels three seats: 100 a vote. Pairs are
// buyer, seller; counts first panel, appeal panel.
func TestHearingsAreShared(t *testing.T) {
	type pair = [2]int64
	buyerAppeals, sellerAppeals := Buyer, Seller
	for _, tc := range []struct {
		name         string
		ppm, first   uint32
		appealBy     *Role
		parts        pair // 0, 0: from ppm
		fee          int64
		seats, votes [2]int
		aside, bonds pair
		paid, back   pair
		bondsLeft    pair
		partsLeft    pair
		vote, appeal int64
		remainder    int64
	}{
		{name: "three votes, 60 % to the seller", // 300 × 6000/10000 = 180
			ppm: 600_000, votes: [2]int{3, 0}, aside: pair{300, 0}, bonds: pair{700, 1000},
			paid: pair{180, 120}, back: pair{120, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{4000, 5880}, vote: 100},
		{name: "an empty seat costs nothing", // 200 × 6000/10000 = 120
			ppm: 600_000, votes: [2]int{2, 0}, aside: pair{300, 0}, bonds: pair{700, 1000},
			paid: pair{120, 80}, back: pair{180, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{4000, 5920}, vote: 100},
		{name: "nobody voted",
			ppm: 500_000, aside: pair{300, 0}, bonds: pair{700, 1000},
			back: pair{300, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{5000, 5000}},
		{name: "no fee, votes for nothing",
			ppm: 500_000, fee: -1, votes: [2]int{3, 0}, bonds: pair{5, 5},
			bondsLeft: pair{5, 5}, partsLeft: pair{5000, 5000}},
		{name: "a fee below the panel's size pays nobody", // floor(2/3) = 0
			ppm: 500_000, fee: 2, votes: [2]int{3, 0}, aside: pair{0, 2}, bonds: pair{2, 0},
			back: pair{0, 2}, bondsLeft: pair{2, 0}, partsLeft: pair{5000, 5000}},
		{name: "the buyer's part of the costs down, the seller's is the rest", // 33 each, 99 × 3333/10000 = 32.99
			ppm: 333_300, fee: 100, votes: [2]int{3, 0}, aside: pair{0, 100}, bonds: pair{100, 0},
			paid: pair{32, 67}, back: pair{0, 33}, bondsLeft: pair{100, 0}, partsLeft: pair{6635, 3333}, vote: 33},
		{name: "all to the seller: the buyer pays all",
			ppm: 1_000_000, votes: [2]int{3, 0}, aside: pair{0, 300}, bonds: pair{1000, 700},
			paid: pair{300, 0}, back: pair{0, 300}, bondsLeft: pair{700, 700}, partsLeft: pair{0, 10_000}, vote: 100},
		{name: "a part before a bond", // buyer owes 300 × 6000/10000 = 180 of its part, whose bond would not do; seller 120 aside
			ppm: 600_000, votes: [2]int{3, 0}, aside: pair{0, 300}, bonds: pair{50, 0},
			paid: pair{180, 120}, back: pair{0, 180}, bondsLeft: pair{50, 0}, partsLeft: pair{3820, 6000}, vote: 100},
		{name: "aside, then part, then bond", // buyer owes 300 × 150/250 = 180: 30 aside, the part's 100, 50 of the bond; seller 120 aside
			ppm: 600_000, parts: pair{100, 150}, votes: [2]int{3, 0}, aside: pair{30, 300}, bonds: pair{80, 0},
			paid: pair{180, 120}, back: pair{0, 180}, bondsLeft: pair{30, 0}, partsLeft: pair{0, 150}, vote: 100},
		{name: "a broke seller: what the other set aside covers it",
			ppm: 0, votes: [2]int{3, 0}, aside: pair{300, 0},
			paid: pair{300, 0}, partsLeft: pair{10_000, 0}, vote: 100},
		{name: "a broke buyer: the same the other way",
			ppm: 1_000_000, votes: [2]int{3, 0}, aside: pair{0, 300},
			paid: pair{0, 300}, partsLeft: pair{0, 10_000}, vote: 100},
		{name: "a nearly broke seller gives all it has first", // buyer owes 300 × 50/10000 = 1; seller 299: part 50, bond 100, 149 of the buyer's aside
			ppm: 5000, votes: [2]int{3, 0}, aside: pair{300, 0}, bonds: pair{0, 100},
			paid: pair{150, 150}, back: pair{150, 0}, partsLeft: pair{9950, 0}, vote: 100},

		{name: "the seller appeals and gains 50,000: the buyer pays the second panel", // shared 300 × 4500/10000 = 135
			ppm: 450_000, first: 400_000, appealBy: &sellerAppeals, votes: [2]int{3, 3}, aside: pair{300, 300}, bonds: pair{700, 1000},
			paid: pair{435, 165}, back: pair{0, 135}, bondsLeft: pair{700, 1000}, partsLeft: pair{5365, 4500}, vote: 100, appeal: 100},
		{name: "the seller appeals and gains 49,999: it pays", // S = 4499, shared 300 × 4499/10000 = 134
			ppm: 449_999, first: 400_000, appealBy: &sellerAppeals, votes: [2]int{3, 3}, aside: pair{300, 300}, bonds: pair{700, 1000},
			paid: pair{134, 466}, back: pair{166, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{5501, 4333}, vote: 100, appeal: 100},
		{name: "the buyer appeals and gains 50,000: the seller pays", // shared 300 × 5500/10000 = 165
			ppm: 550_000, first: 600_000, appealBy: &buyerAppeals, votes: [2]int{3, 3}, aside: pair{600, 0}, bonds: pair{700, 1000},
			paid: pair{165, 435}, back: pair{435, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{4500, 5065}, vote: 100, appeal: 100},
		{name: "the buyer appeals and gains 49,999: it pays", // S = floor(5500.01)
			ppm: 550_001, first: 600_000, appealBy: &buyerAppeals, votes: [2]int{3, 3}, aside: pair{600, 0}, bonds: pair{700, 1000},
			paid: pair{465, 135}, back: pair{135, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{4500, 5365}, vote: 100, appeal: 100},
		{name: "the buyer appeals and loses more: it pays", // shared 300 × 9000/10000 = 270
			ppm: 900_000, first: 500_000, appealBy: &buyerAppeals, votes: [2]int{3, 2}, aside: pair{600, 0}, bonds: pair{700, 1000},
			paid: pair{470, 30}, back: pair{130, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{1000, 8970}, vote: 100, appeal: 100},
		{name: "the seller appeals and loses more: it pays",
			ppm: 0, first: 500_000, appealBy: &sellerAppeals, votes: [2]int{2, 1}, aside: pair{300, 300}, bonds: pair{0, 0},
			paid: pair{0, 300}, back: pair{300, 0}, partsLeft: pair{10_000, 0}, vote: 100, appeal: 100},
		{name: "who wins the appeal is paid for, even by the other's aside", // seller owes 300 + 300, has nothing but S = 0
			ppm: 0, first: 1_000_000, appealBy: &buyerAppeals, votes: [2]int{3, 3}, aside: pair{600, 0},
			paid: pair{600, 0}, partsLeft: pair{10_000, 0}, vote: 100, appeal: 100},
		{name: "panels of other sizes", // 300 and 60 each; shared 300 × 5000/10000 = 150; the buyer appealed for nothing
			ppm: 500_000, first: 500_000, appealBy: &buyerAppeals, seats: [2]int{1, 5}, votes: [2]int{1, 4}, aside: pair{300, 300}, bonds: pair{1000, 1000},
			paid: pair{390, 150}, back: pair{0, 150}, bondsLeft: pair{1000, 1000}, partsLeft: pair{4910, 5000}, vote: 300, appeal: 60},

		{name: "the clock called the second panel: both share it", // 400 × 5000/10000 = 200
			ppm: 500_000, votes: [2]int{1, 3}, aside: pair{300, 0}, bonds: pair{700, 1000},
			paid: pair{200, 200}, back: pair{100, 0}, bondsLeft: pair{700, 1000}, partsLeft: pair{5000, 4800}, vote: 100, appeal: 100},
		{name: "the clock called it and both are broke: appeal votes get less, all alike", // 300 aside for 400: 200 for three, 2 over
			ppm: 0, votes: [2]int{1, 3}, aside: pair{300, 0},
			paid: pair{298, 0}, partsLeft: pair{10_000, 0}, vote: 100, appeal: 66, remainder: 2},
		{name: "the same, paid by the seller for the buyer", // what no vote can get is the buyer's, so it paid less than nothing
			ppm: 1_000_000, votes: [2]int{1, 3}, aside: pair{0, 300},
			paid: pair{-2, 300}, partsLeft: pair{0, 10_000}, vote: 100, appeal: 66, remainder: 2},
		{name: "nearly: the last of a bond makes it whole",
			ppm: 0, votes: [2]int{1, 3}, aside: pair{300, 0}, bonds: pair{0, 100},
			paid: pair{300, 100}, partsLeft: pair{10_000, 0}, vote: 100, appeal: 100},
		{name: "one short of it", // 399 of 400: 100 to the first, 299 for three, 2 over
			ppm: 0, votes: [2]int{1, 3}, aside: pair{300, 0}, bonds: pair{0, 99},
			paid: pair{298, 99}, partsLeft: pair{10_000, 0}, vote: 100, appeal: 99, remainder: 2},
		{name: "no first vote: one fee is enough for the second panel",
			ppm: 0, votes: [2]int{0, 3}, aside: pair{300, 0},
			paid: pair{300, 0}, partsLeft: pair{10_000, 0}, appeal: 100},
		{name: "a smaller second panel costs more a vote and falls short too", // 300 - 100 = 200 for one vote of 300
			ppm: 0, seats: [2]int{3, 1}, votes: [2]int{1, 1}, aside: pair{300, 0},
			paid: pair{300, 0}, partsLeft: pair{10_000, 0}, vote: 100, appeal: 200},
		{name: "the smallest part", // L = 1, S = 0
			ppm: 999_999, parts: pair{1, 0}, votes: [2]int{3, 0}, aside: pair{300, 0}, bonds: pair{0, 300},
			paid: pair{0, 300}, back: pair{300, 0}, partsLeft: pair{1, 0}, vote: 100},
		{name: "sums above 2^63", // the buyer owes both hearings, 2 × 3 × floor(2^62/3) = 2^63 - 2
			ppm: 1_000_000, first: 1_000_000, appealBy: &buyerAppeals, fee: 1 << 62, votes: [2]int{3, 3}, aside: pair{1 << 62, 1 << 62}, bonds: pair{1 << 62, 0},
			paid: pair{9223372036854775806, 0}, back: pair{0, 1 << 62}, partsLeft: pair{0, 10_000},
			bondsLeft: pair{2, 0}, vote: 1537228672809129301, appeal: 1537228672809129301},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.parts == (pair{}) {
				seller := 10_000 * int64(tc.ppm) / 1_000_000
				tc.parts = pair{10_000 - seller, seller}
			}
			switch tc.fee {
			case 0:
				tc.fee = 300
			case -1:
				tc.fee = 0
			}
			if tc.seats == ([2]int{}) {
				tc.seats = [2]int{3, 3}
			}
			wide := func(p pair) [2]amount.Int128 { return [2]amount.Int128{amount.Int(p[0]), amount.Int(p[1])} }
			h := hearings{
				parts: wide(tc.parts), outcomePpm: tc.ppm, firstPpm: tc.first, appealBy: tc.appealBy, fee: amount.Int(tc.fee),
				seats: tc.seats, votes: tc.votes, aside: wide(tc.aside), bonds: wide(tc.bonds),
			}
			want := bill{
				paid: wide(tc.paid), aside: wide(tc.back), bonds: wide(tc.bondsLeft), parts: wide(tc.partsLeft),
				vote: amount.Int(tc.vote), appealVote: amount.Int(tc.appeal), remainder: amount.Int(tc.remainder),
			}
			if got := h.pay(); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func (b bill) String() string {
	pair := func(p [2]amount.Int128) string { return p[Buyer].Units() + "/" + p[Seller].Units() }
	return "paid " + pair(b.paid) + ", aside left " + pair(b.aside) + ", bonds left " + pair(b.bonds) + ", parts left " + pair(b.parts) +
		", vote " + b.vote.Units() + ", appeal vote " + b.appealVote.Units() + ", remainder " + b.remainder.Units()
}

func TestMedian(t *testing.T) {
	for _, tc := range []struct {
		votes []uint32
		want  uint32
	}{
		{[]uint32{7}, 7},
		{[]uint32{1, 2}, 1},
		{[]uint32{1_000_000, 0}, 500_000},
		{[]uint32{1_000_000, 1_000_000}, 1_000_000},
		{[]uint32{9, 1, 5}, 5},
		{[]uint32{4, 1, 3, 2}, 2},
		{[]uint32{0, 1_000_000, 999_999, 0}, 499_999},
		{[]uint32{7, 6, 5, 4, 3, 2, 1}, 4},
	} {
		before := append([]uint32(nil), tc.votes...)
		if got := median(tc.votes); got != tc.want {
			t.Errorf("median(%v) = %d, want %d", tc.votes, got, tc.want)
		}
		for i := range before {
			if tc.votes[i] != before[i] {
				t.Errorf("median sorted the votes where they stand: %v", tc.votes)
			}
		}
	}
}
