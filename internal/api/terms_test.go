package api

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
)

// TestCheckTermsFindsWhatTheContractFinds holds checkTerms, which names every bad field, against Validate, which stops at the first as the contract does.
func TestCheckTermsFindsWhatTheContractFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		self := escrow.Address(contractAddress("escrow").String())
		names := []escrow.Address{self, escrow.Address(contractAddress("usdc").String())}
		for _, n := range []string{"buyer", "seller", "arb1", "arb2", "arb3", "jud1", "stranger", "admin"} {
			names = append(names, escrow.Address(address(n)))
		}
		someone := func(label string, usual int) escrow.Address {
			if rapid.IntRange(0, 9).Draw(t, label+" odd") == 0 {
				return rapid.SampledFrom(names).Draw(t, label)
			}
			return names[usual]
		}
		around := func(label string, good uint64, edges ...uint64) uint64 {
			if rapid.IntRange(0, 5).Draw(t, label+" odd") > 0 {
				return good
			}
			edge := rapid.SampledFrom(append(edges, 0, 1<<64-1)).Draw(t, label)
			return edge + uint64(rapid.IntRange(-1, 1).Draw(t, label+" by"))
		}
		money := func(label string, good int64) amount.Int128 {
			if rapid.IntRange(0, 5).Draw(t, label+" odd") > 0 {
				return amount.Int(good)
			}
			return rapid.SampledFrom([]amount.Int128{{}, amount.Int(-1), amount.Int(1), amount.Int(good + 1), amount.MaxStroops.Int128(), amount.MaxInt128()}).Draw(t, label)
		}
		l := modelLimits
		now := uint64(modelStart)
		terms := escrow.Terms{
			Buyer: someone("buyer", 2), Seller: someone("seller", 3), Asset: someone("asset", 1),
			FundBy:     around("fund_by", now+10_000, now),
			Inspection: around("inspection", 5000, l.InspectionMin, l.InspectionMax),
			Windows: escrow.Windows{Offers: around("offers", 5000, l.OffersMin, l.OffersMax), Ruling: around("ruling", 5000, l.RulingMin, l.RulingMax),
				Appeal: around("appeal", 5000, l.AppealMin, l.AppealMax)},
			Bond: money("bond", 100), ArbitrationFee: money("fee", 50),
			FallbackPpm: uint32(around("ppm", 1000, 1_000_000)), FeeBps: uint32(around("bps", 100, 100)),
		}
		for i := range rapid.SampledFrom([]int{1, 1, 2, 3, 0, 20, 21}).Draw(t, "milestones") {
			terms.Milestones = append(terms.Milestones, escrow.Milestone{
				Amount: money("amount", int64(1000+i)), DeliverBy: around("deliver_by", now+50_000, now+10_000+l.MinDelivery, now+l.LongestLife-30_000),
			})
		}
		panel := func(label string, first int) escrow.Panel {
			n := rapid.SampledFrom([]int{3, 1, 0, 2, 5}).Draw(t, label)
			p := escrow.Panel{Quorum: uint32(n/2 + 1)}
			for i := range n {
				p.Arbitrators = append(p.Arbitrators, someone(label, min(first+i, len(names)-1)))
			}
			if n == 0 {
				p.Quorum = 0
			}
			if rapid.IntRange(0, 5).Draw(t, label+" quorum odd") == 0 {
				p.Quorum = rapid.Uint32Range(0, 5).Draw(t, label+" quorum")
			}
			return p
		}
		terms.Panel, terms.AppealPanel = panel("panel", 4), panel("appeal", 7)

		config := escrow.Config{FeeBps: 100, Limits: l}
		found := checkTerms(&terms, "t", self, &config, now, unit{relay.Asset{Decimals: 7}}, func(string) bool { return false })
		var first *escrow.Refusal
		if !errors.As(terms.Validate(self, &config, now), &first) {
			if len(found) > 0 {
				t.Fatalf("the contract takes these terms, checkTerms says %+v", found)
			}
			return
		}
		if !slices.ContainsFunc(found, func(f FieldError) bool { return f.Code == first.Code.String() }) {
			t.Fatalf("the contract says %s (%s), checkTerms %+v", first.Code, first.Why, found)
		}
	})
}
