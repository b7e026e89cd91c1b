package localnet_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// params are those of one call, by the names that the schema has for them.
type params map[string]any

// schemaCalls makes a network in which something has happened, and lists calls of each method about it.
func schemaCalls(t *testing.T, n *localnet.Network, s *stranger) map[string][]params {
	t.Helper()
	_, _, contract := n.USDC()
	a, b := s.holder(n, "100"), s.holder(n, "")
	probe := s.probe(a)
	transfer := func(amount int64) xdr.HostFunction {
		return scval.Call(scval.MustContract(contract), "transfer", scval.Address(accountAddress(a)), scval.Address(accountAddress(b)), scval.I128(amount))
	}
	_, moved := s.call(a, transfer(5))
	s.call(a, scval.Call(probe, "keep", scval.U32(1), scval.Bytes([]byte("x"))))
	refused := s.send(s.assembled(a, scval.Call(probe, "count", scval.Address(accountAddress(a))), func(op *txnbuild.InvokeHostFunction) {
		op.HostFunction = scval.Call(probe, "refuse")
	}))
	paid := s.mustSend(s.sign(a, s.build(a, &txnbuild.Payment{Destination: b.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}), a))
	if _, err := n.Advance(30 * time.Hour); err != nil { // what was kept is archived
		t.Fatal(err)
	}
	envelope := func(source *keypair.Full, sign bool, op txnbuild.Operation) string {
		tx := s.build(source, op)
		if sign {
			tx = s.sign(source, tx, source)
		}
		text, err := tx.Base64()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	key := func(k xdr.LedgerKey) string {
		text, err := k.MarshalBinaryBase64()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	code, issuer, _ := n.USDC()
	call := func(name string, args ...xdr.ScVal) txnbuild.Operation {
		return &txnbuild.InvokeHostFunction{HostFunction: scval.Call(probe, name, args...)}
	}
	topic, err := xdr.MarshalBase64(scval.Symbol("transfer"))
	if err != nil {
		t.Fatal(err)
	}
	events := params{"startLedger": 2, "filters": []params{{"type": "contract", "contractIds": []string{contract}, "topics": [][]string{{topic, "**"}}}}}
	tooMuch, err := s.assembled(b, scval.Call(probe, "count", scval.Address(accountAddress(b))), func(op *txnbuild.InvokeHostFunction) {
		op.Ext.SorobanData.Resources.Instructions = 400_000_001
	}).Base64()
	if err != nil {
		t.Fatal(err)
	}
	return map[string][]params{
		"getHealth": {{}}, "getNetwork": {{}}, "getVersionInfo": {{}}, "getLatestLedger": {{}}, "getFeeStats": {{}},
		"getLedgers": {{"startLedger": 2}, {"startLedger": 2, "pagination": params{"limit": 3}, "xdrFormat": "base64"}},
		"getLedgerEntries": {
			{"keys": []string{key(accountKey(a)), key(trustlineKey(a, xdr.MustNewCreditAsset(code, issuer)))}},
			{"keys": []string{key(probeKey(probe, "Kept", 1))}, "xdrFormat": "base64"},
			{"keys": []string{key(probeKey(probe, "Kept", 2))}}, // is not there
		},
		"getTransaction": {{"hash": moved.TransactionHash}, {"hash": refused.TransactionHash}, {"hash": paid.TransactionHash},
			{"hash": strings.Repeat("0", 64)}},
		"getTransactions": {{"startLedger": 2}, {"startLedger": 2, "pagination": params{"limit": 2}}},
		"getEvents":       {{"startLedger": 2}, events, {"startLedger": 2, "endLedger": 3, "pagination": params{"limit": 1}}},
		"simulateTransaction": {
			{"transaction": envelope(a, false, &txnbuild.InvokeHostFunction{HostFunction: transfer(1)})},
			{"transaction": envelope(b, false, &txnbuild.InvokeHostFunction{HostFunction: transfer(1)}), "resourceConfig": params{"instructionLeeway": 1000}, "authMode": "record"},
			{"transaction": envelope(a, false, call("keep", scval.U32(1), scval.Bytes([]byte("y"))))},
			{"transaction": envelope(a, false, call("keep", scval.U32(2), scval.Bytes([]byte("y"))))},
			{"transaction": envelope(a, false, call("forget", scval.U32(1)))},
			{"transaction": envelope(a, false, call("refuse"))},
			{"transaction": envelope(a, false, &txnbuild.ExtendFootprintTtl{ExtendTo: 30_000, Ext: declaring([]xdr.LedgerKey{probeKey(probe, "Kept", 1)}, nil)})},
		},
		"sendTransaction": {
			{"transaction": envelope(a, true, &txnbuild.Payment{Destination: b.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})},
			{"transaction": envelope(b, false, &txnbuild.Payment{Destination: a.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})},
			{"transaction": tooMuch},
		},
	}
}

// assembled is a call that is simulated, changed, and signed by its source.
func (s *stranger) assembled(source *keypair.Full, fn xdr.HostFunction, change func(*txnbuild.InvokeHostFunction)) *txnbuild.Transaction {
	s.t.Helper()
	sim := s.simulate(source, fn)
	if sim.Error != "" {
		s.t.Fatalf("simulate: %s", sim.Error)
	}
	op := &txnbuild.InvokeHostFunction{HostFunction: fn, Ext: resources(s.t, sim.TransactionDataXDR)}
	op.Ext.SorobanData.ResourceFee += 100_000
	change(op)
	return s.sign(source, s.build(source, op), source)
}
