package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"
)

// eventLog collects the events of one classic operation as asset contracts would emit them (CAP-67).
type eventLog struct {
	passphrase string
	memo       xdr.Memo
	list       []xdr.ContractEvent
}

// payment is a transfer, or the issuer's mint or burn.
func (v *eventLog) payment(asset xdr.Asset, from, to xdr.ScAddress, amount int64) {
	switch fromIssuer, toIssuer := addressIssues(from, asset), addressIssues(to, asset); {
	case fromIssuer && !toIssuer:
		v.emit(asset, v.received(to, amount), symbol("mint"), address(unmuxed(to)))
	case toIssuer && !fromIssuer:
		v.emit(asset, i128(amount), symbol("burn"), address(unmuxed(from)))
	default:
		v.transfer(asset, from, to, amount)
	}
}

func (v *eventLog) transfer(asset xdr.Asset, from, to xdr.ScAddress, amount int64) {
	v.emit(asset, v.received(to, amount), symbol("transfer"), address(unmuxed(from)), address(unmuxed(to)))
}

func (v *eventLog) authorized(asset xdr.Asset, id xdr.AccountId, is bool) {
	v.emit(asset, xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &is}, symbol("set_authorized"), address(accountAddress(id)))
}

func (v *eventLog) emit(asset xdr.Asset, data xdr.ScVal, topics ...xdr.ScVal) {
	v.list = append(v.list, assetEvent(v.passphrase, asset, data, append(topics, str(asset.StringCanonical()))...))
}

// received is the amount, with whom it is for below the account: a muxed id, else the transaction's memo.
func (v *eventLog) received(to xdr.ScAddress, amount int64) xdr.ScVal {
	var id xdr.ScVal
	switch {
	case to.Type == xdr.ScAddressTypeScAddressTypeMuxedAccount:
		id = u64(uint64(to.MuxedAccount.Id))
	case v.memo.Type == xdr.MemoTypeMemoText:
		id = str(*v.memo.Text)
	case v.memo.Type == xdr.MemoTypeMemoId:
		id = u64(uint64(*v.memo.Id))
	case v.memo.Type == xdr.MemoTypeMemoHash:
		id = bytesVal(v.memo.Hash[:])
	case v.memo.Type == xdr.MemoTypeMemoReturn:
		id = bytesVal(v.memo.RetHash[:])
	default:
		return i128(amount)
	}
	m := &xdr.ScMap{{Key: symbol("amount"), Val: i128(amount)}, {Key: symbol("to_muxed_id"), Val: id}}
	return xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &m}
}

// feeEvent says that stroops were taken from an account, or below zero that they were given back.
func feeEvent(passphrase string, from xdr.AccountId, stroops int64, stage xdr.TransactionEventStage) xdr.TransactionEvent {
	return xdr.TransactionEvent{Stage: stage, Event: assetEvent(passphrase, xdr.MustNewNativeAsset(), i128(stroops),
		symbol("fee"), address(accountAddress(from)))}
}

func assetEvent(passphrase string, asset xdr.Asset, data xdr.ScVal, topics ...xdr.ScVal) xdr.ContractEvent {
	id, err := asset.ContractID(passphrase)
	if err != nil {
		panic("an asset without a contract id: " + err.Error())
	}
	contract := xdr.ContractId(id)
	return xdr.ContractEvent{Type: xdr.ContractEventTypeContract, ContractId: &contract,
		Body: xdr.ContractEventBody{V: 0, V0: &xdr.ContractEventV0{Topics: topics, Data: data}}}
}

func addressIssues(a xdr.ScAddress, asset xdr.Asset) bool {
	id := unmuxed(a).AccountId
	return id != nil && issues(*id, asset)
}

func accountAddress(id xdr.AccountId) xdr.ScAddress {
	return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeAccount, AccountId: &id}
}

func muxedAddress(m xdr.MuxedAccount) xdr.ScAddress {
	if m.Type == xdr.CryptoKeyTypeKeyTypeMuxedEd25519 {
		return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeMuxedAccount,
			MuxedAccount: &xdr.MuxedEd25519Account{Id: m.Med25519.Id, Ed25519: m.Med25519.Ed25519}}
	}
	return accountAddress(m.ToAccountId())
}

func unmuxed(a xdr.ScAddress) xdr.ScAddress {
	if a.Type != xdr.ScAddressTypeScAddressTypeMuxedAccount {
		return a
	}
	key := a.MuxedAccount.Ed25519
	return accountAddress(xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key})
}

func symbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}

func str(s string) xdr.ScVal {
	v := xdr.ScString(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &v}
}

func u64(n uint64) xdr.ScVal {
	v := xdr.Uint64(n)
	return xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &v}
}

func i128(n int64) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(n >> 63), Lo: xdr.Uint64(n)}}
}

func bytesVal(b []byte) xdr.ScVal {
	v := xdr.ScBytes(b)
	return xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &v}
}

func address(a xdr.ScAddress) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &a} }
