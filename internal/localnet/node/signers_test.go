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
	// The last ledger closed a whole number of five seconds ago; this one closes now or a second after it.
	now := max(w.Now().Unix(), last.CloseTime()+1)
	seq := int64(w.acc(main).SeqNum)
	p := w.params(main, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
	p.Preconditions = txnbuild.Preconditions{TimeBounds: txnbuild.NewTimebounds(now, now),
		LedgerBounds:      &txnbuild.LedgerBounds{MinLedger: last.Sequence() + 1, MaxLedger: last.Sequence() + 2},
		MinSequenceNumber: &seq, MinSequenceNumberAge: 500, MinSequenceNumberLedgerGap: 100, ExtraSigners: []string{extra.Address()}}
	w.must(w.signed(p, main, extra).ToXDR())
}
