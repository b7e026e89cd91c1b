package vectors

import (
	"encoding/json"
	"fmt"
	"slices"
)

// object is JSON in the making; what is nil is left out, which is what a story means by it.
type object map[string]any

func (o object) put(name string, value any, there bool) {
	if there {
		o[name] = value
	}
}

// written is a story as a file, with nothing left to the defaults. hashes are the texts of all 32-byte values in it.
func written(s *Story, hashes map[Hash]string) ([]byte, error) {
	w := writer{hashes: hashes}
	out := object{
		"name": s.Name, "about": s.About, "covers": s.Covers, "actors": s.Actors[2:], // admin and receiver are always there
		"platform": s.Platform, "terms": object{}, "steps": []object{},
	}
	out.put("balances", s.Balances, s.Balances != nil)
	for name, t := range s.Terms {
		out["terms"].(object)[name] = w.terms(t)
	}
	for i := range s.Steps {
		out["steps"] = append(out["steps"].([]object), w.step(&s.Steps[i]))
	}
	if w.err != nil {
		return nil, w.err
	}
	return json.Marshal(out)
}

type writer struct {
	hashes map[Hash]string
	err    error
}

func (w *writer) hash(h Hash) string {
	text, ok := w.hashes[h]
	if !ok {
		w.err = fmt.Errorf("nothing in the story is the hash %x of", h)
	}
	return text
}

func (w *writer) time(t Time) any {
	if t == Max {
		return "max"
	}
	return int64(t)
}

func (w *writer) terms(t Terms) object {
	milestones := []object{}
	for _, m := range t.Milestones {
		milestones = append(milestones, object{"amount": m.Amount, "deliver_by": w.time(m.DeliverBy), "description": w.hash(m.Description)})
	}
	return object{
		"buyer": t.Buyer, "seller": t.Seller, "asset": t.Asset, "milestones": milestones, "fund_by": w.time(t.FundBy), "inspection": t.Inspection, "windows": t.Windows,
		"panel": t.Panel.Arbitrators, "quorum": t.Panel.Quorum, "appeal_panel": t.AppealPanel.Arbitrators, "appeal_quorum": t.AppealPanel.Quorum,
		"bond": t.Bond, "arbitration_fee": t.ArbitrationFee, "fallback_ppm": t.FallbackPpm, "fee_bps": t.FeeBps, "terms_hash": w.hash(t.TermsHash), "salt": w.hash(t.Salt),
	}
}

func (w *writer) step(st *Step) object {
	out := object{"at": w.time(st.At)}
	out.put("note", st.Note, st.Note != "")
	out.put("balances", st.Want.Balances, st.Want.Balances != nil)
	if st.World != nil {
		a := st.World
		out["world"] = a.Act
		out.put("actor", a.Actor, a.Actor != "")
		out.put("on", a.On, a.Act == "block" || a.Act == "freeze")
		out.put("bps", a.Bps, a.Act == "tax")
		out.put("amount", a.Amount, a.Amount != "")
		return out
	}
	c := st.Call
	out["as"], out["call"], out["expect"] = c.As, c.Name, st.Want.Answer
	out.put("trade", c.Trade, c.Trade != "")
	out.put("deposit", c.Deposit, c.Deposit != "")
	out.put("returns", st.Want.Returns, st.Want.Returns != nil)
	out.put("owed", st.Want.Owed, st.Want.Owed != nil)
	out.put("events", st.Want.Events, st.Want.Events != nil)
	out["args"] = w.args(c)
	return out
}

// args writes those that the function takes.
func (w *writer) args(c *Call) object {
	a := c.Args
	all := object{
		"by": a.By, "milestone": a.Milestone, "milestones": a.Milestones, "amount": a.Amount, "of": a.Of, "seller_amount": a.SellerAmount, "rulings": a.Rulings,
		"push": a.Push, "role": a.Role, "to": a.To, "asset": a.Asset, "bps": a.Bps, "receiver": a.Receiver, "key": a.Key, "seq": a.Seq,
		"fee_bps": a.Deploy.FeeBps, "limits": a.Deploy.Limits, "fee_receiver": a.FeeReceiver,
	}
	names := functions[c.Name].args
	for name, h := range map[string]Hash{"proof": a.Proof, "reason": a.Reason, "hash": a.Hash} {
		if slices.Contains(names, name) {
			all[name] = w.hash(h)
		}
	}
	out := object{}
	for _, name := range names {
		out[name] = all[name]
	}
	return out
}
