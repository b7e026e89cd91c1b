package keeper

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	sweepPage = 200 // trades, and entries, asked for at once: as many as RPC gives
	// maxParkedPages bounds how many events of parked money are looked through, the newest first; that of ended trades is the oldest that is kept.
	maxParkedPages = 500
	// keysEach is how many entries one transaction extends. The main network lets it name 400; this many trades cost less than 10 XLM.
	keysEach = 100
	// maxExtensions bounds the transactions that one sweep asks for. The next one finds the rest.
	maxExtensions = 1000
)

// An extension is entries that are to live until so many ledgers after the one that includes it.
type extension struct {
	kind     Kind
	keys     []xdr.LedgerKey
	ledgers  uint32
	restores bool // they are archived
}

// found is what a sweep has found.
type found struct {
	ledger     uint32
	soonest    map[Kind]uint32 // in how many ledgers the first entry of a kind ends that is needed for longer
	archived   int             // needed entries that are archived: the next call restores them
	entries    int             // looked at
	extensions []extension     // in the order of kinds
	more       bool            // there are more than maxExtensions
}

// sweeping is one sweep.
type sweeping struct {
	node      Node
	store     Store
	contracts map[string]stellar.Address
	margin    uint32

	now    uint64 // close time of the newest ledger when it began
	most   uint32 // ledgers that an entry may live beyond its own
	assets map[holding]uint64
	due    map[target][]xdr.LedgerKey
	listed map[string]bool // what is in due
	out    found
}

// holding is what a contract has in an asset.
type holding struct{ contract, asset string }

type target struct {
	kind     Kind
	ledgers  uint32
	restores bool
}

// sweep looks at the lives of all entries that are needed.
func (k *Keeper) sweep(ctx context.Context) (found, error) {
	s := &sweeping{
		node: k.c.Node(), store: k.c.Store, contracts: map[string]stellar.Address{}, margin: k.c.Margin,
		assets: map[holding]uint64{}, due: map[target][]xdr.LedgerKey{}, listed: map[string]bool{}, out: found{soonest: map[Kind]uint32{}},
	}
	for _, c := range k.c.Contracts {
		s.contracts[c.String()] = c
	}
	for _, step := range []func(context.Context) error{s.begin, s.shared, s.open, s.parked, s.holdings} {
		if err := step(ctx); err != nil {
			return found{}, fmt.Errorf("sweep: %w", err)
		}
	}
	s.plan()
	return s.out, nil
}

// begin asks how long the network lets entries live.
func (s *sweeping) begin(ctx context.Context) error {
	kept, err := s.node.Range(ctx)
	if err != nil {
		return err
	}
	s.now = kept.Latest.CloseTime
	entries, _, err := s.node.Entries(ctx, stellar.LifetimeSettingsKey())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if set, ok := e.Data.GetConfigSetting(); ok && set.StateArchivalSettings != nil && set.StateArchivalSettings.MaxEntryTtl > 0 {
			s.most = uint32(set.StateArchivalSettings.MaxEntryTtl) - 1 // an entry's own ledger counts
		}
	}
	if s.most == 0 {
		return fmt.Errorf("the node does not say how long entries may live: %w", rpc.ErrAnswer)
	}
	return nil
}

// shared looks at what all trades of a contract share: its instance, its code, whose hash stands there, and both of the rulebook that it asks;
// and at the anchored head, which its admin would have to restore before a pause.
func (s *sweeping) shared(ctx context.Context) error {
	seen := map[stellar.Address]bool{} // contracts of one deployer ask one rulebook
	for _, contract := range s.contracts {
		instance, err := s.contract(ctx, contract)
		if err != nil {
			return err
		}
		if instance == nil {
			continue
		}
		if _, err := s.look(ctx, []life{{kind: KindAnchor, key: stellar.AnchorKey(contract)}}); err != nil {
			return err
		}
		if rulebook, ok := stellar.Rulebook(*instance); ok && !seen[rulebook] {
			seen[rulebook] = true
			if _, err := s.contract(ctx, rulebook); err != nil {
				return err
			}
		}
	}
	return nil
}

// contract looks at one contract's instance and code, and returns the instance: nil if it has been archived for long; what code it has is then
// not to be had, and the next call restores both.
func (s *sweeping) contract(ctx context.Context, contract stellar.Address) (*xdr.ScContractInstance, error) {
	entries, err := s.look(ctx, []life{{kind: KindInstance, key: stellar.InstanceKey(contract)}})
	if err != nil || len(entries) == 0 || entries[0].Data.ContractData == nil {
		return nil, err
	}
	instance := entries[0].Data.ContractData.Val.Instance
	if instance != nil && instance.Executable.WasmHash != nil {
		_, err = s.look(ctx, []life{{kind: KindCode, key: stellar.CodeKey(stellar.Hash(*instance.Executable.WasmHash))}})
	}
	return instance, err
}

// open looks at the trades that are not over. A trade that goes on meanwhile is in a later list.
func (s *sweeping) open(ctx context.Context) error {
	for _, stage := range []escrow.Stage{escrow.StageOpen, escrow.StageAgreed, escrow.StageFunded} {
		filter := store.TradeFilter{Stage: &stage, Page: store.Page{Limit: sweepPage}}
		for { // ends with the list
			trades, err := s.store.Trades(ctx, filter)
			if err != nil {
				return err
			}
			if err := s.trades(ctx, trades); err != nil {
				return err
			}
			if len(trades) < sweepPage {
				break
			}
			filter.After = trades[len(trades)-1].Opened.Event
		}
	}
	return nil
}

// parked looks at trades that are over and have money parked: found by the events that parked it, since most that are over have none.
func (s *sweeping) parked(ctx context.Context) error {
	filter := store.EventFilter{Kind: escrow.Parked{}.EventName(), Read: true, Page: store.Page{Newest: true, Limit: sweepPage}}
	for range maxParkedPages {
		events, err := s.store.Events(ctx, filter)
		if err != nil {
			return err
		}
		var ids []escrow.ID
		seen := map[escrow.ID]bool{}
		for _, e := range events {
			if e.Trade != nil && !seen[*e.Trade] {
				seen[*e.Trade] = true
				ids = append(ids, *e.Trade)
			}
		}
		if len(ids) > 0 {
			trades, err := s.store.TradesByID(ctx, ids)
			if err != nil {
				return err
			}
			if err := s.trades(ctx, trades); err != nil {
				return err
			}
		}
		if len(events) < sweepPage {
			return nil
		}
		filter.After = events[len(events)-1].ID
	}
	return nil
}

// trades looks at the entries of those that are needed, and notes what they need beside.
func (s *sweeping) trades(ctx context.Context, trades []store.Trade) error {
	var lives []life
	for i := range trades {
		t := &trades[i]
		contract, followed := s.contracts[t.Contract]
		until := neededUntil(t, s.now)
		if !followed || until == 0 {
			continue
		}
		lives = append(lives, life{KindTrade, stellar.TradeKey(contract, t.ID), until})
		h := holding{t.Contract, string(t.Terms.Asset)}
		s.assets[h] = max(s.assets[h], until)
	}
	_, err := s.look(ctx, lives)
	return err
}

// holdings looks at what contracts owe and have in the assets of these trades.
func (s *sweeping) holdings(ctx context.Context) error {
	var lives []life
	for h, until := range s.assets {
		asset, err := stellar.ParseAddress(h.asset)
		if err != nil {
			continue // of an event that could be read otherwise; nothing can be kept there
		}
		contract := s.contracts[h.contract]
		lives = append(lives, life{KindOwed, stellar.OwedKey(contract, asset), until}, life{KindBalance, balanceKey(asset, contract), until},
			life{KindAsset, stellar.InstanceKey(asset), until})
	}
	for len(lives) > 0 {
		n := min(len(lives), sweepPage)
		if _, err := s.look(ctx, lives[:n]); err != nil {
			return err
		}
		lives = lives[n:]
	}
	return nil
}

// look asks for the lives of at most sweepPage entries, and notes which are to be extended.
func (s *sweeping) look(ctx context.Context, lives []life) ([]rpc.Entry, error) {
	if len(lives) == 0 {
		return nil, nil
	}
	keys := make([]xdr.LedgerKey, len(lives))
	for i := range lives {
		keys[i] = lives[i].key
	}
	entries, latest, err := s.node.Entries(ctx, keys...)
	if err != nil {
		return nil, err
	}
	s.out.ledger = latest
	there := map[string]rpc.Entry{}
	for _, e := range entries {
		text, err := stellar.Encode(e.Key)
		if err != nil {
			return nil, err
		}
		there[text] = e
	}
	for _, l := range lives {
		text, err := stellar.Encode(l.key)
		if err != nil {
			return nil, err
		}
		e, ok := there[text]
		if err := s.judge(l, text, e, ok, latest); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// judge says whether an entry is to be extended, and how far.
func (s *sweeping) judge(l life, name string, e rpc.Entry, there bool, latest uint32) error {
	s.out.entries++
	shared := l.kind == KindInstance || l.kind == KindCode || l.kind == KindAnchor
	switch {
	case !there && l.kind != KindTrade && l.kind != KindInstance && l.kind != KindCode:
		return nil // nothing was ever owed or anchored, or the token keeps balances elsewhere
	case !there || e.LiveUntil < latest:
		s.out.archived++
		if shared { // every call needs it, or each of the admin's, and the next one would pay for it; what restores it extends it
			s.extend(target{kind: l.kind, restores: true}, l.key, name, 0, s.shares())
		}
		return nil
	case l.kind == KindBalance || l.kind == KindAsset:
		if raw, err := e.Data.MarshalBinary(); err != nil || len(raw) > mostBytes {
			return err
		}
	}
	left := e.LiveUntil - latest
	want := s.shares()
	if !shared {
		want = ledgersUntil(l.until, s.now)
	}
	if !shared && uint64(left) >= want {
		return nil // it lives for as long as it is needed
	}
	if soonest, ok := s.out.soonest[l.kind]; !ok || left < soonest {
		s.out.soonest[l.kind] = left
	}
	if left < s.margin {
		s.extend(target{kind: l.kind}, l.key, name, left, want)
	}
	return nil
}

// shares is how far what all share is extended: beyond the margin, or it would be extended each time.
func (s *sweeping) shares() uint64 { return max(sharedFor, uint64(s.margin)+targetStep) }

// extend notes an entry that is to live for about so many ledgers, as far as the network allows.
func (s *sweeping) extend(t target, key xdr.LedgerKey, name string, left uint32, want uint64) {
	t.ledgers = uint32(min((want+targetStep-1)/targetStep*targetStep, uint64(s.most)))
	if s.listed[name] || uint64(left)+leastGain > uint64(t.ledgers) {
		return
	}
	s.listed[name] = true
	s.due[t] = append(s.due[t], key)
}

// plan makes transactions of what is to be extended: kind by kind, and each code by itself, so that its price is no other entry's.
func (s *sweeping) plan() {
	for _, kind := range kinds {
		each := keysEach
		if kind == KindCode {
			each = 1
		}
		targets := slices.Collect(maps.Keys(s.due))
		slices.SortFunc(targets, func(a, b target) int { return cmp.Compare(a.ledgers, b.ledgers) })
		for _, t := range targets {
			if t.kind != kind {
				continue
			}
			for keys := range slices.Chunk(s.due[t], each) {
				if len(s.out.extensions) == maxExtensions {
					s.out.more = true
					return
				}
				s.out.extensions = append(s.out.extensions, extension{kind, keys, t.ledgers, t.restores})
			}
		}
	}
}
