package reconcile_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

var (
	contract = stellar.Address{Contract: true, Key: [32]byte{1}}
	asset    = stellar.Address{Contract: true, Key: [32]byte{2}}
	buyer    = escrow.Buyer
)

func units(n int64) amount.Int128 { return amount.Int(n) }

// entry is the ledger entry of a trade in the middle of everything, as contract/escrow/src/state.rs lays it out: funded, bonds of 10 and 11; a
// milestone of 60 that was delivered at 100, offered upon by the buyer in phase 6, disputed at 200 by the buyer with 3 set aside, ruled at
// 300, appealed at 400, with two votes; an ended milestone; 5 parked for the seller.
func entry() []byte {
	out := []byte{2 + 10} // funded, one milestone alive
	put := func(n uint64, width int) { out = append(out, binary.LittleEndian.AppendUint64(nil, n)[:width]...) }
	put(10, 8)
	put(11, 8)
	put(2, 1)
	put(60, 8)
	put(100, 8)
	put(0, 8)
	put(0, 8)
	put(0, 1) // the record of the first milestone
	put(59, 1)
	put(2|8|16|32, 1)
	put(6, 1)
	put(25, 8)
	put(200, 8)
	put(0, 1)
	put(3, 8)
	put(0, 8)
	put(300, 8)
	put(0, 1)
	put(400, 8)
	put(2, 1)
	put(2<<20|500_000, 3)
	put(3<<20|750_000, 3)
	put(32+1, 1) // what is parked for the seller
	put(16, 1)
	put(5, 8)
	put(0, 8)
	return out
}

// projected is the same trade as the store has it.
func projected() store.Trade {
	return store.Trade{
		ID: escrow.ID{7}, Contract: contract.String(), Stage: escrow.StageFunded, Bonds: [2]amount.Int128{units(10), units(11)},
		Terms: escrow.Terms{Asset: escrow.Address(asset.String()), Milestones: make([]escrow.Milestone, 2)},
		Milestones: []store.Milestone{
			{Left: units(60), DeliveredAt: 100, Offers: [2]*escrow.Offer{{Of: units(60), Phase: 6, SellerAmount: units(25)}}, Dispute: &store.Dispute{
				Since: 200, Aside: [2]amount.Int128{units(3)}, RuledAt: 300, AppealBy: &buyer, AppealedAt: 400,
				Votes: []store.Vote{{Vote: escrow.Vote{Role: 2, SellerPpm: 500_000}}, {Vote: escrow.Vote{Role: 3, SellerPpm: 750_000}}},
			}},
			{EndedAt: 150},
		},
		Parked: []escrow.Parcel{{Role: escrow.Seller, Amount: units(5)}},
		Opened: store.Point{Event: "0000000042949672960-0000000001"}, Updated: store.Point{Event: "0000000047244640256-0000000001"},
	}
}

// site is a ledger and a store.
type site struct {
	entries map[string][]byte // by the key's XDR
	owed    [2]int64          // total, fees
	ledger  uint32
	trades  []store.Trade
	reads   func(n int, t *store.Trade) // changes a trade as it is read for the n-th time
	n       int
	balance [2]int64 // by each source
}

func newSite() *site {
	t := projected()
	key, err := stellar.Encode(stellar.TradeKey(contract, t.ID))
	if err != nil {
		panic(err)
	}
	return &site{entries: map[string][]byte{key: entry()}, owed: [2]int64{96, 7}, ledger: 20, trades: []store.Trade{t}, balance: [2]int64{96, 96}}
}

func (s *site) Entries(_ context.Context, keys ...xdr.LedgerKey) (out []rpc.Entry, latest uint32, err error) {
	for _, key := range keys {
		text, err := stellar.Encode(key)
		if err != nil {
			return nil, 0, err
		}
		value := xdr.ScVal{Type: xdr.ScValTypeScvBytes}
		if raw, ok := s.entries[text]; ok {
			b := xdr.ScBytes(raw)
			value.Bytes = &b
		} else if key.ContractData.Key.Type == xdr.ScValTypeScvAddress {
			sums := xdr.ScVec{i128(s.owed[0]), i128(s.owed[1])}
			vec := &sums
			value = xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &vec}
		} else {
			continue
		}
		out = append(out, rpc.Entry{Key: key, Data: xdr.LedgerEntryData{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.ContractDataEntry{Val: value}}})
	}
	return out, s.ledger, nil
}

func i128(n int64) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Lo: xdr.Uint64(n)}}
}

func (s *site) Contracts(context.Context, string, int) ([]store.Contract, error) {
	return []store.Contract{{ID: contract.String()}}, nil
}

func (s *site) Trades(_ context.Context, f store.TradeFilter) (out []store.Trade, err error) {
	for _, t := range s.trades {
		if t.Stage == *f.Stage && t.Opened.Event > f.After && (!f.Newest || f.After == "") && len(out) < f.Limit {
			out = append(out, t)
		}
	}
	return out, f.Check()
}

func (s *site) TradesByID(_ context.Context, ids []escrow.ID) (out []store.Trade, err error) {
	for _, id := range ids {
		i := slices.IndexFunc(s.trades, func(t store.Trade) bool { return t.ID == id })
		if s.reads != nil {
			s.n++
			s.reads(s.n, &s.trades[i])
		}
		out = append(out, s.trades[i])
	}
	slices.Reverse(out) // in no order
	return out, nil
}

// Events are those of trades that have moved since they were opened: one each.
func (s *site) Events(_ context.Context, f store.EventFilter) (out []store.Event, err error) {
	for _, t := range s.trades {
		if t.Updated.Event > f.After {
			out = append(out, store.Event{ID: t.Updated.Event, Contract: t.Contract, Trade: (*store.Hash)(&t.ID)})
		}
	}
	return out, f.Check()
}

type balance int64

func (b balance) Balance(context.Context, stellar.Address, stellar.Address) (amount.Int128, error) {
	return units(int64(b)), nil
}

func (s *site) run(t *testing.T) reconcile.Report {
	t.Helper()
	report, err := reconcile.Run(t.Context(), reconcile.Config{
		Node: s, Store: s, Await: func(context.Context, uint32) error { return nil }, First: balance(s.balance[0]), Second: balance(s.balance[1]), Ended: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestWhatAgreesIsCounted(t *testing.T) {
	report := newSite().run(t)
	second := units(96)
	want := reconcile.Report{Ledger: 20, Trades: 1, Assets: []reconcile.Asset{{
		Contract: contract.String(), Asset: asset.String(), Owed: units(96), Fees: units(7), Trades: units(89), Balance: units(96), Second: &second,
	}}}
	if diff := cmp.Diff(want, report, cmp.AllowUnexported(amount.Int128{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each field of a trade that differs is found, and named.
func TestEachDifferenceIsNamed(t *testing.T) {
	for want, change := range map[string]func(*store.Trade){
		`stage: projected 3, stored 2`:                                          func(t *store.Trade) { t.Stage = escrow.StageEnded },
		`opened_by: projected 1, stored 0`:                                      func(t *store.Trade) { t.OpenedBy = escrow.Seller },
		`bonds[0]: projected "0.0000009", stored "0.0000010"`:                   func(t *store.Trade) { t.Bonds[0] = units(9) },
		`bonds[1]: projected "0.0000012", stored "0.0000011"`:                   func(t *store.Trade) { t.Bonds[1] = units(12) },
		`milestones[0].left: projected "0.0000061", stored "0.0000060"`:         func(t *store.Trade) { t.Milestones[0].Left = units(61) },
		`milestones[0].delivered_at: projected 101, stored 100`:                 func(t *store.Trade) { t.Milestones[0].DeliveredAt = 101 },
		`milestones[0].offers[0]: projected null, stored {`:                     func(t *store.Trade) { t.Milestones[0].Offers[0] = nil },
		`milestones[0].offers[0].phase: projected 5, stored 6`:                  func(t *store.Trade) { t.Milestones[0].Offers[0].Phase = 5 },
		`milestones[0].offers[0].seller_amount: projected`:                      func(t *store.Trade) { t.Milestones[0].Offers[0].SellerAmount = units(26) },
		`milestones[0].offers[1]: projected {`:                                  func(t *store.Trade) { t.Milestones[0].Offers[1] = &escrow.Offer{} },
		`milestones[0].dispute: projected null, stored {`:                       func(t *store.Trade) { t.Milestones[0].Dispute = nil },
		`milestones[0].dispute.since: projected 201, stored 200`:                func(t *store.Trade) { t.Milestones[0].Dispute.Since = 201 },
		`milestones[0].dispute.by: projected 1, stored 0`:                       func(t *store.Trade) { t.Milestones[0].Dispute.By = escrow.Seller },
		`milestones[0].dispute.aside[1]: projected`:                             func(t *store.Trade) { t.Milestones[0].Dispute.Aside[1] = units(1) },
		`milestones[0].dispute.ruled_at: projected 0, stored 300`:               func(t *store.Trade) { t.Milestones[0].Dispute.RuledAt = 0 },
		`milestones[0].dispute.appeal_by: projected null, stored 0`:             func(t *store.Trade) { t.Milestones[0].Dispute.AppealBy = nil },
		`milestones[0].dispute.appealed_at: projected 401, stored 400`:          func(t *store.Trade) { t.Milestones[0].Dispute.AppealedAt = 401 },
		`milestones[0].dispute.votes: projected [`:                              func(t *store.Trade) { t.Milestones[0].Dispute.Votes = t.Milestones[0].Dispute.Votes[:1] },
		`milestones[0].dispute.votes[1].seller_ppm: projected 1, stored 750000`: func(t *store.Trade) { t.Milestones[0].Dispute.Votes[1].SellerPpm = 1 },
		`milestones[0].dispute.votes[1].role: projected 4, stored 3`:            func(t *store.Trade) { t.Milestones[0].Dispute.Votes[1].Role = 4 },
		`milestones[1].left: projected "0.0000001", stored "0.0000000"`:         func(t *store.Trade) { t.Milestones[1] = store.Milestone{Left: units(1)} },
		`milestones: projected [`:                                               func(t *store.Trade) { t.Milestones = t.Milestones[:1] },
		`parked: projected [], stored [`:                                        func(t *store.Trade) { t.Parked = []escrow.Parcel{} },
		`parked[0].amount: projected`:                                           func(t *store.Trade) { t.Parked[0].Amount = units(6) },
	} {
		s := newSite()
		change(&s.trades[0])
		report := s.run(t)
		if !slices.ContainsFunc(report.Findings, func(f reconcile.Finding) bool {
			return strings.HasPrefix(f.What, want) && f.Trade == s.trades[0].ID.String() && strings.Contains(f.String(), contract.String())
		}) {
			t.Errorf("%s: not found, but %v", want, report.Findings)
		}
	}
}

// Trades of one page are each held against their own entry, in whatever order they come when they are read again.
func TestTradesOfAPageAreToldApart(t *testing.T) {
	s := newSite()
	other := projected()
	other.ID, other.Milestones[0].Left = escrow.ID{8}, units(61) // its entry says 60
	other.Opened.Event = "0000000042949672960-0000000002"
	key, err := stellar.Encode(stellar.TradeKey(contract, other.ID))
	if err != nil {
		t.Fatal(err)
	}
	s.entries[key], s.trades = entry(), append(s.trades, other)
	report := s.run(t)
	var wrong []string
	for _, f := range report.Findings {
		if f.Trade != "" {
			wrong = append(wrong, f.Trade)
		}
	}
	if report.Trades != 2 || !slices.Equal(wrong, []string{other.ID.String()}) {
		t.Errorf("%d trades were compared, wrong are %v, want that of %s alone", report.Trades, wrong, other.ID)
	}
}

func TestAssetsThatDoNotAddUp(t *testing.T) {
	for want, change := range map[string]func(*site){
		"the balance is 95, owed is 96":                           func(s *site) { s.balance = [2]int64{95, 95} },
		"the balance is 96 by the first source, 97 by the second": func(s *site) { s.balance[1] = 97 },
		"owed to trades is 88, the projected ones hold 89":        func(s *site) { s.owed[0] = 95 },
		"of which 97 would be fees":                               func(s *site) { s.owed[1] = 97 },
		"owed to trades is 90":                                    func(s *site) { s.owed[1] = 6 },
	} {
		s := newSite()
		change(s)
		report := s.run(t)
		if len(report.Findings) != 1 || !strings.Contains(report.Findings[0].String(), want) || !strings.Contains(report.Findings[0].What, asset.String()) {
			t.Errorf("%s: found %v", want, report.Findings)
		}
	}
}

// A trade that is put away cannot be compared, one that changes is compared when it stands still; neither is a finding, both are counted.
func TestWhatCannotBeComparedIsCounted(t *testing.T) {
	s := newSite()
	clear(s.entries)
	if report := s.run(t); report.Trades != 0 || report.Archived != 1 || len(report.Findings) != 0 {
		t.Errorf("put away: %+v", report)
	}
	for _, c := range []struct {
		until            int
		compared, moving int
	}{{0, 1, 0}, {3, 1, 0}, {100, 0, 1}} {
		s := newSite()
		s.reads = func(n int, t *store.Trade) {
			if n <= c.until {
				t.Updated.Event = store.EventID(fmt.Sprintf("%019d-%010d", 20<<32, n))
			}
		}
		if report := s.run(t); report.Trades != c.compared || report.Moving != c.moving || len(report.Findings) != 0 {
			t.Errorf("changed %d times: %+v", c.until, report)
		}
	}
	// A node that lags behind what is projected knows less than the store.
	s = newSite()
	s.ledger = 10
	if report := s.run(t); report.Trades != 0 || report.Moving != 1 || len(report.Findings) != 0 {
		t.Errorf("a node that lags: %+v", report)
	}
}

// A trade that is paid, and one that is opened, while the others are being compared belong to the sum at the ledger of what is owed; one that is
// beyond that ledger leaves the sum unsaid, and what is owed beyond that is found.
func TestTradesThatGoOnWhileTheyAreAddedUp(t *testing.T) {
	for name, c := range map[string]struct {
		updated string // of the other trade
		owed    int64
		want    string
	}{
		"it is in what is owed":       {"0000000085899345920-0000000001", 96 + 89, ""}, // ledger 20
		"it is not in what is owed":   {"0000000085899345920-0000000001", 96, "the projected ones hold 178"},
		"what is owed is older":       {"0000000090194313216-0000000001", 96, ""}, // ledger 21
		"what is owed is older still": {"0000000090194313216-0000000001", 95, ""},
	} {
		s := newSite()
		s.owed[0], s.balance = c.owed, [2]int64{1000, 1000}
		s.reads = func(n int, _ *store.Trade) {
			if n != 1 {
				return // the first trade has just been compared: now the other one is opened
			}
			other := projected()
			other.ID, other.Opened.Event, other.Updated.Event = escrow.ID{8}, store.EventID(c.updated), store.EventID(c.updated)
			s.trades = append(s.trades, other)
			s.reads = nil
		}
		report, err := reconcile.Run(t.Context(), reconcile.Config{
			Node: s, Store: &listed{s, len(s.trades)}, Await: func(context.Context, uint32) error { return nil }, First: balance(s.balance[0]), Ended: -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		if found := fmt.Sprint(report.Findings); c.want == "" && len(report.Findings) > 0 || !strings.Contains(found, c.want) {
			t.Errorf("%s: found %s, want %q", name, found, c.want)
		}
	}
}

// A trade that goes from one stage to the next while the lists are read stands in both, and counts once.
func TestATradeInTwoListsCountsOnce(t *testing.T) {
	s := newSite()
	s.trades[0].Stage = escrow.StageAgreed
	s.reads = func(n int, t *store.Trade) {
		t.Stage, t.Updated.Event = escrow.StageFunded, "0000000085899345920-0000000001" // ledger 20
	}
	if report := s.run(t); report.Trades != 1 || len(report.Findings) != 0 || len(report.Assets) != 1 || report.Assets[0].Trades != units(89) {
		t.Errorf("%+v", report)
	}
}

// listed lists the first trades only: later ones came when the lists had been read.
type listed struct {
	*site
	n int
}

func (l *listed) Trades(ctx context.Context, f store.TradeFilter) ([]store.Trade, error) {
	all, err := l.site.Trades(ctx, f)
	return all[:min(l.n, len(all))], err
}

func TestWhatIsNoTradeIsFound(t *testing.T) {
	s := newSite()
	for key := range s.entries {
		s.entries[key] = s.entries[key][:20]
	}
	report := s.run(t)
	if len(report.Findings) != 1 || !strings.Contains(report.Findings[0].What, "bytes are missing") {
		t.Errorf("%+v", report.Findings)
	}
}

func TestNotBeingAbleToLookIsAnError(t *testing.T) {
	s := newSite()
	gone := errors.New("gone")
	_, err := reconcile.Run(t.Context(), reconcile.Config{
		Node: s, Store: s, Await: func(context.Context, uint32) error { return gone }, First: balance(96), Ended: -1,
	})
	if !errors.Is(err, gone) {
		t.Errorf("%v", err)
	}
}
