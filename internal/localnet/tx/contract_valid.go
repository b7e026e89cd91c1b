package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// contractRules checks what holds for contract transactions alone: one operation, no memo, declared resources within the limits, a
// resource fee that covers them.
func (v *validation) contractRules() xdr.TransactionResultCode {
	f := v.f
	for i := range f.operations {
		if f.operations[i].contract() != f.Contract() || f.Contract() && len(f.operations) != 1 {
			return xdr.TransactionResultCodeTxMalformed
		}
	}
	if !f.Contract() {
		if f.tx.Ext.V != 0 {
			return xdr.TransactionResultCodeTxMalformed
		}
		return xdr.TransactionResultCodeTxSuccess
	}
	if !v.memoAllowed() || !v.resourcesAllowed() || !v.resourceFeeEnough() || !v.footprintUnique() {
		return xdr.TransactionResultCodeTxSorobanInvalid
	}
	return xdr.TransactionResultCodeTxSuccess
}

func (v *validation) memoAllowed() bool {
	op := v.f.operations[0]
	muxed := func(m xdr.MuxedAccount) bool { return m.Type == xdr.CryptoKeyTypeKeyTypeMuxedEd25519 }
	if op.Body.Type == xdr.OperationTypeInvokeHostFunction &&
		(v.f.tx.Memo.Type != xdr.MemoTypeMemoNone || muxed(v.f.tx.SourceAccount) || muxed(op.muxedSource())) {
		v.g.fault(xdr.ScErrorTypeSceValue, xdr.ScErrorCodeScecInvalidInput, "Soroban transactions are not allowed to use memo or muxed source account")
		return false
	}
	return true
}

func (v *validation) resourceFeeEnough() bool {
	if declared := v.f.resourceFee(); declared < v.fixed+v.refundable {
		v.g.exceeded(xdr.ScErrorTypeSceValue, "transaction `sorobanData.resourceFee` is lower than the actual Soroban resource fee", uint64(declared), uint64(v.fixed+v.refundable))
		return false
	}
	return true
}

func (v *validation) footprintUnique() bool {
	fp := v.f.Data().Resources.Footprint
	seen := map[string]bool{}
	for _, list := range [][]xdr.LedgerKey{fp.ReadOnly, fp.ReadWrite} {
		for _, k := range list {
			raw := string(encode(k))
			if seen[raw] {
				v.g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput,
					"Found duplicate key in the Soroban footprint; every key across read-only and read-write footprints has to be unique.")
				return false
			}
			seen[raw] = true
		}
	}
	return true
}

// resourcesAllowed compares what is declared with the network's limits.
func (v *validation) resourcesAllowed() bool {
	l, q := v.l.Limits, v.f.Data().Resources
	fp := q.Footprint
	for _, c := range []struct {
		got, limit uint64
		kind       xdr.ScErrorType
		text       string
	}{
		{uint64(q.Instructions), uint64(l.TxInstructions), xdr.ScErrorTypeSceBudget, "transaction instructions resources exceed network config limit"},
		{uint64(q.DiskReadBytes), uint64(l.TxDiskReadBytes), xdr.ScErrorTypeSceStorage, "transaction byte-read resources exceed network config limit"},
		{uint64(q.WriteBytes), uint64(l.TxWriteBytes), xdr.ScErrorTypeSceStorage, "transaction byte-write resources exceed network config limit"},
		{uint64(len(fp.ReadOnly) + len(fp.ReadWrite)), uint64(l.TxFootprintEntries), xdr.ScErrorTypeSceStorage, "the number of entries in transaction footprint exceeds the network config limit"},
		{uint64(v.f.DiskReads()), uint64(l.TxDiskReadEntries), xdr.ScErrorTypeSceStorage, "transaction entry-disk-read resources exceed network config limit"},
		{uint64(len(fp.ReadWrite)), uint64(l.TxWriteEntries), xdr.ScErrorTypeSceStorage, "transaction entry-write resources exceed network config limit"},
	} {
		if c.got > c.limit {
			v.g.exceeded(c.kind, c.text, c.got, c.limit)
			return false
		}
	}
	for _, list := range [][]xdr.LedgerKey{fp.ReadOnly, fp.ReadWrite} {
		for _, k := range list {
			if !v.keyAllowed(k) {
				return false
			}
		}
	}
	if v.f.innerSize > l.TxBytes {
		v.g.exceeded(xdr.ScErrorTypeSceBudget, "total transaction size exceeds network config limit", uint64(v.f.innerSize), uint64(l.TxBytes))
		return false
	}
	return v.archivedAllowed()
}

func (v *validation) keyAllowed(k xdr.LedgerKey) bool {
	switch k.Type {
	case xdr.LedgerEntryTypeAccount, xdr.LedgerEntryTypeContractData, xdr.LedgerEntryTypeContractCode:
	case xdr.LedgerEntryTypeTrustline:
		a := k.TrustLine.Asset
		if a.Type == xdr.AssetTypeAssetTypePoolShare { // one that is never there, and may be named
			break
		}
		asset := xdr.Asset{Type: a.Type, AlphaNum4: a.AlphaNum4, AlphaNum12: a.AlphaNum12}
		if asset.IsNative() || !validAsset(asset) || issues(k.TrustLine.AccountId, asset) {
			v.g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "transaction footprint contains invalid trustline asset")
			return false
		}
	default:
		v.g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecUnexpectedType, "transaction footprint contains unsupported ledger key type", scval.U64(uint64(k.Type)))
		return false
	}
	if size := len(encode(k)); size > v.l.Limits.DataKeyBytes {
		v.g.exceeded(xdr.ScErrorTypeSceStorage, "transaction footprint key exceeds network config limit", uint64(size), uint64(v.l.Limits.DataKeyBytes))
		return false
	}
	return true
}

func (v *validation) archivedAllowed() bool {
	data := v.f.Data()
	rw := data.Resources.Footprint.ReadWrite
	last := -1
	for _, i := range archivedIndices(data) {
		switch {
		case int(i) <= last:
			v.g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "archivedSorobanEntries must be sorted in ascending order")
			return false
		case int(i) >= len(rw):
			v.g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "archivedSorobanEntries index is out of bounds", scval.U64(uint64(i)), scval.U64(uint64(len(rw))))
			return false
		case !persistent(rw[i]):
			v.g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "archivedSorobanEntries index points to a non-persistent entry", scval.U64(uint64(i)), scval.U64(uint64(rw[i].Type)))
			return false
		}
		last = int(i)
	}
	return true
}

// checkInvoke refuses without a code of its own, as a node does (stellar-core, InvokeHostFunctionOpFrame::doCheckValidForSoroban): the transaction fails, and its
// operation has the code of success and a hash of zeros.
func checkInvoke(l settings.Limits, op *xdr.InvokeHostFunctionOp, g *diagnostics) opCode {
	fn := op.HostFunction
	if fn.Wasm != nil && len(*fn.Wasm) > int(l.ContractBytes) {
		g.exceeded(xdr.ScErrorTypeSceBudget, "uploaded Wasm size exceeds network config maximum contract size", uint64(len(*fn.Wasm)), uint64(l.ContractBytes))
		return opCode{mute: true}
	}
	if fn.CreateContract != nil && fn.CreateContract.ContractIdPreimage.FromAsset != nil && !validAsset(*fn.CreateContract.ContractIdPreimage.FromAsset) {
		g.fault(xdr.ScErrorTypeSceValue, xdr.ScErrorCodeScecInvalidInput, "invalid asset to create contract from")
		return opCode{mute: true}
	}
	return opCode{}
}

func checkExtend(l settings.Limits, op *xdr.ExtendFootprintTtlOp, fp xdr.LedgerFootprint, g *diagnostics) opCode {
	malformed := own(xdr.ExtendFootprintTtlResultCodeExtendFootprintTtlMalformed)
	if len(fp.ReadWrite) > 0 {
		g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "read-write footprint must be empty for ExtendFootprintTTL operation")
		return malformed
	}
	for _, k := range fp.ReadOnly {
		if !contractEntry(k) {
			g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "only entries with TTL (contract data or code entries) can have it extended")
			return malformed
		}
	}
	if limit := l.MaxEntryTTL - 1; uint32(op.ExtendTo) > limit {
		g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "TTL extension is too large: {} > {}", scval.U64(uint64(op.ExtendTo)), scval.U64(uint64(limit)))
		return malformed
	}
	return opCode{}
}

func checkRestore(fp xdr.LedgerFootprint, g *diagnostics) opCode {
	malformed := own(xdr.RestoreFootprintResultCodeRestoreFootprintMalformed)
	if len(fp.ReadOnly) > 0 {
		g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "read-only footprint must be empty for RestoreFootprint operation")
		return malformed
	}
	for _, k := range fp.ReadWrite {
		if !persistent(k) {
			g.fault(xdr.ScErrorTypeSceStorage, xdr.ScErrorCodeScecInvalidInput, "only persistent Soroban entries can be restored")
			return malformed
		}
	}
	return opCode{}
}
