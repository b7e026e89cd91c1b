package api

import (
	"errors"
	"fmt"
	"math"
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
		// One or two fields are odd: with more, the first hides the others.
		var odd []string
		for range rapid.IntRange(0, 2).Draw(t, "odd fields") {
			odd = append(odd, rapid.SampledFrom([]string{"buyer", "seller", "asset", "fund_by", "inspection", "offers", "ruling", "appeal", "bond", "fee", "ppm", "bps",
				"milestones", "amount", "deliver_by", "panel", "panel size", "panel quorum", "appeal panel", "appeal panel size", "appeal panel quorum"}).Draw(t, "odd"))
		}
		isOdd := func(label string) bool { return slices.Contains(odd, label) }
		someone := func(label string, usual int) escrow.Address {
			if isOdd(label) {
				return rapid.SampledFrom(names).Draw(t, label)
			}
			return names[usual]
		}
		around := func(label string, good uint64, edges ...uint64) uint64 {
			if !isOdd(label) {
				return good
			}
			edge := rapid.SampledFrom(append(edges, 0, 1<<64-1)).Draw(t, label)
			return edge + uint64(rapid.IntRange(-1, 1).Draw(t, label+" by"))
		}
		money := func(label string, good int64) amount.Int128 {
			if !isOdd(label) {
				return amount.Int(good)
			}
			return rapid.SampledFrom([]amount.Int128{{}, amount.Int(-1), amount.Int(1), amount.Int(50), amount.Int(101), amount.MaxStroops.Int128(), amount.MaxInt128()}).Draw(t, label)
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
		milestones := 2
		if isOdd("milestones") {
			milestones = rapid.SampledFrom([]int{0, 1, 20, 21}).Draw(t, "milestones")
		}
		for i := range milestones {
			terms.Milestones = append(terms.Milestones, escrow.Milestone{
				Amount: money("amount", int64(1000+i)), DeliverBy: around("deliver_by", now+50_000, now+10_000+l.MinDelivery, now+l.LongestLife-30_000),
			})
		}
		panel := func(label string, first, size int) escrow.Panel {
			if isOdd(label + " size") {
				size = rapid.IntRange(0, 5).Draw(t, label+" size")
			}
			p := escrow.Panel{Quorum: uint32((size + 1) / 2)}
			for i := range size {
				p.Arbitrators = append(p.Arbitrators, someone(label, min(first+i, len(names)-1)))
			}
			if isOdd(label + " quorum") {
				p.Quorum = rapid.Uint32Range(0, 5).Draw(t, label+" quorum")
			}
			return p
		}
		terms.Panel, terms.AppealPanel = panel("panel", 4, 3), panel("appeal panel", 7, 1)

		if why := disagree(&terms); why != "" {
			t.Fatal(why)
		}
	})
}

// disagree says how checkTerms and the model differ about terms; empty if they do not.
func disagree(terms *escrow.Terms) string {
	self := escrow.Address(contractAddress("escrow").String())
	config := escrow.Config{FeeBps: 100, Limits: modelLimits}
	found := checkTerms(terms, "t", self, &config, modelStart, unit{relay.Asset{Decimals: 7}}, func(string) bool { return false })
	var first *escrow.Refusal
	if !errors.As(terms.Validate(self, &config, modelStart), &first) {
		if len(found) > 0 {
			return fmt.Sprintf("the contract takes these terms, checkTerms says %+v", found)
		}
		return ""
	}
	if !slices.ContainsFunc(found, func(f FieldError) bool { return f.Code == first.Code.String() }) {
		return fmt.Sprintf("the contract says %s (%s), checkTerms %+v", first.Code, first.Why, found)
	}
	return ""
}

// TestCheckTermsAtEveryEdge tries each bound from both sides.
func TestCheckTermsAtEveryEdge(t *testing.T) {
	l := modelLimits
	good, unreadable, err := readTerms(ref(goodTerms()), "t", unit{relay.Asset{Decimals: 7}}, 100, &counting{})
	if err != nil || len(unreadable) > 0 {
		t.Fatal(err, unreadable)
	}
	if why := disagree(&good); why != "" {
		t.Fatal(why)
	}
	set := func(field func(*escrow.Terms) *uint64, edges ...uint64) {
		t.Helper()
		for _, edge := range edges {
			for _, value := range []uint64{edge - 1, edge, edge + 1} {
				terms := good
				terms.Milestones = slices.Clone(good.Milestones)
				*field(&terms) = value
				if why := disagree(&terms); why != "" {
					t.Errorf("%d: %s", value, why)
				}
			}
		}
	}
	set(func(t *escrow.Terms) *uint64 { return &t.Inspection }, l.InspectionMin, l.InspectionMax)
	set(func(t *escrow.Terms) *uint64 { return &t.Windows.Offers }, l.OffersMin, l.OffersMax)
	set(func(t *escrow.Terms) *uint64 { return &t.Windows.Ruling }, l.RulingMin, l.RulingMax)
	set(func(t *escrow.Terms) *uint64 { return &t.Windows.Appeal }, l.AppealMin, l.AppealMax)
	set(func(t *escrow.Terms) *uint64 { return &t.FundBy }, modelStart, good.Milestones[0].DeliverBy-l.MinDelivery, 1<<64-1)
	windows := good.LastDeadline() - good.Milestones[1].DeliverBy
	set(func(t *escrow.Terms) *uint64 { return &t.Milestones[0].DeliverBy }, good.FundBy+l.MinDelivery, modelStart+l.LongestLife-windows, 1<<64-1)
	for n := range 9 {
		for quorum := range uint32(9) {
			terms := good
			terms.Panel = escrow.Panel{Quorum: quorum}
			for i := range n {
				terms.Panel.Arbitrators = append(terms.Panel.Arbitrators, escrow.Address(address(fmt.Sprintf("seat %d", i))))
			}
			if why := disagree(&terms); why != "" {
				t.Errorf("%d of %d: %s", quorum, n, why)
			}
		}
	}
	for _, total := range []int64{math.MaxInt64 - 1, math.MaxInt64} {
		for bond := range int64(3) {
			terms := good
			terms.Milestones = []escrow.Milestone{good.Milestones[0]}
			terms.Milestones[0].Amount = amount.Int(total - 1)
			terms.Bond, terms.ArbitrationFee = amount.Int(bond), amount.Int(bond)
			if why := disagree(&terms); why != "" {
				t.Errorf("%d and %d: %s", total, bond, why)
			}
		}
	}
}

func ref[T any](v T) *T { return &v }
