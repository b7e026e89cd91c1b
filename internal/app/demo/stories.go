package demo

import (
	"context"
	"time"
)

const (
	day  = 24 * time.Hour
	usdc = 10_000_000 // stroops
)

// story is one trade with its people, and what everybody must have gained or lost at its end, in stroops. The sums are made by hand from
// the terms below: they are what the platform is checked against, so they use nothing of it.
type story struct {
	title  string
	play   func(ctx context.Context, p *player) error
	gained map[string]int64
	booked int64 // platform fees
}

var stories = []story{
	{
		title: "A happy trade: two milestones, the first one released in two parts",
		play:  happy,
		// The seller gets 250 + 350 + 400, less 0.5 % of each; both bonds go back.
		gained: map[string]int64{"buyer": -1000 * usdc, "seller": 1000*usdc - 5*usdc},
		booked: 5 * usdc,
	},
	{
		title: "A dispute: ruled 60 to 40 for the seller, appealed by the buyer, and changed to 40 to 60",
		play:  appealed,
		// Of 1,000 the seller's part is 400, the buyer's 600. Each hearing cost 15, five for each vote. The first one is paid in proportion to what
		// each side lost: 15 * 400/1000 = 6 by the buyer, 9 by the seller. The appeal moved the ruling by 20 % towards the buyer, so the seller pays
		// its 15. The seller's 24 come from its part, and its bond goes back whole: 376 less 0.5 %.
		gained: map[string]int64{
			"buyer": -400*usdc - 6*usdc, "seller": 376*usdc - 376*usdc/200,
			"arbitrator-1": 5 * usdc, "arbitrator-2": 5 * usdc, "arbitrator-3": 5 * usdc,
			"appeal-arbitrator-1": 5 * usdc, "appeal-arbitrator-2": 5 * usdc, "appeal-arbitrator-3": 5 * usdc,
		},
		booked: 376 * usdc / 200,
	},
	{
		title:  "A seller who never delivers: a stranger settles, and the buyer has it all back",
		play:   neverDelivered,
		gained: map[string]int64{},
	},
	{
		title:  "A frozen buyer: the refund is parked, and claimed when the buyer is free again",
		play:   frozen,
		gained: map[string]int64{},
	},
}

// terms are those of all stories; each changes what it is about.
func (p *player) terms(now time.Time, change map[string]any) map[string]any {
	t := map[string]any{
		"buyer": p.People["buyer"].Address(), "seller": p.People["seller"].Address(), "asset": p.USDC,
		"fund_by": stamp(now.Add(2 * day)), "inspection": seconds(3 * day), "fallback_ppm": 500_000,
		"windows":    map[string]any{"offers": seconds(2 * day), "ruling": seconds(5 * day), "appeal": seconds(3 * day)},
		"milestones": []map[string]any{{"amount": "1000", "deliver_by": stamp(now.Add(12 * day))}},
	}
	for k, v := range change {
		t[k] = v
	}
	return t
}

// asUsual changes nothing of the terms.
func asUsual(time.Time) map[string]any { return nil }

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func seconds(d time.Duration) int64 { return int64(d / time.Second) }

// step is one line of a story.
type step func() error

func inTurn(steps ...step) error {
	for _, s := range steps {
		if err := s(); err != nil {
			return err
		}
	}
	return nil
}

// funded opens a trade by the buyer, has the seller agree and the buyer pay.
func (p *player) funded(ctx context.Context, change func(now time.Time) map[string]any) (*trade, error) {
	now, err := p.Now()
	if err != nil {
		return nil, err
	}
	t, err := p.open(ctx, "buyer", p.terms(now, change(now)))
	if err != nil {
		return nil, err
	}
	return t, inTurn(
		func() error { return t.do(ctx, "seller", "accept", nil) },
		func() error { return t.do(ctx, "buyer", "fund", nil) },
	)
}

func happy(ctx context.Context, p *player) error {
	t, err := p.funded(ctx, func(now time.Time) map[string]any {
		return map[string]any{
			"bond": "20",
			"milestones": []map[string]any{
				{"amount": "600", "deliver_by": stamp(now.Add(7 * day))},
				{"amount": "400", "deliver_by": stamp(now.Add(14 * day))},
			},
		}
	})
	if err != nil {
		return err
	}
	return inTurn(
		func() error { return t.do(ctx, "seller", "deliver", map[string]any{"milestone": 0}) },
		func() error {
			return t.do(ctx, "buyer", "release", map[string]any{"milestone": 0, "amount": "250"})
		},
		func() error {
			return t.do(ctx, "buyer", "release", map[string]any{"milestone": 0, "amount": "350"})
		},
		func() error { return t.do(ctx, "seller", "deliver", map[string]any{"milestone": 1}) },
		func() error {
			return t.do(ctx, "buyer", "release", map[string]any{"milestone": 1, "amount": "400"})
		},
	)
}

func appealed(ctx context.Context, p *player) error {
	panel := func(names ...string) map[string]any {
		var seats []string
		for _, n := range names {
			seats = append(seats, p.People[n].Address())
		}
		return map[string]any{"arbitrators": seats}
	}
	t, err := p.funded(ctx, func(time.Time) map[string]any {
		return map[string]any{
			"bond": "30", "arbitration_fee": "15",
			"panel":        panel("arbitrator-1", "arbitrator-2", "arbitrator-3"),
			"appeal_panel": panel("appeal-arbitrator-1", "appeal-arbitrator-2", "appeal-arbitrator-3"),
		}
	})
	if err != nil {
		return err
	}
	vote := func(who string, ppm int) step {
		return func() error {
			return t.do(ctx, who, "rule", map[string]any{"by": who, "rulings": []map[string]any{{"milestone": 0, "seller_ppm": ppm}}})
		}
	}
	return inTurn(
		func() error { return t.do(ctx, "seller", "deliver", map[string]any{"milestone": 0}) },
		func() error {
			return t.do(ctx, "buyer", "dispute", map[string]any{"by": "buyer", "milestone": 0})
		},
		func() error { return p.pass(2*day, "nobody made an offer, the panel hears the dispute.") },
		vote("arbitrator-1", 550_000), vote("arbitrator-2", 600_000), vote("arbitrator-3", 900_000),
		func() error {
			return t.do(ctx, "buyer", "appeal", map[string]any{"by": "buyer", "milestone": 0})
		},
		vote("appeal-arbitrator-1", 300_000), vote("appeal-arbitrator-2", 400_000), vote("appeal-arbitrator-3", 450_000),
		func() error { return t.do(ctx, "stranger", "settle", nil) },
	)
}

func neverDelivered(ctx context.Context, p *player) error {
	t, err := p.funded(ctx, asUsual)
	if err != nil {
		return err
	}
	return inTurn(
		func() error { return p.pass(12*day, "the seller has not delivered in time.") },
		func() error { return t.do(ctx, "stranger", "settle", nil) },
	)
}

func frozen(ctx context.Context, p *player) error {
	t, err := p.funded(ctx, asUsual)
	if err != nil {
		return err
	}
	return inTurn(
		func() error { return p.freeze(ctx, "buyer", true) },
		func() error {
			return t.do(ctx, "seller", "refund", map[string]any{"milestone": 0, "amount": "1000"})
		},
		func() error { return t.parked(ctx) },
		func() error { return p.freeze(ctx, "buyer", false) },
		func() error { return t.do(ctx, "stranger", "claim", map[string]any{"role": "buyer"}) },
	)
}
