package node_test

import (
	"crypto/sha256"
	"os"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// said is what the error events among diagnostics say, the newest last.
func said(list []xdr.DiagnosticEvent) (texts []string) {
	for _, d := range list {
		body := d.Event.Body.V0
		if len(body.Topics) == 0 || body.Topics[0].Sym == nil || *body.Topics[0].Sym != "error" {
			continue
		}
		data := body.Data
		if data.Vec != nil && len(**data.Vec) > 0 {
			data = (**data.Vec)[0]
		}
		if data.Str != nil {
			texts = append(texts, string(*data.Str))
		}
	}
	return texts
}

// dataKey is a persistent or temporary key of a contract that has nothing there. More make it so many bytes of XDR.
func dataKey(contract xdr.ScAddress, n int, durability xdr.ContractDataDurability, more int) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: contract, Key: scval.Vec(scval.U32(uint32(n)), scval.Bytes(make([]byte, more))), Durability: durability}}
}

func accountKey(n int) xdr.LedgerKey {
	key := xdr.Uint256{byte(n), byte(n >> 8), 1}
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount,
		Account: &xdr.LedgerKeyAccount{AccountId: xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key}}}
}

// What a transaction declares is held against each limit of the network: at the limit it is applied, one above it is not taken, with the
// text of stellar-core's checkSorobanResources.
func TestDeclaredLimits(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	count := func(change func(*xdr.Transaction)) xdr.TransactionEnvelope {
		return w.resigned(w.call(user, scval.Call(probe, "count", scval.Address(accountAddress(user)))), func(tx *xdr.Transaction) {
			tx.Ext.SorobanData.ResourceFee += 50_000_000
			tx.Fee += 50_000_000
			change(tx)
		}, user)
	}
	resources := func(f func(*xdr.SorobanResources, int)) func(int) xdr.TransactionEnvelope {
		return func(n int) xdr.TransactionEnvelope {
			return count(func(tx *xdr.Transaction) { f(&tx.Ext.SorobanData.Resources, n) })
		}
	}
	persistent := xdr.ContractDataDurabilityPersistent
	for _, c := range []struct {
		name  string
		limit int
		step  int // to the next larger one
		text  string
		tx    func(n int) xdr.TransactionEnvelope
	}{
		{"instructions", 400_000_000, 1, "transaction instructions resources exceed network config limit",
			resources(func(r *xdr.SorobanResources, n int) { r.Instructions = xdr.Uint32(n) })},
		{"bytes read", 200_000, 1, "transaction byte-read resources exceed network config limit",
			resources(func(r *xdr.SorobanResources, n int) { r.DiskReadBytes = xdr.Uint32(n) })},
		{"bytes written", 132_096, 1, "transaction byte-write resources exceed network config limit",
			resources(func(r *xdr.SorobanResources, n int) { r.WriteBytes = xdr.Uint32(n) })},
		{"entries", 400, 1, "the number of entries in transaction footprint exceeds the network config limit",
			resources(func(r *xdr.SorobanResources, n int) {
				for i := len(r.Footprint.ReadOnly) + len(r.Footprint.ReadWrite); i < n; i++ {
					r.Footprint.ReadOnly = append(r.Footprint.ReadOnly, dataKey(probe, i, persistent, 0))
				}
			})},
		{"entries read from disk", 200, 1, "transaction entry-disk-read resources exceed network config limit",
			resources(func(r *xdr.SorobanResources, n int) {
				for i := range n {
					r.Footprint.ReadOnly = append(r.Footprint.ReadOnly, accountKey(i))
				}
			})},
		{"entries written", 200, 1, "transaction entry-write resources exceed network config limit",
			resources(func(r *xdr.SorobanResources, n int) {
				for i := len(r.Footprint.ReadWrite); i < n; i++ {
					r.Footprint.ReadWrite = append(r.Footprint.ReadWrite, dataKey(probe, i, persistent, 0))
				}
			})},
		{"bytes of a key", 248, 4, "transaction footprint key exceeds network config limit", // 250; XDR counts by fours
			resources(func(r *xdr.SorobanResources, n int) {
				key := dataKey(probe, 1, persistent, n-sizeOf(dataKey(probe, 1, persistent, 0)))
				r.Footprint.ReadOnly = append(r.Footprint.ReadOnly, key)
			})},
		{"bytes of the transaction", 132_096, 4, "total transaction size exceeds network config limit", func(n int) xdr.TransactionEnvelope {
			pad := func(more int) xdr.TransactionEnvelope {
				return count(func(tx *xdr.Transaction) {
					args := &tx.Operations[0].Body.InvokeHostFunctionOp.HostFunction.InvokeContract.Args
					*args = append(*args, scval.Bytes(make([]byte, more)))
				})
			}
			return pad(n - sizeOf(pad(0)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r, applied := w.result(c.tx(c.limit)); !applied {
				t.Errorf("%d, the limit: got %v, want it applied", c.limit, r.Result.Code)
			}
			above := c.tx(c.limit + c.step)
			s, err := w.Send(t.Context(), w.parse(above))
			if err != nil {
				t.Fatal(err)
			}
			texts := said(s.Verdict.Diagnostics)
			if s.Status != node.StatusError || s.Verdict.Result.Result.Code != xdr.TransactionResultCodeTxSorobanInvalid || len(texts) != 1 || texts[0] != c.text {
				t.Errorf("%d, above the limit: got %s %v %q, want ERROR txSOROBAN_INVALID %q", c.limit+c.step, s.Status, s.Verdict.Result.Result.Code, texts, c.text)
			}
		})
	}
}

func sizeOf[T interface{ MarshalBinary() ([]byte, error) }](v T) int {
	raw, err := v.MarshalBinary()
	if err != nil {
		panic(err)
	}
	return len(raw)
}

// What else stands in a contract transaction and cannot be meant.
func TestDeclaredNonsense(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	code, issuer, _ := w.USDC()
	usdc := xdr.MustNewCreditAsset(code, issuer)
	trustline := func(id xdr.AccountId, a xdr.Asset) xdr.LedgerKey {
		return xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id, Asset: a.ToTrustLineAsset()}}
	}
	key := func(k xdr.LedgerKey) func(*xdr.Transaction) {
		return func(tx *xdr.Transaction) {
			fp := &tx.Ext.SorobanData.Resources.Footprint
			fp.ReadOnly = append(fp.ReadOnly, k)
		}
	}
	archived := func(indices ...xdr.Uint32) func(*xdr.Transaction) {
		return func(tx *xdr.Transaction) {
			fp := &tx.Ext.SorobanData.Resources.Footprint
			fp.ReadWrite = append(fp.ReadWrite, dataKey(probe, 1, xdr.ContractDataDurabilityTemporary, 0), dataKey(probe, 2, xdr.ContractDataDurabilityPersistent, 0), accountKey(1))
			tx.Ext.SorobanData.Ext = xdr.SorobanTransactionDataExt{V: 1, ResourceExt: &xdr.SorobanResourcesExtV0{ArchivedSorobanEntries: indices}}
		}
	}
	const unsupported = "transaction footprint contains unsupported ledger key type"
	const badLine = "transaction footprint contains invalid trustline asset"
	const memo = "Soroban transactions are not allowed to use memo or muxed source account"
	rows := []struct {
		name, text string
		change     func(*xdr.Transaction)
	}{
		{"an offer", unsupported, key(xdr.LedgerKey{Type: xdr.LedgerEntryTypeOffer, Offer: &xdr.LedgerKeyOffer{SellerId: id(user), OfferId: 1}})},
		{"an account's data", unsupported, key(xdr.LedgerKey{Type: xdr.LedgerEntryTypeData, Data: &xdr.LedgerKeyData{AccountId: id(user), DataName: "x"}})},
		{"a claimable balance", unsupported, key(xdr.LedgerKey{Type: xdr.LedgerEntryTypeClaimableBalance, ClaimableBalance: &xdr.LedgerKeyClaimableBalance{
			BalanceId: xdr.ClaimableBalanceId{Type: xdr.ClaimableBalanceIdTypeClaimableBalanceIdTypeV0, V0: &xdr.Hash{1}}}})},
		{"a pool", unsupported, key(xdr.LedgerKey{Type: xdr.LedgerEntryTypeLiquidityPool, LiquidityPool: &xdr.LedgerKeyLiquidityPool{LiquidityPoolId: xdr.PoolId{1}}})},
		{"a lifetime", unsupported, key(xdr.LedgerKey{Type: xdr.LedgerEntryTypeTtl, Ttl: &xdr.LedgerKeyTtl{KeyHash: xdr.Hash{1}}})},
		{"a trustline to lumens", badLine, key(trustline(id(user), xdr.MustNewNativeAsset()))},
		{"the issuer's trustline", badLine, key(trustline(xdr.MustAddress(issuer), usdc))},
		{"a trustline to an asset without name", badLine, key(trustline(id(user), xdr.Asset{Type: xdr.AssetTypeAssetTypeCreditAlphanum4, AlphaNum4: &xdr.AlphaNum4{Issuer: id(user)}}))},
		{"restored entries out of order", "archivedSorobanEntries must be sorted in ascending order", archived(2, 0)},
		{"the same restored entry twice", "archivedSorobanEntries must be sorted in ascending order", archived(2, 2)},
		{"a restored entry that is not there", "archivedSorobanEntries index is out of bounds", archived(4)},
		{"a restored temporary entry", "archivedSorobanEntries index points to a non-persistent entry", archived(1)},
		{"a restored account", "archivedSorobanEntries index points to a non-persistent entry", archived(3)},
		{"a memo", memo, func(tx *xdr.Transaction) { tx.Memo = xdr.MemoText("x") }},
		{"a muxed source", memo, func(tx *xdr.Transaction) { tx.SourceAccount = muxed(user.Address(), 7) }},
		{"a muxed source of the operation", memo, func(tx *xdr.Transaction) { m := muxed(user.Address(), 7); tx.Operations[0].SourceAccount = &m }},
		{"the same entry read and written", "Found duplicate key in the Soroban footprint; every key across read-only and read-write footprints has to be unique.",
			func(tx *xdr.Transaction) { key(tx.Ext.SorobanData.Resources.Footprint.ReadWrite[0])(tx) }},
		{"less than the resources cost", "transaction `sorobanData.resourceFee` is lower than the actual Soroban resource fee",
			func(tx *xdr.Transaction) { tx.Ext.SorobanData.ResourceFee = 1000 }},
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			e := w.resigned(w.call(user, scval.Call(probe, "count", scval.Address(accountAddress(user)))), func(tx *xdr.Transaction) {
				tx.Ext.SorobanData.ResourceFee += 1_000_000
				tx.Fee += 1_000_000
				c.change(tx)
			}, user)
			s, err := w.Send(t.Context(), w.parse(e))
			if err != nil {
				t.Fatal(err)
			}
			texts := said(s.Verdict.Diagnostics)
			if s.Status != node.StatusError || s.Verdict.Result.Result.Code != xdr.TransactionResultCodeTxSorobanInvalid || len(texts) != 1 || texts[0] != c.text {
				t.Errorf("got %s %v %q, want ERROR txSOROBAN_INVALID %q", s.Status, s.Verdict.Result.Result.Code, texts, c.text)
			}
		})
	}
}

// A pool's share may be named in a footprint, though here is none.
func TestPoolShareInAFootprint(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	call := w.call(user, scval.Call(w.probe(user), "count", scval.Address(accountAddress(user))))
	w.must(w.resigned(call, func(tx *xdr.Transaction) {
		fp := &tx.Ext.SorobanData.Resources.Footprint
		fp.ReadOnly = append(fp.ReadOnly, xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline, TrustLine: &xdr.LedgerKeyTrustLine{AccountId: id(user),
			Asset: xdr.TrustLineAsset{Type: xdr.AssetTypeAssetTypePoolShare, LiquidityPoolId: &xdr.PoolId{1}}}})
		tx.Ext.SorobanData.ResourceFee += 1_000_000
		tx.Fee += 1_000_000
	}, user))
}

func muxed(address string, n uint64) xdr.MuxedAccount {
	m, err := xdr.MuxedAccountFromAccountId(address, n)
	if err != nil {
		panic(err)
	}
	return m
}

// What an operation takes beyond what it declares, or beyond what the network allows, fails when it is applied.
func TestUsedLimits(t *testing.T) {
	w := newWorld(t, node.Options{})
	user := w.account()
	probe := w.probe(user)
	holder, other := w.holder(1_000), w.holder(0)
	_, _, contract := w.USDC()
	call := func(name string, args ...xdr.ScVal) xdr.HostFunction { return scval.Call(probe, name, args...) }
	bytesOf := func(n int) xdr.ScVal { return scval.Bytes(make([]byte, n)) }
	transfer := scval.Call(scval.MustContract(contract), "transfer", scval.Address(accountAddress(holder)), scval.Address(accountAddress(other)), scval.I128(1))
	change := func(f func(*xdr.SorobanResources)) func(*txnbuild.InvokeHostFunction) {
		return func(op *txnbuild.InvokeHostFunction) {
			f(&op.Ext.SorobanData.Resources)
			op.Ext.SorobanData.ResourceFee += 100_000
		}
	}
	more := change(func(*xdr.SorobanResources) {})
	// An entry of 65,536 bytes, the most there can be, holds so many of keep's.
	w.must(w.call(user, call("keep", scval.U32(9), bytesOf(1000))))
	// The same of code: a section that says nothing makes a module larger. XDR counts by fours.
	wasm, err := os.ReadFile("../host/testdata/probe.wasm")
	if err != nil {
		t.Fatal(err)
	}
	upload := func(size int) xdr.HostFunction {
		padded := append(wasm[:len(wasm):len(wasm)], 0) // a custom section, then its length in LEB128, of three bytes, and a name without letters
		n := size - len(wasm) - 4
		padded = append(padded, byte(n)|0x80, byte(n>>7)|0x80, byte(n>>14), 0)
		padded = append(padded, make([]byte, n-1)...)
		return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &padded}
	}
	code := *upload(len(wasm) + 1000).Wasm
	w.must(w.call(user, upload(len(code))))
	hash := xdr.Hash(sha256.Sum256(code))
	largest := 131_072 - sizeOf(w.entry(ledger.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractCode, ContractCode: &xdr.LedgerKeyContractCode{Hash: hash}}))) + (len(code)+3)/4*4
	whole := 65_536 - sizeOf(w.entry(keepKey(probe, "Kept", 9))) + 1000
	for _, c := range []struct {
		name string
		ok   bool
		code string
		text string
		tx   func() xdr.TransactionEnvelope
	}{
		{"instructions declared too few", false, "ResourceLimitExceeded", "operation instructions exceeds amount specified", func() xdr.TransactionEnvelope {
			return w.doomed(user, probe, "count", 100_000, scval.Address(accountAddress(user)))
		}},
		{"memory", false, "ResourceLimitExceeded", "operation memory usage exceeds network config limit", func() xdr.TransactionEnvelope {
			return w.doomed(user, probe, "hoard", 399_000_000, scval.U32(30))
		}},
		{"bytes read declared too few", false, "ResourceLimitExceeded", "operation byte-read resources exceeds amount specified", func() xdr.TransactionEnvelope {
			return w.call(holder, transfer, change(func(r *xdr.SorobanResources) { r.DiskReadBytes-- }))
		}},
		{"bytes read declared to the byte", true, "Success", "", func() xdr.TransactionEnvelope { return w.call(holder, transfer, more) }},
		{"bytes written declared too few", false, "ResourceLimitExceeded", "operation byte-write resources exceeds amount specified", func() xdr.TransactionEnvelope {
			return w.call(user, call("keep", scval.U32(3), bytesOf(500)), change(func(r *xdr.SorobanResources) { r.WriteBytes-- }))
		}},
		{"bytes written declared to the byte", true, "Success", "", func() xdr.TransactionEnvelope {
			return w.call(user, call("keep", scval.U32(3), bytesOf(500)), more)
		}},
		{"a footprint without the entry read", false, "Trapped", "trying to access contract data key outside of the footprint", func() xdr.TransactionEnvelope {
			return w.call(user, call("kept", scval.U32(3)), change(func(r *xdr.SorobanResources) {
				fp := &r.Footprint
				for i, k := range fp.ReadOnly {
					if k.ContractData != nil && k.ContractData.Key.Vec != nil {
						fp.ReadOnly = append(fp.ReadOnly[:i:i], fp.ReadOnly[i+1:]...)
						return
					}
				}
			}))
		}},
		{"an entry declared as read is written", false, "Trapped", "trying to access contract data key outside of the footprint", func() xdr.TransactionEnvelope {
			return w.call(user, call("keep", scval.U32(3), bytesOf(500)), change(func(r *xdr.SorobanResources) {
				r.Footprint.ReadOnly, r.Footprint.ReadWrite = append(r.Footprint.ReadOnly, r.Footprint.ReadWrite...), nil
			}))
		}},
		{"an entry of the largest size", true, "Success", "", func() xdr.TransactionEnvelope {
			return w.call(user, call("keep", scval.U32(9), bytesOf(whole)), more)
		}},
		{"an entry above the largest size", false, "ResourceLimitExceeded", "ContractData size exceeds network config maximum size", func() xdr.TransactionEnvelope {
			return w.call(user, call("keep", scval.U32(9), bytesOf(whole+1)), more)
		}},
		{"code of the largest size", true, "Success", "", func() xdr.TransactionEnvelope { return w.call(user, upload(largest), more) }},
		{"code above the largest size", false, "ResourceLimitExceeded", "Wasm size exceeds network config maximum contract size", func() xdr.TransactionEnvelope {
			return w.call(user, upload(largest+4), more)
		}},
		{"events", true, "Success", "", func() xdr.TransactionEnvelope { return w.call(user, call("shout", scval.U32(15), bytesOf(900)), more) }},
		{"more events than allowed", false, "ResourceLimitExceeded", "total events size exceeds network config maximum", func() xdr.TransactionEnvelope {
			return w.call(user, call("shout", scval.U32(17), bytesOf(900)), more)
		}},
		{"one event larger than all may be", false, "ResourceLimitExceeded", "total events size exceeds network config maximum", func() xdr.TransactionEnvelope {
			return w.call(user, call("shout", scval.U32(1), bytesOf(16_384)), more)
		}},
		{"a returned value of the largest size", true, "Success", "", func() xdr.TransactionEnvelope { return w.call(user, call("echo", bytesOf(16_376)), more) }},
		{"a returned value above that", false, "ResourceLimitExceeded", "return value pushes events size above network config maximum", func() xdr.TransactionEnvelope {
			return w.call(user, call("echo", bytesOf(16_377)), more)
		}},
		{"rent that the fee does not cover", false, "InsufficientRefundableFee", "refundable resource fee was not sufficient to cover the ledger storage rent: {} > {}", func() xdr.TransactionEnvelope {
			return w.call(user, call("keep", scval.U32(4), bytesOf(5000)), func(op *txnbuild.InvokeHostFunction) { op.Ext.SorobanData.ResourceFee /= 2 })
		}},
		{"a call that comes back in", false, "Trapped", "Contract re-entry is not allowed", func() xdr.TransactionEnvelope {
			return w.doomed(user, probe, "chain", 0, scval.Vec(scval.Address(probe)))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, err := w.Submit(t.Context(), c.tx())
			if err != nil {
				t.Fatal(err)
			}
			_, op := codes(o.Result)
			texts := said(o.Meta.V4.DiagnosticEvents)
			if o.Successful() != c.ok || !strings.HasSuffix(op, "InvokeHostFunction"+c.code) || c.text != "" && !strings.Contains(strings.Join(texts, "\n"), c.text) {
				t.Errorf("got %s %q, want …%s %q", op, texts, c.code, c.text)
			}
		})
	}
}

// A ledger takes no more than its limits allow, each by itself: two transactions of which one has used it up are in two ledgers.
func TestEachLedgerLimit(t *testing.T) {
	for _, c := range []struct {
		name string
		one  func(*xdr.ConfigSettingEntry) // lets one transaction in
	}{
		{"none", func(*xdr.ConfigSettingEntry) {}},
		{"contract transactions", func(e *xdr.ConfigSettingEntry) {
			if s := e.ContractExecutionLanes; s != nil {
				e.ContractExecutionLanes = &xdr.ConfigSettingContractExecutionLanesV0{LedgerMaxTxCount: 1}
			}
		}},
		{"instructions", func(e *xdr.ConfigSettingEntry) {
			if s := e.ContractCompute; s != nil {
				few := *s
				few.LedgerMaxInstructions = 300_000
				e.ContractCompute = &few
			}
		}},
		{"bytes of transactions", func(e *xdr.ConfigSettingEntry) {
			if s := e.ContractBandwidth; s != nil {
				few := *s
				few.LedgerMaxTxsSizeBytes = 1000
				e.ContractBandwidth = &few
			}
		}},
		{"entries read", ledgerCost(func(s *xdr.ConfigSettingContractLedgerCostV0) { s.LedgerMaxDiskReadEntries = 3 })},
		{"bytes read", ledgerCost(func(s *xdr.ConfigSettingContractLedgerCostV0) { s.LedgerMaxDiskReadBytes = 300 })},
		{"entries written", ledgerCost(func(s *xdr.ConfigSettingContractLedgerCostV0) { s.LedgerMaxWriteLedgerEntries = 3 })},
		{"bytes written", ledgerCost(func(s *xdr.ConfigSettingContractLedgerCostV0) { s.LedgerMaxWriteBytes = 300 })},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, node.Options{Settings: func(cpu, memory xdr.ContractCostParams) settings.Network {
				n := settings.MainNetwork(cpu, memory)
				for i := range n.Entries {
					c.one(&n.Entries[i])
				}
				n, err := settings.New(c.name, n.Entries)
				if err != nil {
					panic(err)
				}
				return n
			}})
			_, _, contract := w.USDC()
			to := w.holder(0)
			var envelopes []xdr.TransactionEnvelope
			for range 2 {
				from := w.holder(10)
				envelopes = append(envelopes, w.call(from, scval.Call(scval.MustContract(contract), "transfer",
					scval.Address(accountAddress(from)), scval.Address(accountAddress(to)), scval.I128(1))))
			}
			w.Pause(func() {
				for _, e := range envelopes {
					if s, err := w.Send(t.Context(), w.parse(e)); err != nil || s.Status != node.StatusPending {
						t.Fatalf("sent: %v %v %v", s.Status, s.Verdict.Result.Result.Code, err)
					}
				}
			})
			w.waitQueued(0)
			first, _ := w.Chain().Transaction(w.parse(envelopes[0]).Hash)
			second, ok := w.Chain().Transaction(w.parse(envelopes[1]).Hash)
			want := first.Ledger + 1
			if c.name == "none" {
				want = first.Ledger
			}
			if !ok || second.Ledger != want {
				t.Errorf("the second is in ledger %d, the first in %d", second.Ledger, first.Ledger)
			}
		})
	}
}

// A fee bump counts as one operation more, and with the bytes of what is inside (stellar-core, FeeBumpTransactionFrame::getResources).
func TestFeeBumpsAmongALedgersLimits(t *testing.T) {
	w := newWorld(t, node.Options{})
	a := w.account()
	pay := w.tx(a, &txnbuild.Payment{Destination: w.Issuer().Address(), Amount: "1", Asset: txnbuild.NativeAsset{}})
	call := w.call(a, scval.Call(w.probe(a), "count", scval.Address(accountAddress(a))))
	much := settings.Limits{LedgerContractTxs: 1000, LedgerInstructions: 1 << 60, LedgerTxBytes: 1 << 30, LedgerDiskReadEntries: 1 << 30, LedgerDiskReadBytes: 1 << 30,
		LedgerWriteEntries: 1 << 30, LedgerWriteBytes: 1 << 30}
	few := much
	few.LedgerTxBytes = uint32(10 * w.parse(call).Size)
	for _, c := range []struct {
		name   string
		e      xdr.TransactionEnvelope
		limits settings.Limits
		want   int
	}{
		{"payments", pay, much, 1000},
		{"bumped payments", w.bump(pay, a, 200), much, 500},
		{"calls", call, much, 1000},
		{"bumped calls", w.bump(call, a, int64(call.V1.Tx.Fee)+200), much, 500},
		{"calls, by their bytes", call, few, 10},
		{"bumped calls, by their bytes", w.bump(call, a, int64(call.V1.Tx.Fee)+200), few, 10},
	} {
		if got := node.Fit(c.limits, w.parse(c.e)); got != c.want {
			t.Errorf("%s: a ledger takes %d, want %d", c.name, got, c.want)
		}
	}
}

func ledgerCost(f func(*xdr.ConfigSettingContractLedgerCostV0)) func(*xdr.ConfigSettingEntry) {
	return func(e *xdr.ConfigSettingEntry) {
		if s := e.ContractLedgerCost; s != nil {
			few := *s
			f(&few)
			e.ContractLedgerCost = &few
		}
	}
}
