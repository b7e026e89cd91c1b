package costs

import (
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// TestArchived is the other half of docs/contract-attacks.md D5: the operator has gone and nobody has called for so long that the contract's code is archived
// with all else. Whoever ends the last trade brings everything back by the same call, and pays for it.
func TestArchived(t *testing.T) {
	const silence = 200 * day // no entry lives for longer than 180 without anybody's doing
	w := newWorld(t)
	l := &list{world: w, cast: w.people("archived", simple.panel)}
	simple := simple
	terms := map[string]escrow.Terms{}
	for _, name := range []string{"alive", "archived"} {
		terms[name] = l.agreed(name, simple)
		w.call(l.seller, escrow.CallDeliver{Terms: terms[name], Proof: hashed("proof")})
	}
	settle := func(name string) escrow.Call {
		return escrow.CallSettle{Terms: terms[name], Milestones: []uint32{0}, Push: true}
	}
	w.advance(inspection + time.Minute)
	anyone := w.account("anyone")
	l.did("`settle` by anyone, everything alive", w.call(anyone, settle("alive")))
	w.advance(silence)
	all := l.did("`settle` by anyone, everything archived", w.call(anyone, settle("archived")))

	codes := int64(0)
	for name, k := range map[string]ledger.Key{
		"the trade": w.tradeKey(terms["archived"]), "the instance": ledger.KeyOf(stellar.InstanceKey(w.contract)), "the token's instance": ledger.KeyOf(stellar.InstanceKey(w.asset)),
		"the escrow's code": ledger.KeyOf(stellar.CodeKey(w.code)), "the rulebook's code": ledger.KeyOf(stellar.CodeKey(w.rulebook)),
	} {
		if _, ok := all.extended[k]; !ok {
			t.Errorf("%s is not restored by it: it was not archived, and the figure is of something else", name)
		}
		if entry, _ := w.entry(k); entry.Data.ContractCode != nil {
			codes += w.rent(*entry, w.net.Settings().Limits.MinPersistentTTL)
		}
	}
	again := w.call(anyone, escrow.CallExtend{ID: w.id(terms["archived"])})

	p := newSection(t, "Everything archived")
	p.para("Nobody has called for 200 days, and no operator has kept the code alive. One call still ends the trade: the simulation names what is archived, and the call restores it, for 120 days, out of the pocket of who makes it. "+
		"Of the rent %s XLM are the two contracts' code; `escrowctl contract extend`, or anybody's RestoreFootprint, costs as much and brings it back for all trades at once: whoever calls next pays what a call costs otherwise (`extend` the ledger after: %s XLM).",
		xlm(codes), xlm(again.charged))
	p.table(columns, rows(l.steps))
	p.check()
}
