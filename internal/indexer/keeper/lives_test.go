package keeper

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

const (
	dusk   = 1_800_000_000 // unix seconds: now
	latest = 1_000_000     // the newest ledger
	most   = 180 * dayLedgers
)

// ground is a node and a store of a test's making.
type ground struct {
	Store    // what is not asked for
	entries  map[string]rpc.Entry
	trades   []store.Trade
	parked   []store.Event
	asked    []int // keys, each time
	contract stellar.Address
	code     stellar.Hash
}

func newGround() *ground {
	g := &ground{entries: map[string]rpc.Entry{}, contract: stellar.Address{Contract: true, Key: [32]byte{1}}, code: stellar.Hash{2}}
	g.put(stellar.LifetimeSettingsKey(), 0, xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.ConfigSettingEntry{
		ConfigSettingId: xdr.ConfigSettingIdConfigSettingStateArchival, StateArchivalSettings: &xdr.StateArchivalSettings{MaxEntryTtl: most + 1},
	}})
	wasm := xdr.Hash(g.code)
	g.put(stellar.InstanceKey(g.contract), latest+100*dayLedgers, data(xdr.ScVal{Type: xdr.ScValTypeScvContractInstance, Instance: &xdr.ScContractInstance{
		Executable: xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &wasm},
	}}))
	g.put(stellar.CodeKey(g.code), latest+100*dayLedgers, xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeContractCode, ContractCode: &xdr.ContractCodeEntry{}})
	return g
}

func data(v xdr.ScVal) xdr.LedgerEntryData {
	return xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.ContractDataEntry{
		Contract: stellar.Address{Contract: true}.ScAddress(), Key: xdr.ScVal{Type: xdr.ScValTypeScvVoid}, Val: v,
	}}
}

func bytes(n int) xdr.LedgerEntryData {
	b := xdr.ScBytes(make([]byte, n))
	return data(xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &b})
}

func name(key xdr.LedgerKey) string {
	text, err := stellar.Encode(key)
	if err != nil {
		panic(err)
	}
	return text
}

func (g *ground) put(key xdr.LedgerKey, until uint32, d xdr.LedgerEntryData) {
	g.entries[name(key)] = rpc.Entry{Key: key, Data: d, LiveUntil: until}
}

// trade is a stored trade whose entry lives for so many days, and that is needed for so many: the month after its last deadline among them.
func (g *ground) trade(stage escrow.Stage, lives, needed int, change ...func(*store.Trade)) escrow.ID {
	n := len(g.trades) + 1
	t := store.Trade{
		ID: escrow.ID{byte(n), byte(n >> 8), 9}, Contract: g.contract.String(), Stage: stage, LastDeadline: uint64(dusk + needed*86_400 - grace),
		Terms:  escrow.Terms{Asset: escrow.Address(stellar.Address{Contract: true, Key: [32]byte{3}}.String()), FundBy: dusk - 1},
		Opened: store.Point{Event: store.EventID(fmt.Sprintf("%019d-%010d", n, 0))},
	}
	for _, do := range change {
		do(&t)
	}
	g.trades = append(g.trades, t)
	g.put(stellar.TradeKey(g.contract, t.ID), uint32(latest+lives*dayLedgers), bytes(100))
	return t.ID
}

func (g *ground) Range(context.Context) (rpc.Range, error) {
	return rpc.Range{Latest: rpc.Ledger{Sequence: latest, CloseTime: dusk}}, nil
}

func (g *ground) Entries(_ context.Context, keys ...xdr.LedgerKey) (out []rpc.Entry, ledger uint32, err error) {
	g.asked = append(g.asked, len(keys))
	for _, key := range keys {
		if e, ok := g.entries[name(key)]; ok {
			out = append(out, e)
		}
	}
	slices.Reverse(out) // the order is the node's
	return out, latest, nil
}

func (g *ground) Trades(_ context.Context, f store.TradeFilter) (out []store.Trade, err error) {
	for _, t := range g.trades {
		if t.Stage == *f.Stage && t.Opened.Event > f.After && len(out) < f.Limit {
			out = append(out, t)
		}
	}
	return out, nil
}

func (g *ground) TradesByID(_ context.Context, ids []escrow.ID) (out []store.Trade, err error) {
	for _, t := range g.trades {
		if slices.Contains(ids, t.ID) {
			out = append(out, t)
		}
	}
	return out, nil
}

func (g *ground) Events(_ context.Context, f store.EventFilter) (out []store.Event, err error) {
	for _, e := range slices.Backward(g.parked) {
		if (f.After == "" || e.ID < f.After) && len(out) < f.Limit {
			out = append(out, e)
		}
	}
	return out, nil
}

func (g *ground) keeper() *Keeper {
	return &Keeper{c: Config{Contracts: []stellar.Address{g.contract}, Node: func() Node { return g }, Store: g, Margin: 14 * dayLedgers}}
}

func (g *ground) sweep(t *testing.T) found {
	t.Helper()
	f, err := g.keeper().sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// keys are the entries that a sweep extends, of one kind.
func (f found) keys(kind Kind) (keys []string) {
	for _, e := range f.extensions {
		for _, key := range e.keys {
			if e.kind == kind {
				keys = append(keys, name(key))
			}
		}
	}
	return keys
}

// What ends within the margin and is needed for longer is extended; nothing else is.
func TestASweepExtendsWhatIsNeeded(t *testing.T) {
	g := newGround()
	parcel := []escrow.Parcel{{Role: escrow.Buyer, Amount: amount.Int(1)}}
	park := func(tr *store.Trade) {
		tr.Parked = parcel
		trade := store.Hash(tr.ID)
		g.parked = append(g.parked, store.Event{ID: tr.Opened.Event, Trade: &trade}, store.Event{ID: tr.Opened.Event + "0", Trade: &trade})
	}
	want := []escrow.ID{
		g.trade(escrow.StageFunded, 13, 60),
		g.trade(escrow.StageFunded, 1, 5),
		g.trade(escrow.StageAgreed, 13, 60, func(tr *store.Trade) { tr.Bonds[escrow.Seller] = amount.Int(1) }),
		g.trade(escrow.StageOpen, 13, 60, func(tr *store.Trade) { tr.Terms.FundBy = dusk + 40*86_400 }),
		g.trade(escrow.StageEnded, 13, 60, park),
		g.trade(escrow.StageCancelled, 13, 60, park),
	}
	g.trade(escrow.StageFunded, 15, 60)                                                                             // lives beyond the margin
	g.trade(escrow.StageFunded, 13, 12)                                                                             // lives for as long as it is needed
	g.trade(escrow.StageFunded, 13, -1)                                                                             // its month is over
	g.trade(escrow.StageFunded, -1, 60)                                                                             // archived
	g.trade(escrow.StageOpen, 13, 60)                                                                               // cannot be funded any more, and holds nothing
	g.trade(escrow.StageEnded, 13, 60)                                                                              // holds nothing
	g.trade(escrow.StageEnded, 13, -1, park)                                                                        // its month is over
	g.trade(escrow.StageFunded, 13, 60, func(tr *store.Trade) { tr.Contract = stellar.Address{}.String() })         // another contract's
	g.trade(escrow.StageFunded, 13, 60, func(tr *store.Trade) { tr.Stage = escrow.StageEnded; tr.Parked = parcel }) // no event says so

	f := g.sweep(t)
	var keys []string
	for _, id := range want {
		keys = append(keys, name(stellar.TradeKey(g.contract, id)))
	}
	got := f.keys(KindTrade)
	slices.Sort(got)
	slices.Sort(keys)
	if !slices.Equal(got, keys) {
		t.Errorf("%d trades are extended, to be were %d", len(got), len(keys))
	}
	if f.archived != 1 {
		t.Errorf("%d are archived", f.archived)
	}
	if f.soonest[KindTrade] != dayLedgers || f.soonest[KindInstance] != 100*dayLedgers || f.soonest[KindCode] != 100*dayLedgers {
		t.Errorf("the soonest: %v", f.soonest)
	}
	if others := len(f.keys(KindInstance)) + len(f.keys(KindCode)); others != 0 {
		t.Errorf("%d others are extended, which live long", others)
	}
}

// The same for what trades need beside their own entry. An entry that somebody else's contract has made large is left to whoever needs it.
func TestASweepExtendsWhatTradesShare(t *testing.T) {
	g := newGround()
	g.trade(escrow.StageFunded, 100, 100)
	fine, junk := stellar.Address{Contract: true, Key: [32]byte{3}}, stellar.Address{Contract: true, Key: [32]byte{4}}
	g.trade(escrow.StageFunded, 100, 60, func(tr *store.Trade) { tr.Terms.Asset = escrow.Address(junk.String()) })
	const soon = latest + 10*dayLedgers
	for _, asset := range []stellar.Address{fine, junk} {
		g.put(stellar.OwedKey(g.contract, asset), soon, bytes(60))
	}
	g.put(balanceKey(fine, g.contract), soon, bytes(150))
	g.put(stellar.InstanceKey(fine), soon, bytes(400))
	g.put(balanceKey(junk, g.contract), soon, bytes(60_000))
	g.put(stellar.InstanceKey(junk), soon, bytes(60_000))
	f := g.sweep(t)
	if n := len(f.keys(KindOwed)); n != 2 {
		t.Errorf("owed in %d assets is extended, of 2", n)
	}
	for kind, key := range map[Kind]xdr.LedgerKey{KindBalance: balanceKey(fine, g.contract), KindAsset: stellar.InstanceKey(fine)} {
		if keys := f.keys(kind); !slices.Equal(keys, []string{name(key)}) {
			t.Errorf("%s: %d entries are extended, of one", kind, len(keys))
		}
	}
	for _, e := range f.extensions {
		if want := uint32(100 * dayLedgers); slices.Contains([]string{name(stellar.OwedKey(g.contract, fine))}, name(e.keys[0])) && e.ledgers != want {
			t.Errorf("for %d ledgers, the asset is needed for %d", e.ledgers, want)
		}
	}

	for _, key := range []xdr.LedgerKey{stellar.InstanceKey(g.contract), stellar.CodeKey(g.code)} {
		e := g.entries[name(key)]
		e.LiveUntil = soon
		g.entries[name(key)] = e
	}
	f = g.sweep(t)
	if n := len(f.keys(KindAnchor)); n != 0 || f.archived != 0 {
		t.Errorf("%d heads are extended and %d entries archived, and nothing was ever anchored", n, f.archived)
	}
	last := f.extensions[len(f.extensions)-2:]
	if last[0].kind != KindInstance || last[1].kind != KindCode || last[0].ledgers != sharedFor || last[1].ledgers != sharedFor || last[1].restores {
		t.Errorf("the last: %+v", last)
	}
	g.put(stellar.AnchorKey(g.contract), soon, bytes(60))
	f = g.sweep(t)
	if keys := f.keys(KindAnchor); !slices.Equal(keys, []string{name(stellar.AnchorKey(g.contract))}) {
		t.Errorf("%d heads are extended, of one", len(keys))
	}
	e := g.entries[name(stellar.CodeKey(g.code))]
	e.LiveUntil = latest - 1
	g.entries[name(e.Key)] = e
	f = g.sweep(t)
	if last := f.extensions[len(f.extensions)-1]; last.kind != KindCode || !last.restores || f.archived != 1 {
		t.Errorf("archived code: %+v, %d archived", last, f.archived)
	}
}

// Many entries are asked for and extended in pieces that a node and the main network take, each entry once.
func TestASweepOfManyTrades(t *testing.T) {
	g := newGround()
	const n = 450
	for i := range n {
		g.trade(escrow.StageFunded, 10, 40+i%12) // as needed, they end on two targets
	}
	f := g.sweep(t)
	seen := map[string]bool{}
	targets := map[uint32]bool{}
	for _, e := range f.extensions {
		if len(e.keys) > keysEach || e.ledgers > most {
			t.Errorf("%d keys, for %d ledgers", len(e.keys), e.ledgers)
		}
		targets[e.ledgers] = true
		for _, key := range e.keys {
			if seen[name(key)] {
				t.Error("an entry stands twice")
			}
			seen[name(key)] = true
		}
	}
	if len(seen) != n || len(targets) > 3 || len(f.extensions) > n/keysEach+len(targets) {
		t.Errorf("%d entries, %d targets, %d transactions", len(seen), len(targets), len(f.extensions))
	}
	if slices.Max(g.asked) > 200 {
		t.Errorf("asked for %d at once", slices.Max(g.asked))
	}
}

// How far is extended follows from how long something is needed, in steps, as far as the network allows; a gain of less than a day is none.
func TestHowFarALifeIsExtended(t *testing.T) {
	for _, c := range []struct {
		lives, needed int
		want          uint32 // 0: not extended
	}{
		{10, 12, 20 * dayLedgers}, {10, 30, 30 * dayLedgers}, {10, 31, 40 * dayLedgers}, {10, 500, most}, {0, 500, most},
	} {
		g := newGround()
		g.trade(escrow.StageFunded, c.lives, c.needed)
		f := g.sweep(t)
		got := uint32(0)
		for _, e := range f.extensions {
			got = e.ledgers
		}
		if got != c.want {
			t.Errorf("lives for %d days, needed for %d: extended to %d ledgers, want %d", c.lives, c.needed, got, c.want)
		}
	}
	// Where the network allows little more than what is left, it is left.
	g := newGround()
	g.put(stellar.LifetimeSettingsKey(), 0, xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.ConfigSettingEntry{
		ConfigSettingId: xdr.ConfigSettingIdConfigSettingStateArchival, StateArchivalSettings: &xdr.StateArchivalSettings{MaxEntryTtl: 10*dayLedgers + 1000},
	}})
	g.trade(escrow.StageFunded, 10, 500)
	if f := g.sweep(t); len(f.extensions) != 0 {
		t.Errorf("%+v", f.extensions)
	}
}

func TestHalves(t *testing.T) {
	keys := []xdr.LedgerKey{stellar.LifetimeSettingsKey(), stellar.CodeKey(stellar.Hash{1}), stellar.CodeKey(stellar.Hash{2})}
	halves := extension{KindTrade, keys, 7, true}.halves()
	if len(halves) != 2 || len(halves[0].keys)+len(halves[1].keys) != 3 || halves[1].ledgers != 7 || !halves[1].restores || halves[0].kind != KindTrade {
		t.Errorf("%+v", halves)
	}
	if one := (extension{KindTrade, keys[:1], 7, false}).halves(); one != nil {
		t.Errorf("%+v", one)
	}
}
