package stellar_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stellar/go-stellar-sdk/xdr"
	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/binding"
)

// every names each of the rules' calls and events once; a test holds it against the contract's interface.
var (
	everyCall = []escrow.Call{
		escrow.CallOpen{}, escrow.CallAccept{}, escrow.CallFund{}, escrow.CallCancel{}, escrow.CallDeliver{}, escrow.CallRelease{},
		escrow.CallRefund{}, escrow.CallSettle{}, escrow.CallDispute{}, escrow.CallOffer{}, escrow.CallAcceptOffer{}, escrow.CallEvidence{},
		escrow.CallRule{}, escrow.CallAppeal{}, escrow.CallClaim{}, escrow.CallExtend{}, escrow.CallCollect{}, escrow.CallProposeFee{},
		escrow.CallCancelFee{}, escrow.CallPause{}, escrow.CallUnpause{}, escrow.CallProposeAdmin{}, escrow.CallAcceptAdmin{},
		escrow.CallSetAnchor{}, escrow.CallAnchor{},
	}
	everyEvent = []escrow.Event{
		escrow.Opened{}, escrow.Accepted{}, escrow.Funded{}, escrow.Cancelled{}, escrow.Delivered{}, escrow.Released{}, escrow.Refunded{},
		escrow.Disputed{}, escrow.Offered{}, escrow.Split{}, escrow.Evidence{}, escrow.Voted{}, escrow.Ruled{}, escrow.Appealed{},
		escrow.Settled{}, escrow.Silent{}, escrow.Costs{}, escrow.Ended{}, escrow.Parked{}, escrow.Claimed{}, escrow.Collected{},
		escrow.FeeProposed{}, escrow.FeeCancelled{}, escrow.Paused{}, escrow.AdminProposed{}, escrow.AdminChanged{}, escrow.AnchorSet{},
		escrow.Anchored{},
	}
	views = []string{"__constructor", "config", "owed", "trade"}
)

func TestRulesAndContractHaveTheSameNames(t *testing.T) {
	var calls, events []string
	for _, c := range everyCall {
		calls = append(calls, c.Function())
	}
	for _, e := range everyEvent {
		events = append(events, e.EventName())
	}
	calls = append(calls, views...)
	slices.Sort(calls)
	slices.Sort(events)
	if diff := cmp.Diff(calls, binding.Functions()); diff != "" {
		t.Errorf("calls of internal/escrow (-) and functions of the contract (+):\n%s", diff)
	}
	if diff := cmp.Diff(events, binding.EventNames()); diff != "" {
		t.Errorf("events of internal/escrow (-) and of the contract (+):\n%s", diff)
	}
	var codes, errs []string
	for _, c := range escrow.Codes() {
		codes = append(codes, c.String())
		if got := binding.EscrowError(c).String(); got != c.String() {
			t.Errorf("code %d is %s in the rules and %s in the contract", uint32(c), c, got)
		}
	}
	for _, e := range binding.EscrowErrors() {
		errs = append(errs, e.String())
	}
	if diff := cmp.Diff(codes, errs); diff != "" {
		t.Errorf("codes of internal/escrow (-) and of the contract (+):\n%s", diff)
	}
}

var (
	network  = mustNetwork("Test SDF Network ; September 2015")
	contract = stellar.Address{Contract: true, Key: [32]byte{1, 2, 3}}
)

func mustNetwork(passphrase string) stellar.Network {
	n, err := stellar.NewNetwork(passphrase)
	if err != nil {
		panic(err)
	}
	return n
}

// Whatever the rules can say survives the way to the wire and back, over real bytes; and has no field that the other side lacks.
func TestThereAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := drawn[escrow.Terms](t)
		value, err := stellar.EncodeTerms(terms)
		again(t, terms, err, func() (escrow.Terms, error) { return stellar.DecodeTerms(overTheWire(t, value)) })

		for _, zero := range everyCall {
			call := drawnLike(t, zero)
			args, err := stellar.EncodeCall(contract, call)
			if err != nil {
				t.Fatalf("encode %+v: %v", call, err)
			}
			if got, want := len(args.Args), reflect.TypeOf(call).NumField(); got != want {
				t.Fatalf("%s has %d arguments on the wire and %d in the rules", call.Function(), got, want)
			}
			var back xdr.InvokeContractArgs
			recode(t, args, &back)
			again(t, call, err, func() (escrow.Call, error) { return stellar.DecodeCall(contract, back) })
		}

		for _, zero := range everyEvent {
			event := stellar.Event{Event: drawnLike(t, zero)}
			topics := 1
			switch wire := reflect.ValueOf(binding.NewEvent(zero.EventName())).Elem(); {
			case wire.FieldByName("Trade").IsValid():
				id := escrow.ID(any32(t, "id"))
				event.Trade, topics = &id, 2
			case wire.FieldByName("Asset").IsValid():
				asset := escrow.Address(anyAddress(t, "asset").String())
				event.Asset, topics = &asset, 2
			}
			wire, err := stellar.EncodeEvent(contract, event)
			if err != nil {
				t.Fatalf("encode %+v: %v", event, err)
			}
			if got := len(wire.Body.V0.Topics); got != topics {
				t.Fatalf("%s has %d topics, not %d", zero.EventName(), got, topics)
			}
			if got, want := len(**wire.Body.V0.Data.Vec), len(escrow.Fields(event.Event)); got != want {
				t.Fatalf("%s has %d fields on the wire and %d in the rules", zero.EventName(), got, want)
			}
			var back xdr.ContractEvent
			recode(t, wire, &back)
			again(t, event, err, func() (stellar.Event, error) { return stellar.DecodeEvent(contract, back) })
		}
	})
}

func drawnLike[T any](t *rapid.T, zero T) T {
	v := reflect.New(reflect.TypeOf(zero)).Elem()
	fill(t, v.Type().Name(), v)
	return v.Interface().(T)
}

func again[T any](t *rapid.T, want T, encodeErr error, decode func() (T, error)) {
	t.Helper()
	if encodeErr != nil {
		t.Fatalf("encode %+v: %v", want, encodeErr)
	}
	got, err := decode()
	if err != nil {
		t.Fatalf("decode what was encoded of %+v: %v", want, err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(amount.Int128{})); diff != "" {
		t.Fatalf("not the same after the way there and back (-before +after):\n%s", diff)
	}
}

type tester interface {
	Helper()
	Fatalf(string, ...any)
}

// recode sends a value through its bytes.
func recode(t tester, from interface{ MarshalBinary() ([]byte, error) }, to interface{ UnmarshalBinary([]byte) error }) {
	t.Helper()
	raw, err := from.MarshalBinary()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	if err := xdr.SafeUnmarshal(raw, to); err != nil {
		t.Fatalf("decode: %v", err)
	}
}

func overTheWire(t tester, v xdr.ScVal) xdr.ScVal {
	var back xdr.ScVal
	recode(t, v, &back)
	return back
}

// The views' answers are decoded only; the contract's side of them is written by the generated types.
func TestViews(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		trade := drawn[binding.Trade](t)
		got, err := stellar.DecodeTrade(trade.ScVal())
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Milestones) != len(trade.Milestones) || uint32(got.Stage) != trade.Stage || got.Bonds[escrow.Seller] != trade.Bonds.Second ||
			len(got.Parked) != len(trade.Parked) {
			t.Fatalf("%+v was read as %+v", trade, got)
		}
		for i, p := range trade.Parked {
			if uint32(got.Parked[i].Role) != p.First || got.Parked[i].Amount != p.Second {
				t.Fatalf("parked %+v was read as %+v", p, got.Parked[i])
			}
		}
		for i, m := range trade.Milestones {
			g := got.Milestones[i]
			if g.Left != m.Left || g.DeliveredAt != m.DeliveredAt || (g.Dispute == nil) != (m.Dispute == nil) ||
				(g.Offers[0] == nil) != (m.Offers.First == nil) || (g.Offers[1] == nil) != (m.Offers.Second == nil) {
				t.Fatalf("milestone %+v was read as %+v", m, g)
			}
			if m.Dispute == nil {
				continue
			}
			for j, v := range m.Dispute.Votes {
				if uint32(g.Dispute.Votes[j].Role) != v.First || g.Dispute.Votes[j].SellerPpm != v.Second {
					t.Fatalf("vote %+v was read as %+v", v, g.Dispute.Votes[j])
				}
			}
		}
		config := drawn[binding.Config](t)
		c, err := stellar.DecodeConfig(config.ScVal())
		if err != nil {
			t.Fatal(err)
		}
		if string(c.Admin) != config.Admin.String() || c.Anchored.Seq != config.Anchored.First || [32]byte(c.Anchored.Hash) != config.Anchored.Second ||
			c.Limits != escrow.Limits(config.Limits) {
			t.Fatalf("%+v was read as %+v", config, c)
		}
		owed := drawn[binding.Owed](t)
		if o, err := stellar.DecodeOwed(owed.ScVal()); err != nil || o != escrow.Owed(owed) {
			t.Fatalf("%+v was read as %+v, %v", owed, o, err)
		}
	})
	if trade, err := stellar.DecodeTrade(xdr.ScVal{Type: xdr.ScValTypeScvVoid}); err != nil || trade != nil {
		t.Errorf("no trade was read as %+v, %v", trade, err)
	}
}
