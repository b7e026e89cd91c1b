package localnet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

const (
	// shortLife is the least life of a persistent entry with shortLives, in ledgers: 28 hours.
	shortLife = 20_000
	// longestLife is the main network's: 180 days.
	longestLife = 3_110_400
)

var shortLives = localnettest.Lives(shortLife, longestLife)

// probeKey is the entry of the test contract's keep(id) or lend(id).
func probeKey(contract xdr.ScAddress, name string, id uint32) xdr.LedgerKey {
	durability := xdr.ContractDataDurabilityPersistent
	if name == "Lent" {
		durability = xdr.ContractDataDurabilityTemporary
	}
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: contract, Key: scval.Vec(scval.Symbol(name), scval.U32(id)), Durability: durability}}
}

// lifetimes asks for the lives of entries, as getLedgerEntries tells them: -1 for one that is not there.
func (s *stranger) lifetimes(keys ...xdr.LedgerKey) []int64 {
	s.t.Helper()
	var q protocol.GetLedgerEntriesRequest
	lives := map[string]int64{}
	for _, k := range keys {
		text, err := k.MarshalBinaryBase64()
		if err != nil {
			s.t.Fatal(err)
		}
		q.Keys, lives[text] = append(q.Keys, text), -1
	}
	res, err := s.c.GetLedgerEntries(s.t.Context(), q)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, e := range res.Entries {
		lives[e.KeyXDR] = int64(*e.LiveUntilLedgerSeq)
	}
	var list []int64
	for _, k := range q.Keys {
		list = append(list, lives[k])
	}
	return list
}

// simulateAny simulates one operation, whatever it is.
func (s *stranger) simulateAny(source *keypair.Full, mode string, op txnbuild.Operation) protocol.SimulateTransactionResponse {
	s.t.Helper()
	text, err := s.build(source, op).Base64()
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.c.SimulateTransaction(s.t.Context(), protocol.SimulateTransactionRequest{Transaction: text, AuthMode: mode})
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

// resources reads what a simulation says is to be declared.
func resources(t *testing.T, text string) (ext xdr.TransactionExt) {
	t.Helper()
	ext = xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{}}
	if err := xdr.SafeUnmarshalBase64(text, ext.SorobanData); err != nil {
		t.Fatalf("transaction data %q: %v", text, err)
	}
	return ext
}

func declaring(readOnly, readWrite []xdr.LedgerKey) xdr.TransactionExt {
	return xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{
		Resources: xdr.SorobanResources{Footprint: xdr.LedgerFootprint{ReadOnly: readOnly, ReadWrite: readWrite}}}}
}

// A client extends and restores by what simulations say, as the SDKs do: with archived keys among those to be extended, the answer has a
// preamble that restores them, and the extension itself counts them as restored.
func TestLifetimesByRPCClient(t *testing.T) {
	n := open(t, localnet.Options{Settings: shortLives})
	s := newStranger(t, n)
	user := s.account()
	probe := s.probe(user)
	keep := func(id uint32) {
		s.call(user, scval.Call(probe, "keep", scval.U32(id), scval.Bytes(make([]byte, 300))))
	}
	old, young, missing, lent := probeKey(probe, "Kept", 1), probeKey(probe, "Kept", 2), probeKey(probe, "Kept", 3), probeKey(probe, "Lent", 1)
	keep(1)
	s.call(user, scval.Call(probe, "lend", scval.U32(1), scval.U32(1)))
	if _, err := n.Advance(30 * time.Hour); err != nil {
		t.Fatal(err)
	}
	keep(2) // which restores the contract, too
	if got := s.lifetimes(old, missing, lent); got[0] != 0 || got[1] != -1 || got[2] != -1 {
		t.Errorf("lives of an archived, a missing and an expired temporary entry: %v, want 0, none, none", got)
	}

	const to = 30_000
	sim := s.simulateAny(user, "", &txnbuild.ExtendFootprintTtl{ExtendTo: to, Ext: declaring([]xdr.LedgerKey{old, young, missing, lent}, nil)})
	if sim.Error != "" || sim.RestorePreamble == nil {
		t.Fatalf("simulating the extension: %q, preamble %v", sim.Error, sim.RestorePreamble)
	}
	first, then := resources(t, sim.RestorePreamble.TransactionDataXDR), resources(t, sim.TransactionDataXDR)
	if fp := first.SorobanData.Resources.Footprint; len(fp.ReadWrite) != 1 || len(fp.ReadOnly) != 0 || sim.RestorePreamble.MinResourceFee != int64(first.SorobanData.ResourceFee) {
		t.Errorf("the preamble: %d entries to write, %d to read, fee %d", len(fp.ReadWrite), len(fp.ReadOnly), sim.RestorePreamble.MinResourceFee)
	}
	if fp := then.SorobanData.Resources.Footprint; len(fp.ReadOnly) != 2 || len(fp.ReadWrite) != 0 || sim.MinResourceFee != int64(then.SorobanData.ResourceFee) {
		t.Errorf("the extension: %d entries to read, %d to write, fee %d", len(fp.ReadOnly), len(fp.ReadWrite), sim.MinResourceFee)
	}
	restored := s.mustSend(s.sign(user, s.build(user, &txnbuild.RestoreFootprint{Ext: first}), user))
	if got := s.lifetimes(old)[0]; got != int64(restored.Ledger)+shortLife-1 {
		t.Errorf("restored in ledger %d, the entry lives until %d", restored.Ledger, got)
	}
	extended := s.mustSend(s.sign(user, s.build(user, &txnbuild.ExtendFootprintTtl{ExtendTo: to, Ext: then}), user))
	if got := s.lifetimes(old, young); got[0] != int64(extended.Ledger)+to || got[1] != got[0] {
		t.Errorf("extended in ledger %d by %d, the entries live until %v", extended.Ledger, to, got)
	}

	// What lives long enough is left out, also when nothing remains.
	sim = s.simulateAny(user, "", &txnbuild.ExtendFootprintTtl{ExtendTo: 100, Ext: declaring([]xdr.LedgerKey{old, young}, nil)})
	if fp := resources(t, sim.TransactionDataXDR).SorobanData.Resources.Footprint; sim.Error != "" || len(fp.ReadOnly) != 0 {
		t.Errorf("extending what lives longer: %q, %d entries", sim.Error, len(fp.ReadOnly))
	}
	sim = s.simulateAny(user, "", &txnbuild.RestoreFootprint{Ext: declaring(nil, []xdr.LedgerKey{old, young})})
	if fp := resources(t, sim.TransactionDataXDR).SorobanData.Resources.Footprint; sim.Error != "" || len(fp.ReadWrite) != 0 {
		t.Errorf("restoring what lives: %q, %d entries", sim.Error, len(fp.ReadWrite))
	}

	// A call needs no preamble: it restores what it reads (CAP-66).
	if _, err := n.Advance(60 * time.Hour); err != nil {
		t.Fatal(err)
	}
	sim = s.simulate(user, scval.Call(probe, "kept", scval.U32(2)))
	if sim.Error != "" || sim.RestorePreamble != nil {
		t.Fatalf("simulating a call on archived entries: %q, preamble %v", sim.Error, sim.RestorePreamble)
	}
	if list := resources(t, sim.TransactionDataXDR).SorobanData.Ext.ResourceExt; list == nil || len(list.ArchivedSorobanEntries) != 3 {
		t.Errorf("archived entries that the call restores: %v, want instance, code and data", list)
	}
	if v, res := s.call(user, scval.Call(probe, "kept", scval.U32(2))); v.Bytes == nil || s.lifetimes(young)[0] != int64(res.Ledger)+shortLife-1 {
		t.Errorf("the call returned %v, and the entry lives until %d", v, s.lifetimes(young)[0])
	}
}

// What cannot be simulated is told in the real server's words, in the result's error.
func TestSimulationsRefused(t *testing.T) {
	n := open(t, localnet.Options{})
	s := newStranger(t, n)
	user := s.account()
	probe := s.probe(user)
	count := &txnbuild.InvokeHostFunction{HostFunction: scval.Call(probe, "count", scval.Address(accountAddress(user)))}
	authorised := *count
	authorised.Auth = []xdr.SorobanAuthorizationEntry{{Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount},
		RootInvocation: xdr.SorobanAuthorizedInvocation{Function: xdr.SorobanAuthorizedFunction{
			Type:       xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeContractFn,
			ContractFn: count.HostFunction.InvokeContract}}}}
	missing, lent := probeKey(probe, "Kept", 1), probeKey(probe, "Lent", 1)
	for _, c := range []struct {
		name, mode, want string
		op               txnbuild.Operation
	}{
		{"a payment", "", "transaction contains unsupported operation type: OperationTypePayment", &txnbuild.Payment{Destination: user.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}},
		{"a mode that is none", "trust_me", "optional 'authMode' must be one of enforce,record,record_allow_nonroot when included", count},
		{"recording what is given", "record", "cannot set authMode to 'record' with an auth footprint", &authorised},
		{"a mode for an extension", "record", "cannot set authMode with non-InvokeHostFunction operations", &txnbuild.ExtendFootprintTtl{ExtendTo: 1, Ext: declaring(nil, nil)}},
		{"an extension without footprint", "", "To perform a SimulateTransaction for ExtendFootprintTtl or RestoreFootprint operations, SorobanTransactionData must be provided", &txnbuild.ExtendFootprintTtl{ExtendTo: 1}},
		{"a restoration without footprint", "", "To perform a SimulateTransaction for ExtendFootprintTtl or RestoreFootprint operations, SorobanTransactionData must be provided", &txnbuild.RestoreFootprint{}},
		{"restoring what is not there", "", "Missing entry to restore for key ContractData(", &txnbuild.RestoreFootprint{Ext: declaring(nil, []xdr.LedgerKey{missing})}},
		{"restoring what is temporary", "", "Only persistent ledger entries with TTL can be restored.", &txnbuild.RestoreFootprint{Ext: declaring(nil, []xdr.LedgerKey{lent})}},
		{"restoring an account", "", "Can't restore a ledger entry with key: Account(", &txnbuild.RestoreFootprint{Ext: declaring(nil, []xdr.LedgerKey{accountKey(user)})}},
	} {
		t.Run(c.name, func(t *testing.T) {
			sim := s.simulateAny(user, c.mode, c.op)
			if !strings.Contains(sim.Error, c.want) || sim.TransactionDataXDR != "" || sim.MinResourceFee != 0 {
				t.Errorf("got %q, want %q (data %q, fee %d)", sim.Error, c.want, sim.TransactionDataXDR, sim.MinResourceFee)
			}
		})
	}
}
