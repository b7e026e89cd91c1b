package node_test

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/tx"
)

func (w *world) parse(e xdr.TransactionEnvelope) *tx.Frame {
	w.t.Helper()
	f, err := tx.Parse(e, w.Passphrase())
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

func (w *world) sign(e *xdr.TransactionEnvelope, keys ...*keypair.Full) {
	w.t.Helper()
	hash, err := network.HashTransactionInEnvelope(*e, w.Passphrase())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, k := range keys {
		s, err := k.SignDecorated(hash[:])
		if err != nil {
			w.t.Fatal(err)
		}
		if e.FeeBump != nil {
			e.FeeBump.Signatures = append(e.FeeBump.Signatures, s)
		} else {
			e.V1.Signatures = append(e.V1.Signatures, s)
		}
	}
}

// bumped changes a fee bump and signs it again.
func (w *world) bumped(e xdr.TransactionEnvelope, k *keypair.Full, f func(*xdr.FeeBumpTransaction)) xdr.TransactionEnvelope {
	w.t.Helper()
	f(&e.FeeBump.Tx)
	e.FeeBump.Signatures = nil
	w.sign(&e, k)
	return e
}

// keys finds the keys for an address that is not the first one's.
func (w *world) keys(address string, first *keypair.Full, others ...*keypair.Full) []*keypair.Full {
	for _, k := range others {
		if k.Address() == address && address != first.Address() {
			return []*keypair.Full{k}
		}
	}
	return nil
}

// doomed is a call that no simulation lets pass: the resources are those of another call, instructions are given if not 0.
func (w *world) doomed(source *keypair.Full, contract xdr.ScAddress, name string, instructions uint32, args ...xdr.ScVal) xdr.TransactionEnvelope {
	w.t.Helper()
	return w.call(source, scval.Call(contract, "count", scval.Address(accountAddress(source))), func(op *txnbuild.InvokeHostFunction) {
		op.HostFunction = scval.Call(contract, name, args...)
		if instructions > 0 {
			op.Ext.SorobanData.Resources.Instructions = xdr.Uint32(instructions)
		}
		op.Ext.SorobanData.ResourceFee += 1_000_000
	})
}

func (w *world) accountOf(id xdr.AccountId) *xdr.AccountEntry {
	w.t.Helper()
	return w.entry(ledger.AccountKey(id)).Data.Account
}

// hash is one of all entries but one account.
func (w *world) hash(but xdr.AccountId) [32]byte {
	all := w.all()
	delete(all, ledger.AccountKey(but))
	return hashOf(all)
}

// all is every entry.
func (w *world) all() map[ledger.Key][]byte {
	all := map[ledger.Key][]byte{}
	w.Chain().Each(func(k ledger.Key, e []byte) bool {
		all[k] = e
		return true
	})
	return all
}

func hashOf(all map[ledger.Key][]byte) [32]byte {
	sum := sha256.New()
	for _, k := range slices.Sorted(maps.Keys(all)) {
		for _, part := range [][]byte{[]byte(k), all[k]} {
			sum.Write(binary.BigEndian.AppendUint32(nil, uint32(len(part))))
			sum.Write(part)
		}
	}
	return [32]byte(sum.Sum(nil))
}

// waitQueued waits until n transactions are pending.
func (w *world) waitQueued(n int) {
	w.t.Helper()
	for range 10_000 {
		if w.Pending() == n {
			return
		}
		time.Sleep(time.Millisecond)
	}
	w.t.Fatalf("%d transactions are pending, want %d", w.Pending(), n)
}

func trustline(who xdr.AccountId, code, issuer string) ledger.Key {
	return ledger.TrustlineKey(who, xdr.MustNewCreditAsset(code, issuer))
}
