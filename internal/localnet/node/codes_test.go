package node_test

import (
	"bytes"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// What is not valid is refused with the code that stellar-core gives, and changes nothing.
func TestRefusedTransactions(t *testing.T) {
	w := newWorld(t, node.Options{})
	payer, other, poor := w.account(), w.account(), keypair.MustRandom()
	w.must(w.tx(payer, &txnbuild.CreateAccount{Destination: poor.Address(), Amount: "1.00001"}))
	probe := w.probe(payer)
	count := func() xdr.TransactionEnvelope {
		return w.call(payer, scval.Call(probe, "count", scval.Address(accountAddress(payer))))
	}
	pay := &txnbuild.Payment{Destination: other.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}
	// change signs a payment again after changing it.
	change := func(f func(*xdr.Transaction), keys ...*keypair.Full) xdr.TransactionEnvelope {
		return w.resigned(w.tx(payer, pay), f, keys...)
	}
	withFee := func(e xdr.TransactionEnvelope, f func(*xdr.Transaction)) xdr.TransactionEnvelope {
		return w.resigned(e, f, payer)
	}
	bounds := func(b xdr.TimeBounds) func(*xdr.Transaction) {
		return func(t *xdr.Transaction) {
			t.Cond = xdr.Preconditions{Type: xdr.PreconditionTypePrecondTime, TimeBounds: &b}
		}
	}
	v2 := func(p xdr.PreconditionsV2) func(*xdr.Transaction) {
		return func(t *xdr.Transaction) { t.Cond = xdr.Preconditions{Type: xdr.PreconditionTypePrecondV2, V2: &p} }
	}
	last := w.Chain().Last()
	now := func() xdr.TimePoint { return xdr.TimePoint(w.Chain().Last().CloseTime() + 1) }
	for _, c := range []struct {
		name string
		tx   func() xdr.TransactionEnvelope
		want xdr.TransactionResultCode
		op   string
	}{
		{"sequence number skipped", func() xdr.TransactionEnvelope { return change(func(t *xdr.Transaction) { t.SeqNum++ }, payer) }, xdr.TransactionResultCodeTxBadSeq, ""},
		{"sequence number used", func() xdr.TransactionEnvelope { return change(func(t *xdr.Transaction) { t.SeqNum-- }, payer) }, xdr.TransactionResultCodeTxBadSeq, ""},
		{"too late by a second", func() xdr.TransactionEnvelope { return change(bounds(xdr.TimeBounds{MaxTime: now() - 1}), payer) }, xdr.TransactionResultCodeTxTooLate, ""},
		{"too late before it may be in a ledger, by a second", func() xdr.TransactionEnvelope {
			return change(bounds(xdr.TimeBounds{MaxTime: max(now(), xdr.TimePoint(w.Now().Unix())) + 9}), payer)
		}, xdr.TransactionResultCodeTxTooLate, ""},
		{"too early for the last ledger, by a second", func() xdr.TransactionEnvelope { return change(bounds(xdr.TimeBounds{MinTime: now()}), payer) }, xdr.TransactionResultCodeTxTooEarly, ""},
		{"ledger too late", func() xdr.TransactionEnvelope {
			return change(v2(xdr.PreconditionsV2{LedgerBounds: &xdr.LedgerBounds{MaxLedger: xdr.Uint32(last.Sequence())}}), payer)
		}, xdr.TransactionResultCodeTxTooLate, ""},
		{"ledger too early", func() xdr.TransactionEnvelope {
			return change(v2(xdr.PreconditionsV2{LedgerBounds: &xdr.LedgerBounds{MinLedger: 1 << 30}}), payer)
		}, xdr.TransactionResultCodeTxTooEarly, ""},
		{"sequence number too young", func() xdr.TransactionEnvelope { return change(v2(xdr.PreconditionsV2{MinSeqAge: 3600}), payer) }, xdr.TransactionResultCodeTxBadMinSeqAgeOrGap, ""},
		{"sequence number used too few ledgers ago", func() xdr.TransactionEnvelope {
			return change(v2(xdr.PreconditionsV2{MinSeqLedgerGap: 1000}), payer)
		}, xdr.TransactionResultCodeTxBadMinSeqAgeOrGap, ""},
		{"the same extra signer twice", func() xdr.TransactionEnvelope {
			k := xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypeEd25519, Ed25519: &xdr.Uint256{1}}
			return change(v2(xdr.PreconditionsV2{ExtraSigners: []xdr.SignerKey{k, k}}), payer)
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"extra signer has not signed", func() xdr.TransactionEnvelope {
			k := xdr.SignerKey{Type: xdr.SignerKeyTypeSignerKeyTypeEd25519, Ed25519: &xdr.Uint256{1}}
			return change(v2(xdr.PreconditionsV2{ExtraSigners: []xdr.SignerKey{k}}), payer)
		}, xdr.TransactionResultCodeTxBadAuth, ""},
		{"fee below 100 an operation", func() xdr.TransactionEnvelope { return change(func(t *xdr.Transaction) { t.Fee = 99 }, payer) }, xdr.TransactionResultCodeTxInsufficientFee, ""},
		{"not signed", func() xdr.TransactionEnvelope { return change(func(*xdr.Transaction) {}) }, xdr.TransactionResultCodeTxBadAuth, ""},
		{"signed by another", func() xdr.TransactionEnvelope { return change(func(*xdr.Transaction) {}, other) }, xdr.TransactionResultCodeTxBadAuth, ""},
		{"signed for another network", func() xdr.TransactionEnvelope {
			tx, err := txnbuild.NewTransaction(w.params(payer, pay))
			if err == nil {
				tx, err = tx.Sign("Public Global Stellar Network ; September 2015", payer)
			}
			if err != nil {
				t.Fatal(err)
			}
			return tx.ToXDR()
		}, xdr.TransactionResultCodeTxBadAuth, ""},
		{"signed by one too many", func() xdr.TransactionEnvelope { return change(func(*xdr.Transaction) {}, payer, other) }, xdr.TransactionResultCodeTxBadAuthExtra, ""},
		{"no such account", func() xdr.TransactionEnvelope {
			nobody := keypair.MustRandom()
			return change(func(t *xdr.Transaction) { t.SourceAccount = xdr.MustMuxedAddress(nobody.Address()) }, nobody)
		}, xdr.TransactionResultCodeTxNoAccount, ""},
		{"no operation", func() xdr.TransactionEnvelope { return change(func(t *xdr.Transaction) { t.Operations = nil }, payer) }, xdr.TransactionResultCodeTxMissingOperation, ""},
		{"reserve does not bear the fee", func() xdr.TransactionEnvelope {
			return w.resigned(w.tx(poor, pay), func(t *xdr.Transaction) { t.Fee = 200 }, poor)
		}, xdr.TransactionResultCodeTxInsufficientBalance, ""},
		{"contract resources without a contract", func() xdr.TransactionEnvelope {
			return change(func(t *xdr.Transaction) { t.Ext = xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{}} }, payer)
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"a contract without resources", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Ext = xdr.TransactionExt{} })
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"a contract beside a payment", func() xdr.TransactionEnvelope {
			op := w.tx(payer, pay).V1.Tx.Operations[0]
			return withFee(count(), func(t *xdr.Transaction) { t.Operations = append(t.Operations, op) })
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"a contract with a memo", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Memo = xdr.MemoText("hello") })
		}, xdr.TransactionResultCodeTxSorobanInvalid, ""},
		{"resource fee below what it costs", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Ext.SorobanData.ResourceFee = 1000 })
		}, xdr.TransactionResultCodeTxSorobanInvalid, ""},
		{"resource fee above the fee", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Ext.SorobanData.ResourceFee = xdr.Int64(t.Fee) + 1 })
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"resource fee below zero", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Ext.SorobanData.ResourceFee = -1 })
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"resource fee beyond all bounds", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Ext.SorobanData.ResourceFee = 1<<50 + 1 })
		}, xdr.TransactionResultCodeTxMalformed, ""},
		{"fee of a contract below the least beside its resources", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Fee = xdr.Uint32(t.Ext.SorobanData.ResourceFee) + 99 })
		}, xdr.TransactionResultCodeTxInsufficientFee, ""},
		{"signed, and a bit turned", func() xdr.TransactionEnvelope {
			e := change(func(*xdr.Transaction) {}, payer)
			e.V1.Signatures[0].Signature[5] ^= 1
			return e
		}, xdr.TransactionResultCodeTxBadAuth, ""},
		{"a good signature beside one that is of nobody", func() xdr.TransactionEnvelope {
			e := change(func(*xdr.Transaction) {}, payer)
			e.V1.Signatures = append(e.V1.Signatures, xdr.DecoratedSignature{Signature: make([]byte, 64)})
			return e
		}, xdr.TransactionResultCodeTxBadAuthExtra, ""},
		{"instructions above the limit", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) { t.Ext.SorobanData.Resources.Instructions = 400_000_001 })
		}, xdr.TransactionResultCodeTxSorobanInvalid, ""},
		{"a footprint with the same key twice", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) {
				fp := &t.Ext.SorobanData.Resources.Footprint
				fp.ReadOnly = append(fp.ReadOnly, fp.ReadOnly[0])
				t.Fee += 100_000
				t.Ext.SorobanData.ResourceFee += 100_000
			})
		}, xdr.TransactionResultCodeTxSorobanInvalid, ""},
		{"a footprint with a setting", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) {
				fp := &t.Ext.SorobanData.Resources.Footprint
				fp.ReadOnly = append(fp.ReadOnly, xdr.LedgerKey{Type: xdr.LedgerEntryTypeConfigSetting, ConfigSetting: &xdr.LedgerKeyConfigSetting{}})
			})
		}, xdr.TransactionResultCodeTxSorobanInvalid, ""},
		{"an archived index out of the footprint", func() xdr.TransactionEnvelope {
			return withFee(count(), func(t *xdr.Transaction) {
				t.Ext.SorobanData.Ext = xdr.SorobanTransactionDataExt{V: 1, ResourceExt: &xdr.SorobanResourcesExtV0{ArchivedSorobanEntries: []xdr.Uint32{9}}}
			})
		}, xdr.TransactionResultCodeTxSorobanInvalid, ""},
		{"an operation that does not exist here", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.ManageData{Name: "a", Value: []byte("b")})
		}, xdr.TransactionResultCodeTxFailed, "OperationResultCodeOpNotSupported"},
		{"an operation of somebody who has not signed", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.Payment{SourceAccount: other.Address(), Destination: payer.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
		}, xdr.TransactionResultCodeTxFailed, "OperationResultCodeOpBadAuth"},
		{"a payment of nothing", func() xdr.TransactionEnvelope {
			return change(func(t *xdr.Transaction) { t.Operations[0].Body.PaymentOp.Amount = 0 }, payer)
		}, xdr.TransactionResultCodeTxFailed, "PaymentResultCodePaymentMalformed"},
		{"a payment below nothing", func() xdr.TransactionEnvelope {
			return change(func(t *xdr.Transaction) { t.Operations[0].Body.PaymentOp.Amount = -1 }, payer)
		}, xdr.TransactionResultCodeTxFailed, "PaymentResultCodePaymentMalformed"},
		{"an asset code with a gap", func() xdr.TransactionEnvelope {
			return change(func(t *xdr.Transaction) {
				t.Operations[0].Body.PaymentOp.Asset = xdr.Asset{Type: xdr.AssetTypeAssetTypeCreditAlphanum4,
					AlphaNum4: &xdr.AlphaNum4{AssetCode: xdr.AssetCode4{'A', 0, 'B'}, Issuer: id(other)}}
			}, payer)
		}, xdr.TransactionResultCodeTxFailed, "PaymentResultCodePaymentMalformed"},
		{"a contract of 132 kB", func() xdr.TransactionEnvelope {
			wasm := bytes.Repeat([]byte{0}, 131_073)
			fn := xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &wasm}
			data := *count().V1.Tx.Ext.SorobanData
			data.ResourceFee = 50_000_000
			return w.tx(payer, &txnbuild.InvokeHostFunction{HostFunction: fn, Ext: xdr.TransactionExt{V: 1, SorobanData: &data}})
		}, xdr.TransactionResultCodeTxFailed, "InvokeHostFunctionResultCodeInvokeHostFunctionSuccess"},
		{"an extension beyond the longest life", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.ExtendFootprintTtl{ExtendTo: 3_110_400, Ext: xdr.TransactionExt{V: 1,
				SorobanData: &xdr.SorobanTransactionData{ResourceFee: 10_000_000}}})
		}, xdr.TransactionResultCodeTxFailed, "ExtendFootprintTtlResultCodeExtendFootprintTtlMalformed"},
		{"a restored account", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.RestoreFootprint{Ext: xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{ResourceFee: 10_000_000,
				Resources: xdr.SorobanResources{Footprint: xdr.LedgerFootprint{ReadWrite: []xdr.LedgerKey{{Type: xdr.LedgerEntryTypeAccount,
					Account: &xdr.LedgerKeyAccount{AccountId: id(payer)}}}}}}}})
		}, xdr.TransactionResultCodeTxFailed, "RestoreFootprintResultCodeRestoreFootprintMalformed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := w.Chain().Last()
			r, applied := w.result(c.tx())
			if got, op := codes(r); applied || got != c.want || op != c.op {
				t.Errorf("got %v %s (applied: %v), want %v %s", got, op, applied, c.want, c.op)
			}
			if _, err := xdr.MarshalBase64(r); err != nil {
				t.Errorf("the result cannot be told: %v", err)
			}
			if after := w.Chain().Last(); after.Hash != before.Hash {
				t.Errorf("a ledger was closed: %d after %d", after.Sequence(), before.Sequence())
			}
		})
	}
}

// resigned changes a transaction and signs it by keys alone.
func (w *world) resigned(e xdr.TransactionEnvelope, f func(*xdr.Transaction), keys ...*keypair.Full) xdr.TransactionEnvelope {
	w.t.Helper()
	f(&e.V1.Tx)
	e.V1.Signatures = nil
	w.sign(&e, keys...)
	return e
}

// What is valid but fails takes its fee and its sequence number, and nothing else happens.
func TestFailedTransactions(t *testing.T) {
	w := newWorld(t, node.Options{})
	payer, holder, stranger := w.account(), w.holder(5), w.account()
	frozen := w.holder(5)
	if _, err := w.FreezeUSDC(t.Context(), frozen.Address(), true); err != nil {
		t.Fatal(err)
	}
	probe := w.probe(payer)
	usdc := w.asset()
	xlm := txnbuild.NativeAsset{}
	nobody := keypair.MustRandom().Address()
	pay := func(from, to string, amount string, asset txnbuild.Asset) func() xdr.TransactionEnvelope {
		return func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.Payment{SourceAccount: from, Destination: to, Amount: amount, Asset: asset}, w.keys(from, payer, holder, frozen, stranger)...)
		}
	}
	for _, c := range []struct {
		name, op string
		tx       func() xdr.TransactionEnvelope
	}{
		{"pay nobody", "PaymentNoDestination", pay(payer.Address(), nobody, "1", xlm)},
		{"pay more than there is", "PaymentUnderfunded", pay(payer.Address(), holder.Address(), "100000", xlm)},
		{"pay without a trustline", "PaymentSrcNoTrust", pay(payer.Address(), holder.Address(), "0.0000001", usdc)},
		{"pay to none", "PaymentNoTrust", pay(holder.Address(), stranger.Address(), "0.0000001", usdc)},
		{"pay more than held", "PaymentUnderfunded", pay(holder.Address(), w.Issuer().Address(), "0.0000006", usdc)},
		{"pay from frozen", "PaymentSrcNotAuthorized", pay(frozen.Address(), holder.Address(), "0.0000001", usdc)},
		{"pay to frozen", "PaymentNotAuthorized", pay(holder.Address(), frozen.Address(), "0.0000001", usdc)},
		{"account that exists", "CreateAccountAlreadyExist", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.CreateAccount{Destination: holder.Address(), Amount: "5"})
		}},
		{"account below the reserve", "CreateAccountLowReserve", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.CreateAccount{Destination: nobody, Amount: "0.9"})
		}},
		{"account with more than there is", "CreateAccountUnderfunded", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.CreateAccount{Destination: nobody, Amount: "1000000"})
		}},
		{"trust nobody", "ChangeTrustNoIssuer", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: txnbuild.CreditAsset{Code: "ABC", Issuer: nobody}}})
		}},
		{"trust less than held", "ChangeTrustInvalidLimit", func() xdr.TransactionEnvelope {
			return w.tx(holder, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: usdc}, Limit: "0.0000004"})
		}},
		{"unfreeze somebody without trustline", "SetTrustLineFlagsNoTrustLine", func() xdr.TransactionEnvelope {
			return w.tx(w.Issuer(), &txnbuild.SetTrustLineFlags{Trustor: stranger.Address(), Asset: usdc, SetFlags: []txnbuild.TrustLineFlag{txnbuild.TrustLineAuthorized}})
		}},
		{"clawback without revocable", "SetOptionsAuthRevocableRequired", func() xdr.TransactionEnvelope {
			return w.tx(payer, &txnbuild.SetOptions{SetFlags: []txnbuild.AccountFlag{txnbuild.AuthClawbackEnabled}})
		}},
		{"contract that refuses", "InvokeHostFunctionTrapped", func() xdr.TransactionEnvelope { return w.doomed(payer, probe, "refuse", 0) }},
		{"contract that panics", "InvokeHostFunctionTrapped", func() xdr.TransactionEnvelope { return w.doomed(payer, probe, "panics", 0) }},
		// The interpreter stops just before the limit is passed, so this is no exceeded limit; nor is it on a real node.
		{"contract that loops", "InvokeHostFunctionTrapped", func() xdr.TransactionEnvelope {
			return w.doomed(payer, probe, "spin", 0, scval.U32(1<<30))
		}},
		{"fewer instructions declared than used", "InvokeHostFunctionResourceLimitExceeded", func() xdr.TransactionEnvelope {
			return w.doomed(payer, probe, "count", 100_000, scval.Address(accountAddress(payer)))
		}},
		{"contract that eats memory", "InvokeHostFunctionResourceLimitExceeded", func() xdr.TransactionEnvelope {
			return w.doomed(payer, probe, "hoard", 399_000_000, scval.U32(30))
		}},
		{"footprint without what is read", "InvokeHostFunctionTrapped", func() xdr.TransactionEnvelope {
			return w.call(payer, scval.Call(probe, "keep", scval.U32(3), scval.Bytes([]byte("x"))), func(op *txnbuild.InvokeHostFunction) {
				op.Ext.SorobanData.Resources.Footprint.ReadWrite = nil
			})
		}},
		{"fewer bytes declared than written", "InvokeHostFunctionResourceLimitExceeded", func() xdr.TransactionEnvelope {
			return w.call(payer, scval.Call(probe, "keep", scval.U32(3), scval.Bytes(make([]byte, 500))), func(op *txnbuild.InvokeHostFunction) {
				op.Ext.SorobanData.Resources.WriteBytes = 400
			})
		}},
		{"resource fee without the rent", "InvokeHostFunctionInsufficientRefundableFee", func() xdr.TransactionEnvelope {
			return w.call(payer, scval.Call(probe, "keep", scval.U32(4), scval.Bytes(make([]byte, 5000))), func(op *txnbuild.InvokeHostFunction) {
				op.Ext.SorobanData.ResourceFee /= 2
			})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := c.tx()
			source := e.SourceAccount()
			key := source.ToAccountId()
			before, state := w.accountOf(key), w.hash(key)
			r, applied := w.result(e)
			if tx, op := codes(r); !applied || tx != xdr.TransactionResultCodeTxFailed || !bytes.HasSuffix([]byte(op), []byte(c.op)) {
				t.Errorf("got %v %s (applied: %v), want txFAILED ...%s", tx, op, applied, c.op)
			}
			after := w.accountOf(key)
			if after.SeqNum != before.SeqNum+1 || after.Balance != before.Balance-r.FeeCharged || r.FeeCharged < 100 {
				t.Errorf("sequence %d after %d, balance %d after %d, fee %d", after.SeqNum, before.SeqNum, after.Balance, before.Balance, r.FeeCharged)
			}
			if w.hash(key) != state {
				t.Error("something else has changed")
			}
		})
	}
	if o := w.must(w.call(payer, scval.Call(probe, "count", scval.Address(accountAddress(payer))))); *o.Meta.V4.SorobanMeta.ReturnValue.U32 != 41 {
		t.Errorf("the contract counts %v after all that, want 41", o.Meta.V4.SorobanMeta.ReturnValue)
	}
}

// Fee bumps: who pays, and what must hold.
func TestFeeBump(t *testing.T) {
	w := newWorld(t, node.Options{})
	user, sponsor := w.account(), w.account()
	inner := func(fee int64) *txnbuild.Transaction {
		p := w.params(user, &txnbuild.BumpSequence{})
		p.Operations = []txnbuild.Operation{&txnbuild.Payment{Destination: sponsor.Address(), Amount: "1", Asset: txnbuild.NativeAsset{}}}
		p.BaseFee = fee
		return w.signed(p, user)
	}
	bump := func(in *txnbuild.Transaction, fee int64, keys ...*keypair.Full) xdr.TransactionEnvelope {
		b, err := txnbuild.NewFeeBumpTransaction(txnbuild.FeeBumpTransactionParams{Inner: in, FeeAccount: sponsor.Address(), BaseFee: max(fee, in.BaseFee())})
		if err == nil {
			b, err = b.Sign(w.Passphrase(), keys...)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.ToXDR()
	}
	before, userBefore := w.acc(sponsor).Balance, w.acc(user).Balance
	o := w.must(bump(inner(100), 300, sponsor))
	if o.Result.Result.Code != xdr.TransactionResultCodeTxFeeBumpInnerSuccess || o.Result.FeeCharged != 200 {
		t.Errorf("got %v, fee %d; want FeeBumpInnerSuccess, 200", o.Result.Result.Code, o.Result.FeeCharged)
	}
	if got := w.acc(sponsor).Balance - before; got != 1_0000000-200 {
		t.Errorf("the sponsor's balance changed by %d, want 9999800", got)
	}
	if got := w.acc(user).Balance - userBefore; got != -1_0000000 {
		t.Errorf("the user's balance changed by %d, want -10000000", got)
	}
	for _, c := range []struct {
		name string
		tx   xdr.TransactionEnvelope
		want xdr.TransactionResultCode
	}{
		{"sponsor has not signed", bump(inner(100), 200, user), xdr.TransactionResultCodeTxBadAuth},
		{"signed by one too many", bump(inner(100), 200, sponsor, user), xdr.TransactionResultCodeTxBadAuthExtra},
		{"inner one not signed", w.bumped(bump(inner(100), 200, sponsor), sponsor, func(f *xdr.FeeBumpTransaction) { f.InnerTx.V1.Signatures = nil }), xdr.TransactionResultCodeTxBadAuth},
		{"bid below the inner one's", w.bumped(bump(inner(500), 500, sponsor), sponsor, func(f *xdr.FeeBumpTransaction) { f.Fee = 900 }), xdr.TransactionResultCodeTxInsufficientFee},
		{"fee below the least", w.bumped(bump(inner(100), 200, sponsor), sponsor, func(f *xdr.FeeBumpTransaction) { f.Fee = 199 }), xdr.TransactionResultCodeTxInsufficientFee},
		{"fee below zero", w.bumped(bump(inner(100), 200, sponsor), sponsor, func(f *xdr.FeeBumpTransaction) { f.Fee = -1 }), xdr.TransactionResultCodeTxMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, applied := w.result(c.tx)
			if got, _ := codes(r); applied || got != c.want {
				t.Errorf("got %v (applied: %v), want %v", got, applied, c.want)
			}
		})
	}
}
