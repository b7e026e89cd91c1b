package api

import (
	"context"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// SummaryOut says what a prepared transaction will do if nothing changes before it is included: in words, and in numbers.
type SummaryOut struct {
	Text     string         `json:"text" doc:"All lines"`
	Lines    []string       `json:"lines" nullable:"false" doc:"One sentence each: who does what, who pays whom, what follows until when"`
	Signer   escrow.Address `json:"signer,omitempty" doc:"Who must authorise it; left out: nobody"`
	Payments []PaymentOut   `json:"payments" nullable:"false" doc:"What comes in, then what goes out, in the order of roles"`
	Fee      Amount         `json:"platform_fee,omitempty" doc:"What is booked for the platform, of what the seller receives"`
	After    []AfterOut     `json:"after" nullable:"false" doc:"How the milestones it changes stand afterwards"`
	Stage    string         `json:"stage,omitempty" doc:"The trade's stage afterwards"`
}

// add puts a line at the end.
func (s *SummaryOut) add(line string) {
	s.Lines = append(s.Lines, line)
	s.Text = strings.Join(s.Lines, " ")
}

// PaymentOut is money that moves, or is parked instead of moving.
type PaymentOut struct {
	Direction string         `json:"direction" enum:"in,out,parked" doc:"in: to the contract; out: from it; parked: kept there for its owner"`
	Role      string         `json:"role,omitempty"`
	Address   escrow.Address `json:"address" doc:"Who pays in, or is paid"`
	Amount    Amount         `json:"amount,omitempty"`
}

// AfterOut is how a milestone stands afterwards.
type AfterOut struct {
	Milestone uint32 `json:"milestone"`
	Phase     string `json:"phase"`
	Until     *Time  `json:"until,omitempty"`
	Left      Amount `json:"left,omitempty"`
}

// Warning is something to know before signing.
type Warning struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// summary says what a call does, from what the rules say it does.
func (s *server) summary(ctx context.Context, o order, p preview) (SummaryOut, []Warning, error) {
	out := SummaryOut{Lines: []string{deed(o, p)}, Signer: p.result.Signer, Payments: []PaymentOut{}, After: []AfterOut{}}
	name := func(pay escrow.Payment) string {
		if o.trade == nil {
			return "the fee receiver"
		}
		if who, _ := o.trade.Terms.AddressOf(pay.Role); who != pay.Who {
			return string(pay.Who)
		}
		return roleWords(&o.trade.Terms, pay.Role)
	}
	line := func(pay escrow.Payment, direction string) PaymentOut {
		one := PaymentOut{Direction: direction, Address: pay.Who, Amount: o.u.amount(pay.Amount)}
		if o.trade != nil {
			one.Role = roleName(&o.trade.Terms, pay.Role)
		}
		return one
	}
	if d := p.result.Deposit; d != nil {
		out.Payments = append(out.Payments, line(*d, "in"))
		out.Lines = append(out.Lines, fmt.Sprintf("%s pays %s into the contract.", sentence(name(*d)), o.u.say(d.Amount)))
	}
	for _, pay := range p.result.Payouts {
		if pay.Parked {
			out.Payments = append(out.Payments, line(pay, "parked"))
			out.Lines = append(out.Lines, fmt.Sprintf("%s is parked for %s, to be claimed.", o.u.say(pay.Amount), name(pay)))
			continue
		}
		out.Payments = append(out.Payments, line(pay, "out"))
		out.Lines = append(out.Lines, fmt.Sprintf("%s receives %s from the contract.", sentence(name(pay)), o.u.say(pay.Amount)))
	}
	if p.result.Fee.Sign() > 0 {
		out.Fee = o.u.amount(p.result.Fee)
		out.Lines = append(out.Lines, fmt.Sprintf("The platform keeps a fee of %s of what the seller receives.", o.u.say(p.result.Fee)))
	}
	if o.trade != nil && p.after != nil {
		out.Stage = p.after.Stage.String()
		s.aftermath(&out, o, p)
	}
	out.Text = strings.Join(out.Lines, " ")
	warnings, err := s.warnings(ctx, o, p)
	return out, warnings, err
}

// deed is what is done, in one sentence.
func deed(o order, p preview) string {
	who := "" // nobody signs
	if o.trade != nil {
		if role, ok := o.trade.Terms.RoleOf(p.result.Signer); ok {
			who = sentence(roleWords(&o.trade.Terms, role))
		}
	}
	switch c := o.call.(type) {
	case escrow.CallOpen:
		return fmt.Sprintf("%s opens a trade: %s is to pay %s in %s, %s is to deliver.", who, c.Terms.Buyer, o.u.say(totalOf(&c.Terms)), count(len(c.Terms.Milestones), "milestone"), c.Terms.Seller)
	case escrow.CallAccept:
		return who + " agrees to the terms."
	case escrow.CallFund:
		bond := ""
		if c.Terms.Bond.Sign() > 0 {
			bond = " and a bond of " + o.u.say(c.Terms.Bond)
		}
		return fmt.Sprintf("The buyer funds the trade: %s for %s%s.", o.u.say(totalOf(&c.Terms)), count(len(c.Terms.Milestones), "milestone"), bond)
	case escrow.CallCancel:
		if who == "" {
			return "The trade was not funded in time and is cancelled; it cannot be opened again."
		}
		return who + " cancels the trade; it cannot be opened again."
	case escrow.CallDeliver:
		return fmt.Sprintf("The seller marks milestone %d as delivered.", c.Milestone)
	case escrow.CallRelease:
		return fmt.Sprintf("The buyer releases %s of milestone %d to the seller.", o.u.say(c.Amount), c.Milestone)
	case escrow.CallRefund:
		return fmt.Sprintf("The seller gives %s of milestone %d back to the buyer.", o.u.say(c.Amount), c.Milestone)
	case escrow.CallSettle:
		return fmt.Sprintf("What is due of %s is carried out; nobody has to agree to that.", milestoneList(c.Milestones))
	case escrow.CallDispute:
		aside := ""
		if c.Terms.ArbitrationFee.Sign() > 0 {
			aside = fmt.Sprintf(" and sets %s of the bond aside for a hearing", o.u.say(c.Terms.ArbitrationFee))
			if p.result.Deposit != nil {
				aside = fmt.Sprintf(" and deposits %s, which comes back unless it pays for a hearing", o.u.say(p.result.Deposit.Amount))
			}
		}
		return fmt.Sprintf("%s disputes milestone %d%s.", who, c.Milestone, aside)
	case escrow.CallOffer:
		return fmt.Sprintf("%s offers to end milestone %d with %s to the seller and %s to the buyer.", who, c.Milestone, o.u.say(c.SellerAmount), o.u.say(c.Of.Minus(c.SellerAmount)))
	case escrow.CallAcceptOffer:
		return fmt.Sprintf("%s accepts to end milestone %d with %s to the seller and %s to the buyer, before fees and the costs of hearings.", who, c.Milestone, o.u.say(c.SellerAmount), o.u.say(c.Of.Minus(c.SellerAmount)))
	case escrow.CallEvidence:
		return fmt.Sprintf("%s puts the hash of evidence on milestone %d on record.", who, c.Milestone)
	case escrow.CallRule:
		lines := make([]string, len(c.Rulings))
		for i, r := range c.Rulings {
			lines[i] = fmt.Sprintf("%s to the seller of milestone %d", percent(r.SellerPpm), r.Milestone)
		}
		return who + " votes for " + strings.Join(lines, ", ") + "."
	case escrow.CallAppeal:
		return fmt.Sprintf("%s appeals against the ruling on milestone %d.", who, c.Milestone)
	case escrow.CallClaim:
		if who == "" {
			return fmt.Sprintf("Parked money is sent to its owner, %s.", roleWords(&o.trade.Terms, c.Role))
		}
		return fmt.Sprintf("%s sends parked money to %s.", who, c.To)
	case escrow.CallExtend:
		return "The trade's entry is paid for to stay in the ledger as long as the network allows."
	case escrow.CallCollect:
		return "The booked fees are sent to their receiver."
	}
	return who + " calls " + o.call.Function() + "."
}

// aftermath adds what follows: each changed milestone with what the clock will do to it, and how the trade stands.
func (s *server) aftermath(out *SummaryOut, o order, p preview) {
	t, before, after := &o.trade.Terms, &o.trade.State, p.after
	if after.Stage != before.Stage && after.Stage == escrow.StageEnded {
		line := "The trade then ends."
		if t.Bond.Sign() > 0 {
			line = "The trade then ends; bonds go back."
		}
		out.Lines = append(out.Lines, line)
	}
	for i := range t.Milestones {
		var was, is escrow.MilestoneState
		if i < len(before.Milestones) {
			was = before.Milestones[i]
		}
		if i < len(after.Milestones) {
			is = after.Milestones[i]
		}
		standing := escrow.StandingOf(t, i, &is, p.now)
		if i < len(before.Milestones) {
			if old := escrow.StandingOf(t, i, &was, p.now); was.Left == is.Left && old.Phase == standing.Phase && old.Until == standing.Until {
				continue
			}
		} else if len(after.Milestones) == 0 {
			continue
		}
		out.After = append(out.After, AfterOut{uint32(i), token(standing.Phase), since(standing.Until), o.u.amount(is.Left)})
		out.Lines = append(out.Lines, follows(t, i, &is, standing, o.u))
	}
	switch {
	case after.Stage == escrow.StageOpen:
		out.Lines = append(out.Lines, fmt.Sprintf("The other party may agree, and the buyer may pay, until %s; until the money is in, either can cancel.", Time(t.FundBy)))
	case after.Stage == escrow.StageAgreed:
		out.Lines = append(out.Lines, fmt.Sprintf("The buyer may pay until %s; until then either can cancel.", Time(t.FundBy)))
	}
}

// follows says what the clock does to a milestone from a standing on.
func follows(t *escrow.Terms, i int, m *escrow.MilestoneState, s escrow.Standing, u unit) string {
	left := u.say(m.Left)
	until := Time(s.Until)
	switch s.Phase {
	case escrow.PhaseFunded:
		return fmt.Sprintf("Milestone %d (%s) must be delivered before %s; after that it is due back to the buyer.", i, left, until)
	case escrow.PhaseDelivered:
		return fmt.Sprintf("The buyer can look at milestone %d and object until %s; after that %s is due to the seller.", i, until, left)
	case escrow.PhaseOffers:
		if len(t.Panel.Arbitrators) == 0 {
			return fmt.Sprintf("Until %s the parties can agree about milestone %d (%s); after that, since nobody judges, %s.", until, i, left, fallback(t, m, u))
		}
		return fmt.Sprintf("Until %s the parties can agree about milestone %d (%s); after that the panel hears it for %s.", until, i, left, lasting(t.Windows.Ruling))
	case escrow.PhaseHearing:
		return fmt.Sprintf("The panel can rule on milestone %d (%s) until %s.", i, left, until)
	case escrow.PhaseRuled:
		return fmt.Sprintf("Milestone %d (%s) is ruled: %s to the seller; that can be appealed against until %s.", i, left, percent(*s.FirstPpm), until)
	case escrow.PhaseAppealHearing:
		return fmt.Sprintf("The appeal panel can rule on milestone %d (%s) until %s.", i, left, until)
	case escrow.PhaseEnded:
		return fmt.Sprintf("Milestone %d is then over.", i)
	}
	return fmt.Sprintf("Milestone %d (%s) is then %s: %s of it to the seller; anyone can settle it.", i, left, s.Phase, percent(s.SellerPpm))
}

// fallback is what happens if nobody rules.
func fallback(t *escrow.Terms, m *escrow.MilestoneState, u unit) string {
	seller := m.Left.MulDiv(amount.Int(int64(t.FallbackPpm)), amount.Int(wholePpm))
	return fmt.Sprintf("%s goes to the seller and %s back to the buyer", u.say(seller), u.say(m.Left.Minus(seller)))
}

// percent writes parts per million: 600,000 is "60%".
func percent(ppm uint32) string {
	return trimZeros(fmt.Sprintf("%d.%04d", ppm/10_000, ppm%10_000)) + "%"
}

// lasting writes a number of seconds in the largest unit that is even.
func lasting(seconds uint64) string {
	for _, unit := range []struct {
		seconds uint64
		name    string
	}{{86_400, "day"}, {3600, "hour"}, {60, "minute"}} {
		if n := seconds / unit.seconds; n > 0 && seconds%unit.seconds == 0 && n < 1_000_000 {
			return count(int(n), unit.name)
		}
	}
	return fmt.Sprintf("%d seconds", seconds)
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func milestoneList(list []uint32) string {
	words := make([]string, len(list))
	for i, m := range list {
		words[i] = fmt.Sprint(m)
	}
	if len(list) == 1 {
		return "milestone " + words[0]
	}
	return "milestones " + strings.Join(words, ", ")
}

// sentence begins a sentence with it.
func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
