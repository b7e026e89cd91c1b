package indexer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// tradeEvents are one of each kind that is about a trade.
var tradeEvents = []escrow.Event{
	escrow.Opened{}, escrow.Accepted{}, escrow.Funded{}, escrow.Cancelled{}, escrow.Ended{}, escrow.Parked{}, escrow.Claimed{}, escrow.Delivered{}, escrow.Released{}, escrow.Refunded{},
	escrow.Disputed{}, escrow.Offered{}, escrow.Split{}, escrow.Evidence{}, escrow.Voted{}, escrow.Ruled{}, escrow.Appealed{}, escrow.Settled{}, escrow.Silent{}, escrow.Costs{},
}

// tape gives the values of an event's fields from a fuzzer's bytes.
type tape []byte

func (t *tape) next() byte {
	if len(*t) == 0 {
		return 0
	}
	b := (*t)[0]
	*t = (*t)[1:]
	return b
}

// number is mostly small, at times anything.
func (t *tape) number() uint64 {
	b := t.next()
	if b < 0xf0 {
		return uint64(b)
	}
	var raw [8]byte
	for i := range raw {
		raw[i] = t.next()
	}
	return binary.LittleEndian.Uint64(raw[:])
}

func (t *tape) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(t.next()%2 == 1)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(t.number())
	case reflect.String:
		v.SetString(fmt.Sprint("G", t.next()%4))
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(t.next()))
		}
	case reflect.Pointer:
		if t.next()%2 == 1 {
			v.Set(reflect.New(v.Type().Elem()))
			t.fill(v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), int(t.next()%4), 4))
		for i := range v.Len() {
			t.fill(v.Index(i))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[amount.Int128]() {
			hi := int64(0)
			if t.next() > 0xf0 {
				hi = int64(t.number())
			}
			v.Set(reflect.ValueOf(amount.FromParts(hi, t.number())))
			return
		}
		for i := range v.NumField() {
			t.fill(v.Field(i))
		}
	}
}

// FuzzProject sends events that no contract would write: none may stop the indexer, by a panic or by a trade that cannot be stored.
func FuzzProject(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 80 {
		seed := make([]byte, 300)
		for j := range seed {
			seed[j] = byte(rng.IntN(4)) // small numbers find milestones, roles and amounts that exist
			if rng.IntN(30) == 0 {
				seed[j] = byte(rng.IntN(256))
			}
		}
		seed[0] = byte(i)
		f.Add(seed)
	}
	s, err := sqlite.Open(f.Context(), filepath.Join(f.TempDir(), "store.db"))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	if err := s.Follow(f.Context(), "C", 1); err != nil {
		f.Fatal(err)
	}
	ledger := uint32(0)
	f.Fuzz(func(t *testing.T, data []byte) {
		ledger++
		tp := tape(data)
		opened := escrow.Opened{Terms: escrow.Terms{
			Bond: amount.Int(9), ArbitrationFee: amount.Int(3), Milestones: []escrow.Milestone{{Amount: amount.Int(5), DeliverBy: 2000}, {Amount: amount.Int(1), DeliverBy: 1500}},
			Panel: escrow.Panel{Arbitrators: []escrow.Address{"A"}, Quorum: 1}, AppealPanel: escrow.Panel{Arbitrators: []escrow.Address{"B"}, Quorum: 1},
			Inspection: 100, Windows: escrow.Windows{Offers: 10, Ruling: 100, Appeal: 100},
		}}
		strange := tp.next()%8 == 7
		if strange {
			tp.fill(reflect.ValueOf(&opened).Elem())
		}
		id := escrow.ID{}
		binary.BigEndian.PutUint32(id[:], ledger)
		at := store.Point{Event: store.EventID(fmt.Sprintf("%019d-%010d", int64(ledger)<<32, 0)), At: 1000}
		trade, err := open(id, "C", opened, at)
		if err != nil {
			if !errors.Is(err, errUnreadable) {
				t.Errorf("open: %v", err)
			}
			return
		}
		change := store.Change{}
		for i := range 16 {
			kind := tradeEvents[(int(tp.next())*5+int(tp.next()))%len(tradeEvents)]
			if i == 0 && !strange {
				kind = escrow.Funded{}
			}
			event := reflect.New(reflect.TypeOf(kind)).Elem()
			tp.fill(event)
			at.At += tp.number() % 100
			before := trade.Clone()
			at.Event = store.EventID(fmt.Sprintf("%019d-%010d", int64(ledger)<<32, i))
			after, did, err := project(trade, event.Interface().(escrow.Event), at)
			if !reflect.DeepEqual(before, trade) {
				t.Fatalf("%+v changed the trade it was given:\n%s", event, diff(before, trade))
			}
			if err != nil {
				if !errors.Is(err, errUnreadable) {
					t.Errorf("%+v: %v", event, err)
				}
				continue
			}
			trade = after
			if err := narrow(trade); err != nil {
				t.Errorf("%+v: %v", event, err)
			}
			change.Payouts = append(change.Payouts, did.payouts...)
			for _, p := range did.parked {
				park(&change, at.Event, p)
			}
		}
		change.Trade = trade
		stored, err := s.Contracts(t.Context(), "", 1)
		if err != nil {
			t.Fatal(err)
		}
		move := store.Move{Contract: "C", From: stored[0].Position, To: store.EndOfLedger(stored[0].Position.Ledger() + 1)}
		if err := s.Apply(t.Context(), store.Batch{Moves: []store.Move{move}, Trades: []store.Change{change}}); err != nil {
			t.Fatalf("a projected trade cannot be stored: %v\n%+v", err, trade)
		}
		got, err := s.Trade(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if d := diff(trade.State(), got.State()); d != "" {
			t.Errorf("stored otherwise than projected:\n%s", d)
		}
	})
}

// narrow says which number a column of PostgreSQL's cannot hold: SQLite's hold them all.
func narrow(t *store.Trade) error {
	small := []uint32{uint32(t.OpenedBy)}
	for _, p := range t.Parked {
		small = append(small, uint32(p.Role))
	}
	for _, m := range t.Milestones {
		small = append(small, uint32(m.Outcome))
		for _, o := range m.Offers {
			if o != nil {
				small = append(small, uint32(o.Phase))
			}
		}
		if d := m.Dispute; d != nil {
			small = append(small, uint32(d.By))
			for _, r := range d.Silent {
				small = append(small, uint32(r))
			}
			for _, v := range d.Votes {
				if small = append(small, uint32(v.Role)); v.SellerPpm > math.MaxInt32 {
					return fmt.Errorf("a vote for %d ppm", v.SellerPpm)
				}
			}
		}
	}
	if most := slices.Max(small); most > math.MaxInt16 {
		return fmt.Errorf("%d is no smallint", most)
	}
	return nil
}

// TestNumbersThatNoStoreHolds has what FuzzProject found: each of these would have stopped an indexer on PostgreSQL for good.
func TestNumbersThatNoStoreHolds(t *testing.T) {
	terms := escrow.Terms{Milestones: []escrow.Milestone{{Amount: amount.Int(5)}}, Panel: escrow.Panel{Arbitrators: []escrow.Address{"A"}, Quorum: 1}}
	trade := &store.Trade{Terms: terms, Stage: escrow.StageFunded, Milestones: []store.Milestone{{Left: amount.Int(5)}}}
	disputed := trade.Clone()
	disputed.Milestones[0].Dispute = &store.Dispute{}
	const high = 1 << 20
	for _, c := range []struct {
		of    *store.Trade
		event escrow.Event
	}{
		{trade, escrow.Parked{Role: high, Amount: amount.Int(1)}}, {trade, escrow.Parked{Role: 3, Amount: amount.Int(1)}}, {trade, escrow.Claimed{Role: high, Left: amount.Int(1)}},
		{trade, escrow.Settled{Outcome: high}}, {trade, escrow.Settled{Outcome: 5}},
		{disputed, escrow.Voted{By: high}}, {disputed, escrow.Voted{By: 3}}, {disputed, escrow.Voted{By: 2, SellerPpm: 1_000_001}}, {disputed, escrow.Silent{Roles: []escrow.Role{2, 3}}},
	} {
		if _, _, err := project(c.of, c.event, store.Point{Event: "e"}); !errors.Is(err, errUnreadable) {
			t.Errorf("%s %+v: %v", c.event.EventName(), c.event, err)
		}
	}
	if _, err := open(escrow.ID{}, "C", escrow.Opened{By: 2, Terms: terms}, store.Point{}); !errors.Is(err, errUnreadable) {
		t.Errorf("opened by an arbitrator: %v", err)
	}
	for _, e := range []escrow.Event{escrow.Voted{By: 2, SellerPpm: 1_000_000}, escrow.Silent{Roles: []escrow.Role{2}}, escrow.Parked{Role: 2, Amount: amount.Int(1)}} {
		if _, _, err := project(disputed, e, store.Point{}); err != nil {
			t.Errorf("%s %+v: %v", e.EventName(), e, err)
		}
	}
}

// TestEveryKindOfEventIsProjected sends each kind to a trade that cannot have it: only kinds that this program does not know may say so.
func TestEveryKindOfEventIsProjected(t *testing.T) {
	trade := &store.Trade{Terms: escrow.Terms{Milestones: make([]escrow.Milestone, 1)}, Milestones: []store.Milestone{{Dispute: &store.Dispute{}}}}
	for _, e := range append(tradeEvents, escrow.Paused{}) {
		_, _, err := project(trade, e, store.Point{})
		unknown := e.EventName() == "opened" || e.EventName() == "paused"
		if says := err != nil && errors.Is(err, errUnreadable) && strings.Contains(err.Error(), "not about a trade"); says != unknown {
			t.Errorf("%s: %v", e.EventName(), err)
		}
	}
}
