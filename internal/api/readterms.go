package api

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// fieldErrors collects what is wrong, each with the place of its field.
type fieldErrors []FieldError

func (f *fieldErrors) add(location, value, format string, args ...any) {
	*f = append(*f, FieldError{Location: location, Message: fmt.Sprintf(format, args...), Value: echo(value)})
}

// refuse adds what the contract would refuse too, by its name for it.
func (f *fieldErrors) refuse(code escrow.Code, location, value, format string, args ...any) {
	f.add(location, value, format, args...)
	(*f)[len(*f)-1].Code = code.String()
}

func (f *fieldErrors) address(location, text string) escrow.Address {
	a, err := stellar.ParseAddress(text)
	if err != nil {
		// The error repeats what was sent only if that is harmless: a secret key in the wrong place goes no further.
		f.add(location, "", "%v", err)
		return ""
	}
	return escrow.Address(a.String())
}

// hash reads 64 hex digits; empty text is zeros.
func (f *fieldErrors) hash(location, text string) (h escrow.Hash) {
	if text == "" {
		return h
	}
	if err := h.UnmarshalText([]byte(text)); err != nil {
		f.add(location, text, "not a SHA-256 in hex: 64 digits 0-9 a-f")
	}
	return h
}

func (f *fieldErrors) time(location string, text TimeIn) uint64 {
	t, err := parseTime(string(text))
	if err != nil {
		f.add(location, string(text), "%v", err)
	}
	return uint64(t)
}

// amount reads an amount of u; empty text is 0.
func (f *fieldErrors) amount(location, text string, u unit) amount.Int128 {
	if text == "" {
		return amount.Int128{}
	}
	a, err := u.parse(text)
	if secretKey.MatchString(text) {
		f.add(location, "", "not an amount: what was given looks like a secret key; if it is one, others may know it now")
		return a
	}
	if err != nil {
		f.add(location, "", "%v", err)
	}
	return a
}

// seconds reads a window; the contract takes any u64, JSON numbers are taken up to 2^63-1.
func (f *fieldErrors) seconds(location string, n int64) uint64 {
	if n < 0 {
		f.add(location, fmt.Sprint(n), "negative: give seconds")
		return 0
	}
	return uint64(n)
}

// u32 reads a count. What does not fit is named here; smaller limits are the rules'.
func (f *fieldErrors) u32(location string, n int64) uint32 {
	if n < 0 || n > math.MaxUint32 {
		f.add(location, fmt.Sprint(n), "not a number from 0 to %d", uint32(math.MaxUint32))
		return 0
	}
	return uint32(n)
}

// validFor reads for how long a prepared transaction is to be valid; nil stands for the usual time.
func (f *fieldErrors) validFor(seconds *int64) time.Duration {
	if seconds == nil {
		return defaultValid
	}
	low, high := int64(minValid.Seconds()), int64(maxValid.Seconds())
	if *seconds < low || *seconds > high {
		f.add("body.valid_for", fmt.Sprint(*seconds), "not from %d to %d seconds", low, high)
		return 0
	}
	return time.Duration(*seconds) * time.Second
}

// readTerms reads terms that a client wrote. at is where they stand in the body ("body.terms"); fee is the platform's fee, which stands in for one left out;
// rand makes the salt where there is none. It finds what cannot be read; what the rules refuse, checkTerms finds.
func readTerms(in *TermsIn, at string, u unit, fee uint32, rand io.Reader) (escrow.Terms, fieldErrors, error) {
	var f fieldErrors
	t := escrow.Terms{
		Buyer: f.address(at+".buyer", in.Buyer), Seller: f.address(at+".seller", in.Seller), Asset: escrow.Address(in.Asset),
		FundBy: f.time(at+".fund_by", in.FundBy), Inspection: f.seconds(at+".inspection", in.Inspection),
		FallbackPpm: f.u32(at+".fallback_ppm", in.FallbackPpm), FeeBps: fee,
		Bond: f.amount(at+".bond", in.Bond, u), ArbitrationFee: f.amount(at+".arbitration_fee", in.ArbitrationFee, u),
		TermsHash: f.hash(at+".terms_hash", in.TermsHash), Salt: f.hash(at+".salt", in.Salt),
		Windows: escrow.Windows{
			Offers: f.seconds(at+".windows.offers", in.Windows.Offers),
			Ruling: f.seconds(at+".windows.ruling", in.Windows.Ruling),
			Appeal: f.seconds(at+".windows.appeal", in.Windows.Appeal),
		},
		Panel:       f.panel(at+".panel", in.Panel),
		AppealPanel: f.panel(at+".appeal_panel", in.AppealPanel),
	}
	if in.FeeBps != nil {
		t.FeeBps = f.u32(at+".fee_bps", *in.FeeBps)
	}
	for i, m := range in.Milestones {
		here := fmt.Sprintf("%s.milestones[%d]", at, i)
		if m.Amount == "" {
			f.add(here+".amount", "", "empty: write digits, such as 12.5")
		}
		t.Milestones = append(t.Milestones, escrow.Milestone{
			Amount: f.amount(here+".amount", m.Amount, u), DeliverBy: f.time(here+".deliver_by", m.DeliverBy), Description: f.hash(here+".description", m.Description),
		})
	}
	if in.Salt == "" {
		if _, err := io.ReadFull(rand, t.Salt[:]); err != nil {
			return t, f, fmt.Errorf("make a salt: %w", err)
		}
	}
	return t, f, nil
}

func (f *fieldErrors) panel(at string, in *PanelIn) escrow.Panel {
	if in == nil {
		return escrow.Panel{}
	}
	p := escrow.Panel{Quorum: uint32(len(in.Arbitrators)/2 + 1)}
	for i, a := range in.Arbitrators {
		p.Arbitrators = append(p.Arbitrators, f.address(fmt.Sprintf("%s.arbitrators[%d]", at, i), a))
	}
	if len(in.Arbitrators) == 0 {
		p.Quorum = 0
	}
	if in.Quorum != nil {
		p.Quorum = f.u32(at+".quorum", *in.Quorum)
	}
	return p
}

// person is somebody whom terms name, and where.
type person struct {
	at  string
	who escrow.Address
}

func people(t *escrow.Terms, at string) []person {
	all := []person{{at + ".buyer", t.Buyer}, {at + ".seller", t.Seller}}
	for i, a := range t.Panel.Arbitrators {
		all = append(all, person{fmt.Sprintf("%s.panel.arbitrators[%d]", at, i), a})
	}
	for i, a := range t.AppealPanel.Arbitrators {
		all = append(all, person{fmt.Sprintf("%s.appeal_panel.arbitrators[%d]", at, i), a})
	}
	return all
}

// checkTerms names every field for which `open` would refuse the terms at now (docs/contract.md, codes 20 to 38), where escrow's Validate stops at the first.
// A test holds the two against each other: one finds something exactly when the other does. Fields of which bad tells that they could not even be read are passed over.
func checkTerms(t *escrow.Terms, at string, self escrow.Address, config *escrow.Config, now uint64, u unit, bad func(location string) bool) fieldErrors {
	var f fieldErrors
	refuse := func(code escrow.Code, location, value, format string, args ...any) {
		if !bad(location) {
			f.refuse(code, location, value, format, args...)
		}
	}

	if n := len(t.Milestones); n < 1 || n > maxMilestones {
		refuse(escrow.ErrMilestoneCount, at+".milestones", fmt.Sprint(n), "%d milestones: a trade has 1 to %d", n, maxMilestones)
	}
	for i, m := range t.Milestones {
		if m.Amount.Sign() <= 0 {
			refuse(escrow.ErrBadAmount, fmt.Sprintf("%s.milestones[%d].amount", at, i), string(u.amount(m.Amount)), "below the smallest part of the asset: give more than 0")
		}
	}
	if t.Bond.Sign() < 0 {
		refuse(escrow.ErrBadBond, at+".bond", string(u.amount(t.Bond)), "negative")
	}
	if t.ArbitrationFee.Sign() < 0 || t.Bond.Less(t.ArbitrationFee) && !bad(at+".bond") {
		refuse(escrow.ErrBadArbitrationFee, at+".arbitration_fee", string(u.amount(t.ArbitrationFee)), "not from 0 to the bond, which is %s", u.amount(t.Bond))
	}
	total, err := t.Total()
	if err == nil {
		total, err = total.Add(t.Bond)
	}
	if err != nil || amount.MaxStroops.Int128().Less(total) {
		refuse(escrow.ErrTotalTooLarge, at+".milestones", "", "all amounts and the bond together are more than %s, the largest amount the contract takes", u.amount(amount.MaxStroops.Int128()))
	}
	checkPanel := func(name string, p escrow.Panel) {
		n := len(p.Arbitrators)
		if !slices.Contains([]int{0, 1, 3, 5, 7}, n) {
			refuse(escrow.ErrPanelSize, at+"."+name+".arbitrators", fmt.Sprint(n), "%d arbitrators: a panel has 0, 1, 3, 5 or 7", n)
		}
		if why := wrongQuorum(int64(p.Quorum), int64(n)); why != "" {
			refuse(escrow.ErrBadQuorum, at+"."+name+".quorum", fmt.Sprint(p.Quorum), "%s", why)
		}
	}
	checkPanel("panel", t.Panel)
	checkPanel("appeal_panel", t.AppealPanel)
	if len(t.Panel.Arbitrators) == 0 && len(t.AppealPanel.Arbitrators) > 0 {
		refuse(escrow.ErrAppealWithoutPanel, at+".appeal_panel", "", "an appeal panel without a panel")
	}
	all := people(t, at)
	for i, p := range all {
		if bad(p.at) {
			continue
		}
		if j := slices.IndexFunc(all[:i], func(q person) bool { return q.who == p.who }); j >= 0 {
			refuse(escrow.ErrSameRole, p.at, string(p.who), "the same address as %s: everyone has one role", all[j].at)
		}
		if p.who == self || p.who == t.Asset {
			refuse(escrow.ErrForbiddenRole, p.at, string(p.who), "the escrow contract and the asset can hold no role")
		}
	}
	if t.Asset == self {
		refuse(escrow.ErrForbiddenRole, at+".asset", string(t.Asset), "the escrow contract is no asset")
	}
	if t.FallbackPpm > wholePpm {
		refuse(escrow.ErrBadPpm, at+".fallback_ppm", fmt.Sprint(t.FallbackPpm), "above 1,000,000")
	}
	if fee := config.At(now).FeeBps; t.FeeBps != fee {
		refuse(escrow.ErrFeeMismatch, at+".fee_bps", fmt.Sprint(t.FeeBps), "the platform's fee is %d", fee)
	}
	checkTimes(t, at, &config.Limits, now, refuse)
	return f
}

// wrongQuorum says why q of n arbitrators are no quorum; empty if they are one.
func wrongQuorum(q, n int64) string {
	least := n/2 + 1
	switch {
	case q > n && n == 0:
		return "has to be 0, or left out, where there are no arbitrators"
	case q > n:
		return fmt.Sprintf("above the panel's size, %d", n)
	case n == 0 || q >= least:
		return ""
	case least == n:
		return fmt.Sprintf("not a majority of %d: has to be %d", n, n)
	}
	return fmt.Sprintf("not a majority of %d: from %d to %d", n, least, n)
}

func checkTimes(t *escrow.Terms, at string, l *escrow.Limits, now uint64, refuse func(code escrow.Code, location, value, format string, args ...any)) {
	if t.FundBy <= now {
		refuse(escrow.ErrFundByPast, at+".fund_by", Time(t.FundBy).String(), "not in the future: the newest ledger closed at %s", Time(now))
	}
	latest := uint64(math.MaxUint64)
	if now <= latest-l.LongestLife {
		latest = now + l.LongestLife
	}
	tooLong := false // for a reason that is named already
	earliest := t.FundBy + l.MinDelivery
	if earliest < t.FundBy {
		earliest = math.MaxUint64
	}
	if earliest > latest {
		// No deliver_by helps: each is too near to fund_by, or too far away.
		tooLong = true
		code := escrow.ErrLifeTooLong
		if slices.ContainsFunc(t.Milestones, func(m escrow.Milestone) bool { return m.DeliverBy < earliest }) {
			code = escrow.ErrDeliverByTooNear // which the contract says of what fund_by is to blame for
		}
		refuse(code, at+".fund_by", Time(t.FundBy).String(),
			"too far away: a milestone must be delivered %d seconds after it and before %s, the longest life from now", l.MinDelivery, Time(latest))
	}
	for i, m := range t.Milestones {
		here := fmt.Sprintf("%s.milestones[%d].deliver_by", at, i)
		if m.DeliverBy > latest {
			tooLong = true
			refuse(escrow.ErrLifeTooLong, here, Time(m.DeliverBy).String(), "too far away: the longest life ends at %s", Time(latest))
		}
		if m.DeliverBy < earliest && earliest <= latest {
			refuse(escrow.ErrDeliverByTooNear, here, Time(m.DeliverBy).String(),
				"less than %d seconds after fund_by: not before %s", l.MinDelivery, Time(earliest))
		}
	}
	for _, w := range []struct {
		code         escrow.Code
		name         string
		is, min, max uint64
	}{
		{escrow.ErrBadInspection, "inspection", t.Inspection, l.InspectionMin, l.InspectionMax},
		{escrow.ErrBadOffersWindow, "windows.offers", t.Windows.Offers, l.OffersMin, l.OffersMax},
		{escrow.ErrBadRulingWindow, "windows.ruling", t.Windows.Ruling, l.RulingMin, l.RulingMax},
		{escrow.ErrBadAppealWindow, "windows.appeal", t.Windows.Appeal, l.AppealMin, l.AppealMax},
	} {
		if w.is < w.min || w.is > w.max {
			tooLong = tooLong || w.is > w.max
			refuse(w.code, at+"."+w.name, fmt.Sprint(w.is), "not from %d to %d seconds", w.min, w.max)
		}
	}
	if last := t.LastDeadline(); !tooLong && last > latest {
		refuse(escrow.ErrLifeTooLong, at+".milestones", "", "the last deadline would be %s, more than %d seconds away: an earlier deliver_by or shorter windows", Time(last), l.LongestLife)
	}
}

const (
	maxMilestones = 20
	wholePpm      = 1_000_000
)
