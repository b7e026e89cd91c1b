package lockstep

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// newPlan draws what a world begins with. Its trades, and what is done in it, are drawn while it goes on (picker).
func newPlan(seed uint64, steps int) *plan {
	r := rand.New(rand.NewPCG(seed, 1))
	p := &plan{
		seed: seed, feeBps: pick(r, uint32(100), 100, 1, 0), purse: amount.Int(pick(r, int64(1_000_000), 30_000, 1<<60, 1<<60)),
		short: seed%4 == 3, byProof: seed%4 == 2, terms: map[string]vectors.Terms{}, duration: steps,
	}
	return p
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func units(n int64) vectors.Amount { return vectors.Amount(strconv.FormatInt(n, 10)) }

// draw makes terms that open takes from a second on, unless the fee changes before.
func (p *plan) draw(r *rand.Rand, name string, from int64) vectors.Terms {
	who := slices.Clone(traders)
	r.Shuffle(len(who), func(i, j int) { who[i], who[j] = who[j], who[i] })
	wait := func() uint64 {
		if p.short {
			return pick(r, uint64(20), 40, 700, 3000)
		}
		return pick(r, uint64(9), 30, 60, 120, 500)
	}
	t := vectors.Terms{
		Buyer: who[0], Seller: who[1], Asset: pick(r, vectors.Token, vectors.Token, coin), FundBy: vectors.Time(from) + 8 + vectors.Time(wait()), Inspection: wait(),
		Windows:     vectors.Windows{Offers: pick(r, uint64(1), 5, 10, wait()), Ruling: pick(r, uint64(9), 20, wait()), Appeal: pick(r, uint64(5), 20, wait())},
		FallbackPpm: pick(r, uint32(500_000), 333_333, 0, 1, 1_000_000), FeeBps: p.feeBps, TermsHash: hashOf("terms"), Salt: hashOf("salt-" + name),
	}
	scale := pick(r, int64(20_000), 20_000, 500, 3)
	if p.purse == amount.Int(1<<60) { // a part in a million counts
		scale = pick(r, int64(1)<<40, 1<<40, 1<<58, scale)
	} else if p.purse != amount.Int(1_000_000) && r.IntN(4) == 0 {
		scale = 1 << 58
	}
	for i := range pick(r, 1, 1, 1, 2, 3) {
		t.Milestones = append(t.Milestones, vectors.Milestone{
			Amount: units(1 + r.Int64N(scale)), DeliverBy: t.FundBy + vectors.Time(wait()), Description: hashOf(fmt.Sprintf("milestone-%d", i)),
		})
	}
	bond := pick(r, 0, r.Int64N(scale), r.Int64N(scale), scale/2)
	t.Bond, t.ArbitrationFee = units(bond), units(pick(r, bond, bond/2, bond/3))
	t.Panel = panelOf(r, panelist, 3, 3, 1, 5, 0)
	if len(t.Panel.Arbitrators) > 0 {
		t.AppealPanel = panelOf(r, judges, 3, 1, 1, 0)
	}
	return t
}

func panelOf(r *rand.Rand, from []string, sizes ...int) vectors.Panel {
	n := pick(r, sizes...)
	if n == 0 {
		return vectors.Panel{Arbitrators: []string{}}
	}
	people := slices.Clone(from)
	r.Shuffle(len(people), func(i, j int) { people[i], people[j] = people[j], people[i] })
	return vectors.Panel{Arbitrators: people[:n], Quorum: uint32(n/2 + 1 + r.IntN(n-n/2))}
}

// spoil breaks terms in one place, mostly so that open refuses them.
func spoil(r *rand.Rand, t *vectors.Terms) {
	switch r.IntN(16) {
	case 0:
		t.Milestones = nil
	case 1:
		t.Milestones = slices.Repeat(t.Milestones[:1], 21)
	case 2:
		t.Milestones[0].Amount = pick(r, units(0), units(-1))
	case 3:
		t.Bond = "-1"
	case 4:
		t.ArbitrationFee = pick(r, units(-1), vectors.Amount(amount.MaxInt128().Units()))
	case 5:
		t.Milestones[0].Amount = pick(r, units(1<<63-1), vectors.Amount(amount.MaxInt128().Units()))
	case 6:
		t.Panel.Arbitrators = slices.Clone(panelist[:2+2*r.IntN(2)])
	case 7:
		t.Panel.Quorum = pick(r, uint32(0), 1, 7, 1<<31)
	case 8:
		t.Panel, t.AppealPanel = vectors.Panel{Arbitrators: []string{}}, vectors.Panel{Arbitrators: slices.Clone(judges[:1]), Quorum: 1}
	case 9:
		t.Seller = pick(r, t.Buyer, vectors.Contract, t.Asset, panelist[0])
	case 10:
		t.FallbackPpm = 1_000_001
	case 11:
		t.FeeBps++
	case 12:
		t.FundBy = pick(r, vectors.Time(-1), 0, 3)
	case 13:
		t.Milestones[0].DeliverBy = t.FundBy + vectors.Time(r.IntN(2))
	case 14:
		type window struct {
			is          *uint64
			least, most uint64
		}
		l := limits()
		w := pick(r, window{&t.Inspection, l.InspectionMin, l.InspectionMax}, window{&t.Windows.Offers, l.OffersMin, l.OffersMax},
			window{&t.Windows.Ruling, l.RulingMin, l.RulingMax}, window{&t.Windows.Appeal, l.AppealMin, l.AppealMax})
		*w.is = pick(r, w.least-1, w.least, w.most, w.most+1)
	case 15:
		t.Milestones[0].DeliverBy = vectors.Time(10_000_001) // nobody waits for a last deadline that far away
	}
}
