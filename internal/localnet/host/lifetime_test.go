package host

import (
	"errors"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// kept is the key of the probe's entry with an id.
func (s *stage) kept(id uint32) xdr.LedgerKey {
	name := xdr.ScSymbol("Kept")
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{Contract: s.probe,
		Key: scval.Vec(xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &name}, scval.U32(id)), Durability: xdr.ContractDataDurabilityPersistent}}
}

// past moves the ledger beyond the lifetime of everything written so far, but keeps code and instance alive.
func (s *stage) past(key xdr.LedgerKey) {
	s.t.Helper()
	gone := s.entries[string(s.encode(key))].LiveUntil
	s.info.Sequence = gone + 1
	for k, e := range s.entries {
		if e.HasTTL && k != string(s.encode(key)) {
			e.LiveUntil = gone + 1000
			s.entries[k] = e
		}
	}
}

func TestArchivedEntryIsRestored(t *testing.T) {
	s := newStage(t, compiler)
	s.must(s.bob, scval.Call(s.probe, "keep", scval.U32(1), scval.Bytes([]byte("value"))))
	fn := scval.Call(s.probe, "kept", scval.U32(1))
	before := s.simulate(s.bob, fn)
	s.past(s.kept(1))

	_, err := s.host.Invoke(t.Context(), s.invokeRequest(s.bob, fn, before))
	var archived *EntryArchived
	if !errors.As(err, &archived) || string(s.encode(archived.Key)) != string(s.encode(s.kept(1))) {
		t.Fatalf("invoked with an archived entry: %v, want its key", err)
	}
	sim := s.simulate(s.bob, fn)
	if keys := sim.Archived(); len(keys) != 1 || string(s.encode(keys[0])) != string(s.encode(s.kept(1))) {
		t.Fatalf("the simulation restores %v, want the archived entry", keys)
	}
	res := s.invoke(s.invokeRequest(s.bob, fn, sim))
	if res.Failure != nil {
		t.Fatal(res.Failure.Text)
	}
	var restored *TTLChange
	for _, c := range res.Changes {
		if string(c.KeyXDR) == string(s.encode(s.kept(1))) {
			restored = c.TTL
		}
	}
	if want := (TTLChange{0, s.info.Sequence + 120_960 - 1}); restored == nil || *restored != want {
		t.Errorf("the lifetime changed by %+v, want %+v", restored, want)
	}
	if res.RentFee == 0 {
		t.Error("restoring cost no rent")
	}
	if v := *res.Value; v.Type != xdr.ScValTypeScvBytes || string(*v.Bytes) != "value" {
		t.Errorf("restored as %+v", v)
	}
}

func TestTemporaryEntryGoes(t *testing.T) {
	s := newStage(t, compiler)
	s.must(s.bob, scval.Call(s.probe, "lend", scval.U32(1), scval.U32(5)))
	fn := scval.Call(s.probe, "lend", scval.U32(1), scval.U32(6))
	sim := s.simulate(s.bob, fn)
	if sim.Modified[0].Before == nil {
		t.Fatal("the temporary entry is not there")
	}
	s.info.Sequence += 720
	if after := s.simulate(s.bob, fn); after.Modified[0].Before != nil || after.Archived() != nil {
		t.Errorf("after its lifetime: %+v, restored %v", after.Modified[0].Before, after.Archived())
	}
	if res := s.invoke(s.invokeRequest(s.bob, fn, sim)); res.Failure != nil {
		t.Errorf("a footprint that names a temporary entry that is gone: %s", res.Failure.Text)
	}
}

// What the operations ExtendFootprintTTL and RestoreFootprint declare and pay agrees with what a contract's own call pays.
func TestRent(t *testing.T) {
	s := newStage(t, compiler)
	s.must(s.bob, scval.Call(s.probe, "keep", scval.U32(1), scval.Bytes(make([]byte, 500))))
	key := s.kept(1)
	entry := s.entries[string(s.encode(key))]
	until := s.info.Sequence + 200_000

	res := s.invoke(s.invokeRequest(s.bob, scval.Call(s.probe, "extend", scval.U32(1), scval.U32(200_000)), s.simulate(s.bob, scval.Call(s.probe, "extend", scval.U32(1), scval.U32(200_000)))))
	fee, err := s.host.RentFee(t.Context(), s.info.Sequence, []RentChange{{EntryXDR: entry.XDR, Before: entry.LiveUntil, After: until}})
	if err != nil || fee == 0 || fee != res.RentFee {
		t.Errorf("rent %d (%v), want what the contract's call pays: %d", fee, err, res.RentFee)
	}
	var extended *Change
	for i, c := range res.Changes {
		if c.TTL != nil && c.TTL.After > c.TTL.Before {
			extended = &res.Changes[i]
		}
	}
	if extended == nil || !extended.ReadOnly || extended.Removed() || extended.Entry != nil || *extended.TTL != (TTLChange{entry.LiveUntil, until}) {
		t.Errorf("extended %+v, want a lifetime from %d to %d and nothing else", extended, entry.LiveUntil, until)
	}

	data, err := s.host.SimulateExtend(t.Context(), s.info, []xdr.LedgerKey{key}, 200_000)
	if err != nil || len(data.Resources.Footprint.ReadOnly) != 1 || int64(data.ResourceFee) <= fee {
		t.Errorf("extending declares %+v (%v), want one entry and more than the rent of %d", data, err, fee)
	}
	short, err := s.host.SimulateExtend(t.Context(), s.info, []xdr.LedgerKey{key}, 10)
	if err != nil || short.Resources.Footprint.ReadOnly != nil {
		t.Errorf("extending by less than it lives declares %+v (%v), want no entry", short, err)
	}
	live, err := s.host.SimulateRestore(t.Context(), s.info, []xdr.LedgerKey{key})
	if err != nil || live.Resources.Footprint.ReadWrite != nil {
		t.Errorf("restoring what is live declares %+v (%v), want no entry", live, err)
	}

	s.past(key)
	if _, err := s.host.SimulateExtend(t.Context(), s.info, []xdr.LedgerKey{key}, 200_000); !refusedWith(err, "must be restored") {
		t.Errorf("extending an archived entry: %v", err)
	}
	data, err = s.host.SimulateRestore(t.Context(), s.info, []xdr.LedgerKey{key})
	if err != nil || len(data.Resources.Footprint.ReadWrite) != 1 || int(data.Resources.WriteBytes) != len(entry.XDR) {
		t.Errorf("restoring declares %+v (%v), want one entry of %d bytes", data.Resources, err, len(entry.XDR))
	}
	fee, err = s.host.RentFee(t.Context(), s.info.Sequence, []RentChange{{EntryXDR: entry.XDR, Before: 0, After: s.info.Sequence + 120_960 - 1}})
	kept := scval.Call(s.probe, "kept", scval.U32(1))
	restored := s.invoke(s.invokeRequest(s.bob, kept, s.simulate(s.bob, kept)))
	if err != nil || fee != restored.RentFee {
		t.Errorf("rent of restoring %d (%v), want what a call that restores pays: %d", fee, err, restored.RentFee)
	}
}

func TestRentRefuses(t *testing.T) {
	s := newStage(t, compiler)
	var accountKey xdr.LedgerKey
	if err := accountKey.SetAccount(xdr.MustAddress(s.ann.Address())); err != nil {
		t.Fatal(err)
	}
	annXDR := s.entries[string(s.encode(accountKey))].XDR
	for _, c := range []struct {
		name, want string
		do         func() error
	}{
		{"rent of an account", "has no lifetime", func() error {
			_, err := s.host.RentFee(t.Context(), 1, []RentChange{{EntryXDR: annXDR, After: 5}})
			return err
		}},
		{"rent of no entry", "an entry:", func() error {
			_, err := s.host.RentFee(t.Context(), 1, []RentChange{{EntryXDR: []byte{1}, After: 5}})
			return err
		}},
		{"extending an account", "Can't extend TTL", func() error {
			_, err := s.host.SimulateExtend(t.Context(), s.info, []xdr.LedgerKey{accountKey}, 5)
			return err
		}},
		{"extending beyond the last ledger", "beyond the last ledger", func() error {
			_, err := s.host.SimulateExtend(t.Context(), s.info, []xdr.LedgerKey{s.kept(1)}, 1<<32-1)
			return err
		}},
		{"restoring nothing", "Missing entry to restore", func() error {
			_, err := s.host.SimulateRestore(t.Context(), s.info, []xdr.LedgerKey{s.kept(77)})
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			running := s.host.running
			if err := c.do(); !refusedWith(err, c.want) {
				t.Errorf("%v, want it refused with %q", err, c.want)
			}
			if s.host.running != running {
				t.Error("the instance did not survive")
			}
		})
	}
}

func refusedWith(err error, text string) bool {
	var r *Refused
	return errors.As(err, &r) && strings.Contains(r.Reason, text)
}

// The rates of the settings above: 7 stroops for 10,000 instructions, up, and so on.
func TestResourceFee(t *testing.T) {
	w := newWorld(t, compiler)
	for _, c := range []struct {
		name              string
		q                 Resources
		fixed, refundable int64
	}{
		{"nothing", Resources{}, (4059*300 + 1023) / 1024, 0}, // a result goes into history in any case
		{"instructions", Resources{Instructions: 10_001}, 8 + 1190, 0},
		{"entries", Resources{DiskReadEntries: 2, WriteEntries: 3}, 2*1563 + 3*2500 + 1190, 0},
		{"bytes", Resources{DiskReadBytes: 1024, WriteBytes: 2048}, 447 + 2*875 + 1190, 0},
		{"events", Resources{EventBytes: 2048}, 1190, 10_000},
		{"transaction", Resources{TransactionBytes: 724}, (4059*1024)/1024 + (406*724+1023)/1024, 0},
	} {
		fixed, refundable, err := w.host.ResourceFee(t.Context(), c.q)
		if err != nil || fixed != c.fixed || refundable != c.refundable {
			t.Errorf("%s: %d and %d (%v), want %d and %d", c.name, fixed, refundable, err, c.fixed, c.refundable)
		}
	}
}
