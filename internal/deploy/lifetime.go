package deploy

import (
	"context"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// A Lifetime is how long an entry on the ledger lives. After that it is archived: kept, and out of use until somebody pays to restore it.
type Lifetime struct {
	What string // "code", "instance", "anchor", "rulebook code", "rulebook" or "trade"
	Key  xdr.LedgerKey
	// LiveUntil is the last ledger in which it is live. Of an archived entry it is a past one, or 0 where the node does not say when it ended.
	LiveUntil uint32
}

// Archived tells that it is not live in a ledger.
func (l Lifetime) Archived(ledger uint32) bool { return l.LiveUntil < ledger }

// Lifetimes are those of one contract, as of a ledger.
type Lifetimes struct {
	At      rpc.Ledger
	Entries []Lifetime
	// Most is how many ledgers beyond its own the network lets an entry be extended to.
	Most uint32
}

// ReadLifetimes asks how long the code and the instance of the contract live, what it has anchored, and code and instance of the rulebook that it
// asks, and how long that network lets them.
func ReadLifetimes(ctx context.Context, c *rpc.Client, contract stellar.Address) (Lifetimes, error) {
	var entries []Lifetime
	asked, what := contract, [2]string{"code", "instance"}
	for {
		there, err := standing(ctx, c, asked, stellar.Hash{})
		if err == nil && there.instance == nil {
			err = ErrNothing
		}
		if err != nil {
			return Lifetimes{}, fmt.Errorf("lifetimes of %s: %w", contract, err)
		}
		entries = append(entries, Lifetime{What: what[0], Key: stellar.CodeKey(there.code)}, Lifetime{What: what[1], Key: stellar.InstanceKey(asked)})
		rulebook, ok := stellar.Rulebook(*there.instance)
		if !ok || asked != contract {
			return readLifetimes(ctx, c, entries...)
		}
		anchored, _, err := c.Entries(ctx, stellar.AnchorKey(contract))
		if err != nil {
			return Lifetimes{}, fmt.Errorf("ask for what %s has anchored: %w", contract, err)
		}
		for _, head := range anchored { // one, once something was anchored
			entries = append(entries, Lifetime{What: "anchor", Key: head.Key})
		}
		asked, what = rulebook, [2]string{"rulebook code", "rulebook"}
	}
}

// ReadTradeLifetime asks the same of a trade's entry.
func ReadTradeLifetime(ctx context.Context, c *rpc.Client, contract stellar.Address, id escrow.ID) (Lifetimes, error) {
	return readLifetimes(ctx, c, Lifetime{What: "trade", Key: stellar.TradeKey(contract, id)})
}

func readLifetimes(ctx context.Context, c *rpc.Client, entries ...Lifetime) (Lifetimes, error) {
	settings := stellar.LifetimeSettingsKey()
	keys := []xdr.LedgerKey{settings}
	for _, e := range entries {
		keys = append(keys, e.Key)
	}
	found, latest, err := c.Entries(ctx, keys...)
	if err != nil {
		return Lifetimes{}, fmt.Errorf("ask for lifetimes: %w", err)
	}
	kept, err := c.Range(ctx)
	if err != nil {
		return Lifetimes{}, fmt.Errorf("ask for the ledger's time: %w", err)
	}
	l := Lifetimes{At: rpc.Ledger{Sequence: latest, CloseTime: kept.Latest.CloseTime}, Entries: entries}
	until := map[string]uint32{}
	for _, f := range found {
		if s, ok := f.Data.GetConfigSetting(); ok && s.StateArchivalSettings != nil && s.StateArchivalSettings.MaxEntryTtl > 0 {
			l.Most = uint32(s.StateArchivalSettings.MaxEntryTtl) - 1 // an entry's own ledger counts
			continue
		}
		name, err := stellar.Encode(f.Key)
		if err != nil {
			return Lifetimes{}, err
		}
		until[name] = f.LiveUntil
	}
	if l.Most == 0 {
		return Lifetimes{}, fmt.Errorf("the node does not say how long entries may live: %w", rpc.ErrAnswer)
	}
	for i, e := range entries {
		name, err := stellar.Encode(e.Key)
		if err != nil {
			return Lifetimes{}, err
		}
		ledger, ok := until[name]
		if !ok {
			return Lifetimes{}, fmt.Errorf("%s: %w", e.What, ErrNothing)
		}
		l.Entries[i].LiveUntil = ledger
	}
	return l, nil
}

// Extend makes the entries live for that many ledgers more, from the one that includes the transaction on, and restores those that are
// archived before. Whoever sends it pays; nobody has to agree.
func (s *Sender) Extend(ctx context.Context, entries []Lifetime, ledgers uint32) (Receipt, error) {
	return s.send(ctx, "extend lifetimes", extension(entries, ledgers), nothingSigned)
}

// extension builds the transaction that extends the entries.
func extension(entries []Lifetime, ledgers uint32) builder {
	return func(e stellar.Envelope) (stellar.Transaction, error) {
		keys := make([]xdr.LedgerKey, len(entries))
		for i, l := range entries {
			keys[i] = l.Key
		}
		return stellar.ExtendTTL(e, keys, ledgers)
	}
}

// A DryRun makes the same calls as a Sender without effect: nothing is signed, sent or paid, and no account is needed.
type DryRun struct {
	Client *rpc.Client
	// InclusionFee is the bid in stroops that a Sender would make.
	InclusionFee int64
}

// Extend is what it would cost. The receipt has the fee only: as the node computes it now, and the least where Restored is not 0, since what is
// archived can be extended only once it is restored.
func (d DryRun) Extend(ctx context.Context, entries []Lifetime, ledgers uint32) (Receipt, error) {
	return d.try(ctx, "extend lifetimes", extension(entries, ledgers))
}

// Call is what a call that nobody has to sign for would cost.
func (d DryRun) Call(ctx context.Context, contract stellar.Address, call escrow.Call, state stellar.State) (Receipt, error) {
	want, err := stellar.ExpectedTree(contract, call, state)
	if err != nil {
		return Receipt{}, fmt.Errorf("who has to sign %s: %w", call.Function(), err)
	}
	return d.try(ctx, call.Function(), func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Invoke(e, want.Call) })
}

func (d DryRun) try(ctx context.Context, what string, build builder) (Receipt, error) {
	bid := max(d.InclusionFee, stellar.MinInclusionFee)
	t, err := build(stellar.Envelope{NotAfter: forEver, InclusionFee: bid})
	if err != nil {
		return Receipt{}, fmt.Errorf("%s: %w", what, err)
	}
	sim, err := simulate(ctx, d.Client, what, t)
	if err != nil {
		return Receipt{}, err
	}
	out := Receipt{FeeCharged: sim.fee + bid}
	if sim.restore != nil {
		out.Restored = sim.restore.fee + bid
		out.FeeCharged += out.Restored
	}
	return out, nil
}
