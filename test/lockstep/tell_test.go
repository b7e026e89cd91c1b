package lockstep

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
)

// story is the world as it was played, in the format of contract/vectors: what is expected is what the model says, and the last step's note is how the contract
// differs. Where an act is not among those of the format (act), it is written in the same way; the stories' readers refuse it.
func (w *pair) story() (string, error) {
	name := fmt.Sprintf("lockstep/seed-%d", w.seed)
	balances := map[string]string{}
	for _, who := range traders {
		balances[who] = w.purse.Units()
	}
	terms := map[string]any{}
	for _, name := range w.trades {
		terms[name] = termsText(w.plan.terms[name])
	}
	before := map[[2]string]amount.Int128{}
	for _, who := range traders {
		before[[2]string{vectors.Token, who}], before[[2]string{coin, who}] = w.purse, w.purse
	}
	var steps []writtenStep
	var owed escrow.Owed
	for i := range w.told {
		steps = append(steps, w.write(&w.told[i], before, &owed))
	}
	head := []struct {
		name  string
		value any
	}{
		{"name", name}, {"about", "The contract and the model differ in the last step."}, {"covers", []string{"lockstep"}},
		{"actors", people()[2:]}, {"platform", map[string]any{"fee_bps": w.feeBps, "limits": limits()}}, {"balances", balances}, {"terms", terms},
	}
	var out bytes.Buffer
	out.WriteString("{\n")
	for _, h := range head {
		text, err := json.Marshal(h.value)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "  %q: %s,\n", h.name, text)
	}
	out.WriteString("  \"steps\": [\n")
	for i, s := range steps {
		text, err := json.Marshal(s)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&out, "    %s%s\n", text, map[bool]string{true: ",", false: ""}[i < len(steps)-1])
	}
	out.WriteString("  ]\n}\n")
	return out.String(), nil
}

func termsText(t vectors.Terms) map[string]any {
	milestones := []any{}
	for _, m := range t.Milestones {
		milestones = append(milestones, map[string]any{"amount": m.Amount, "deliver_by": m.DeliverBy})
	}
	return map[string]any{
		"buyer": t.Buyer, "seller": t.Seller, "asset": t.Asset, "milestones": milestones, "fund_by": t.FundBy, "inspection": t.Inspection, "windows": t.Windows,
		"panel": t.Panel.Arbitrators, "quorum": t.Panel.Quorum, "appeal_panel": t.AppealPanel.Arbitrators, "appeal_quorum": t.AppealPanel.Quorum,
		"bond": t.Bond, "arbitration_fee": t.ArbitrationFee, "fallback_ppm": t.FallbackPpm, "fee_bps": t.FeeBps,
	}
}

// writtenStep is a step as a story writes it, in the order in which people read it.
type writtenStep struct {
	At       int64             `json:"at"`
	Note     string            `json:"note,omitempty"`
	As       string            `json:"as,omitempty"`
	Call     string            `json:"call,omitempty"`
	Trade    string            `json:"trade,omitempty"`
	Args     map[string]any    `json:"args,omitempty"`
	Deposit  vectors.Amount    `json:"deposit,omitempty"`
	World    string            `json:"world,omitempty"`
	Actor    string            `json:"actor,omitempty"`
	On       *bool             `json:"on,omitempty"`
	Bps      *uint32           `json:"bps,omitempty"`
	Amount   string            `json:"amount,omitempty"`
	Mode     string            `json:"mode,omitempty"`
	Expect   string            `json:"expect,omitempty"`
	Returns  any               `json:"returns,omitempty"`
	Balances map[string]string `json:"balances,omitempty"`
	Owed     map[string]string `json:"owed,omitempty"`
	Events   []any             `json:"events,omitempty"`
}

// write writes a step. before and owed are what the story has said so far.
func (w *pair) write(l *told, before map[[2]string]amount.Int128, owed *escrow.Owed) writtenStep {
	out := writtenStep{At: l.at, Note: l.note, Balances: map[string]string{}}
	for k, x := range l.after {
		if before[k] == x {
			continue
		}
		before[k] = x
		who := k[1]
		if k[0] == coin {
			who = coin + " of " + who
		}
		out.Balances[who] = x.Units()
	}
	if l.act != nil {
		out.act(l.act)
		return out
	}
	c := l.call
	out.As, out.Call, out.Trade, out.Deposit, out.Expect, out.Args = c.As, c.Name, c.Trade, c.Deposit, l.want.code, argsText(c)
	if l.want.code != vectors.OK {
		return out
	}
	out.Returns, out.Events = w.text(l.want.returns), w.eventsText(l.want.events)
	if len(l.after) > 0 && l.owed != *owed {
		out.Owed = map[string]string{"total": l.owed.Total.Units(), "fees": l.owed.Fees.Units()}
		*owed = l.owed
	}
	return out
}

func (s *writtenStep) act(a *act) {
	s.World, s.Actor = a.kind, a.actor
	switch a.kind {
	case "block", "freeze", "coin-freeze":
		s.On = &a.on
	case "tax":
		s.Bps = &a.bps
	case "seize", "mint", "coin-take", "coin-issue", "coin-line":
		s.Amount = a.amount.Units()
	case "mode":
		s.Mode = a.mode
		if a.mode == "LyingBalance" {
			s.Amount = a.amount.Units()
		}
	}
}

// argsOf are the arguments of each function (contract/vectors/README.md).
var argsOf = map[string]string{
	"open": "by", "cancel": "by push", "deliver": "milestone proof", "release": "milestone amount", "refund": "milestone amount", "settle": "milestones push",
	"dispute": "by milestone reason", "offer": "by milestone of seller_amount", "accept_offer": "by milestone of seller_amount", "evidence": "by milestone hash",
	"rule": "by rulings hash", "appeal": "by milestone", "claim": "role to amount", "collect": "asset", "propose_fee": "bps receiver", "propose_admin": "to",
	"set_anchor": "key", "anchor": "seq hash",
}

func argsText(c *vectors.Call) map[string]any {
	a := &c.Args
	list := func(v []uint32) any {
		if v == nil {
			return []uint32{}
		}
		return v
	}
	rulings := a.Rulings
	if rulings == nil {
		rulings = [][2]uint32{}
	}
	all := map[string]any{
		"by": a.By, "push": a.Push, "milestone": a.Milestone, "proof": hashText(a.Proof[:]), "amount": a.Amount, "milestones": list(a.Milestones),
		"reason": hashText(a.Reason[:]), "of": a.Of, "seller_amount": a.SellerAmount, "hash": hashText(a.Hash[:]), "rulings": rulings, "role": a.Role, "to": a.To,
		"asset": a.Asset, "bps": a.Bps, "receiver": a.Receiver, "key": a.Key, "seq": a.Seq,
	}
	out := map[string]any{}
	for _, name := range strings.Fields(argsOf[c.Name]) {
		out[name] = all[name]
	}
	return out
}

// hashText is how a story writes one of the worlds' 32-byte values.
func hashText(b []byte) string {
	for _, text := range []string{"proof", "reason", "evidence", "ruling", "head"} {
		if h := hashOf(text); bytes.Equal(h[:], b) {
			return "hash:" + text
		}
	}
	if bytes.Equal(b, make([]byte, 32)) {
		return "zero"
	}
	return hex.EncodeToString(b)
}

// times are the fields of events that are times: their places, by name.
var times = map[string]int{"delivered": 3, "fee_proposed": 5}

func (w *pair) eventsText(events [][]any) []any {
	var out []any
	for _, e := range events {
		list := slices.Clone(e)
		name := list[0].(string)
		for i := range list {
			list[i] = w.text(list[i])
		}
		if at, ok := times[name]; ok {
			if unix, ok := list[at].(uint64); ok {
				list[at] = "+" + strconv.FormatInt(int64(unix-w.Start), 10)
			}
		}
		out = append(out, list)
	}
	return out
}

// text is a value as a story writes it.
func (w *pair) text(v any) any {
	switch v := v.(type) {
	case vectors.Hash:
		return hashText(v[:])
	case fmt.Stringer: // an amount
		return v.String()
	}
	return v
}
