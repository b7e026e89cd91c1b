package node_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

func threshold(n txnbuild.Threshold) *txnbuild.Threshold { return &n }

// An account of two of three: weights, thresholds by kind of operation, signers added, changed and taken away.
func TestMultisig(t *testing.T) {
	w := newWorld(t, node.Options{})
	main, second, third := w.account(), keypair.MustRandom(), keypair.MustRandom()
	setup := w.params(main,
		&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: second.Address(), Weight: 1}},
		&txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: third.Address(), Weight: 1}},
		&txnbuild.SetOptions{LowThreshold: threshold(1), MediumThreshold: threshold(2), HighThreshold: threshold(3)})
	w.must(w.signed(setup, main).ToXDR())
	if a := w.acc(main); a.NumSubEntries != 2 || len(a.Signers) != 2 {
		t.Fatalf("%d subentries, %d signers", a.NumSubEntries, len(a.Signers))
	}
	pay := &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}
	raise := &txnbuild.SetOptions{HighThreshold: threshold(3)}
	for _, c := range []struct {
		name string
		op   txnbuild.Operation
		keys []*keypair.Full
		want string
	}{
		{"payment, one of two", pay, []*keypair.Full{main}, "OperationResultCodeOpBadAuth"},
		{"payment, two of two without the master key", pay, []*keypair.Full{second, third}, ""},
		{"payment, one key too many", pay, []*keypair.Full{main, second, third}, "extra"},
		{"thresholds, two of three", raise, []*keypair.Full{main, second}, "OperationResultCodeOpBadAuth"},
		{"thresholds, three of three", raise, []*keypair.Full{main, second, third}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := w.result(w.signed(w.params(main, c.op), c.keys...).ToXDR())
			tx, op := codes(r)
			switch c.want {
			case "":
				if tx != xdr.TransactionResultCodeTxSuccess {
					t.Errorf("got %v %s, want success", tx, op)
				}
			case "extra":
				if tx != xdr.TransactionResultCodeTxBadAuthExtra {
					t.Errorf("got %v, want txBAD_AUTH_EXTRA", tx)
				}
			default:
				if op != c.want {
					t.Errorf("got %v %s, want %s", tx, op, c.want)
				}
			}
		})
	}
	w.must(w.signed(w.params(main, &txnbuild.SetOptions{MasterWeight: threshold(0), Signer: &txnbuild.Signer{Address: second.Address(), Weight: 3}}), main, second, third).ToXDR())
	w.must(w.signed(w.params(main, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: third.Address(), Weight: 0}}), second).ToXDR())
	if a := w.acc(main); a.NumSubEntries != 1 || len(a.Signers) != 1 || a.Thresholds[0] != 0 {
		t.Errorf("%d subentries, %d signers, master weight %d", a.NumSubEntries, len(a.Signers), a.Thresholds[0])
	}
	if r, applied := w.result(w.tx(main, pay)); applied {
		t.Errorf("a master key of weight 0 signed: %v", r.Result.Code)
	}
}

// A node verifies a thousand signatures of a transaction that is handed in, and no more: here twenty for each operation, and one before them.
func TestVerificationsAreBounded(t *testing.T) {
	w := newWorld(t, node.Options{})
	main, sponsor := w.account(), w.account()
	keys := []*keypair.Full{main}
	var setup []txnbuild.Operation
	for range 19 {
		k := keypair.MustRandom()
		keys = append(keys, k)
		setup = append(setup, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: k.Address(), Weight: 1}})
	}
	setup = append(setup, &txnbuild.SetOptions{MediumThreshold: threshold(20), HighThreshold: threshold(20)})
	w.must(w.signed(w.params(main, setup...), main).ToXDR())
	domain := "example.org"
	many := func(n int) xdr.TransactionEnvelope {
		var ops []txnbuild.Operation
		for range n {
			ops = append(ops, &txnbuild.SetOptions{HomeDomain: &domain})
		}
		return w.signed(w.params(main, ops...), keys...).ToXDR()
	}
	for name, e := range map[string]xdr.TransactionEnvelope{"by itself": many(50), "in a fee bump": w.bump(many(50), sponsor, 5100)} {
		r, applied := w.result(e)
		if applied {
			t.Fatalf("%s, 1,001 verifications: it is applied", name)
		}
		if r.Result.InnerResultPair != nil {
			r.Result.Results = r.Result.InnerResultPair.Result.Result.Results
		}
		results, ok := r.OperationResults()
		if r.Result.InnerResultPair == nil && !ok || len(*r.Result.Results) != 50 {
			t.Fatalf("%s: %v, %d results", name, r.Result.Code, len(results))
		}
		for i, op := range *r.Result.Results {
			if bad := op.Code == xdr.OperationResultCodeOpBadAuth; bad != (i == 49) {
				t.Errorf("%s, operation %d: %v", name, i, op.Code)
			}
		}
	}
	w.must(many(49))
}

// Signers are no reason for an account to have extensions: it has them once it has used its sequence number.
func TestSignersOfAFreshAccount(t *testing.T) {
	w := newWorld(t, node.Options{})
	payer, fresh, signer := w.account(), w.account(), keypair.MustRandom()
	set := func(weight txnbuild.Threshold) *xdr.AccountEntry {
		w.must(w.tx(payer, &txnbuild.SetOptions{SourceAccount: fresh.Address(), Signer: &txnbuild.Signer{Address: signer.Address(), Weight: weight}}, fresh))
		return w.acc(fresh)
	}
	if a := set(1); a.Ext.V != 0 || len(a.Signers) != 1 {
		t.Errorf("a signer more: extension %d, %d signers, want 0 and 1", a.Ext.V, len(a.Signers))
	}
	if a := set(0); a.Ext.V != 0 || len(a.Signers) != 0 {
		t.Errorf("a signer less: extension %d, %d signers, want 0 and 0", a.Ext.V, len(a.Signers))
	}
	w.must(w.tx(fresh, &txnbuild.SetOptions{}))
	if v2 := set(1).Ext.V1.Ext.V2; len(v2.SignerSponsoringIDs) != 1 || v2.Ext.V3 == nil {
		t.Errorf("after its first transaction: %d sponsors' places for one signer", len(v2.SignerSponsoringIDs))
	}
}

// The other kinds of signers: a preimage, a transaction agreed to in advance (once), a signed payload.
func TestSpecialSigners(t *testing.T) {
	w := newWorld(t, node.Options{})
	main := w.account()
	pay := &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}

	preimage := []byte("open sesame, and not too short a phrase")
	hash := sha256.Sum256(preimage)
	w.must(w.tx(main, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: strkey.MustEncode(strkey.VersionByteHashX, hash[:]), Weight: 1}}))
	tx := w.signed(w.params(main, pay))
	tx, err := tx.SignHashX(preimage)
	if err != nil {
		t.Fatal(err)
	}
	w.must(tx.ToXDR())

	p := w.params(main, pay)
	account := p.SourceAccount.(*txnbuild.SimpleAccount)
	account.Sequence++ // the transaction after the one that agrees to it
	later := w.signed(p)
	agreed, err := later.Hash(w.Passphrase())
	if err != nil {
		t.Fatal(err)
	}
	w.must(w.tx(main, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: strkey.MustEncode(strkey.VersionByteHashTx, agreed[:]), Weight: 1}}))
	if n := w.acc(main).NumSubEntries; n != 2 {
		t.Errorf("%d subentries with two signers", n)
	}
	w.must(later.ToXDR())
	if a := w.acc(main); len(a.Signers) != 1 || a.NumSubEntries != 1 {
		t.Errorf("after its use the transaction's hash is still a signer: %d signers, %d subentries", len(a.Signers), a.NumSubEntries)
	}

	third := keypair.MustRandom()
	payload := []byte("a secret between us")
	signed, err := strkey.NewSignedPayload(third.Address(), payload)
	if err != nil {
		t.Fatal(err)
	}
	address, err := signed.Encode()
	if err != nil {
		t.Fatal(err)
	}
	w.must(w.tx(main, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: address, Weight: 1}}))
	e := w.signed(w.params(main, pay)).ToXDR()
	s, err := third.SignPayloadDecorated(payload)
	if err != nil {
		t.Fatal(err)
	}
	e.V1.Signatures = append(e.V1.Signatures, s)
	w.must(e)
}

// Preconditions that hold let a transaction through, to the second and to the ledger.
func TestPreconditionsHold(t *testing.T) {
	w := newWorld(t, node.Options{})
	main, extra := w.account(), keypair.MustRandom()
	w.must(w.tx(main, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}))
	w.clock.move(10 * time.Minute)
	last, err := w.Last()
	if err != nil {
		t.Fatal(err)
	}
	// The last ledger closed a whole number of five seconds ago; this one closes now or a second after it, and a node wants ten seconds from then.
	now := max(w.Now().Unix(), last.CloseTime()+1)
	seq := int64(w.acc(main).SeqNum)
	p := w.params(main, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
	p.Preconditions = txnbuild.Preconditions{TimeBounds: txnbuild.NewTimebounds(last.CloseTime(), now+10),
		LedgerBounds:      &txnbuild.LedgerBounds{MinLedger: last.Sequence() + 1, MaxLedger: last.Sequence() + 2},
		MinSequenceNumber: &seq, MinSequenceNumberAge: 500, MinSequenceNumberLedgerGap: 100, ExtraSigners: []string{extra.Address()}}
	w.must(w.signed(p, main, extra).ToXDR())
}
