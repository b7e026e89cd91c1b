package tx

import (
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
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
		v.emit(asset, v.received(to, amount), scval.Symbol("mint"), scval.Address(unmuxed(to)))
	case toIssuer && !fromIssuer:
		v.emit(asset, scval.I128(amount), scval.Symbol("burn"), scval.Address(unmuxed(from)))
	default:
		v.transfer(asset, from, to, amount)
	}
}

func (v *eventLog) transfer(asset xdr.Asset, from, to xdr.ScAddress, amount int64) {
	v.emit(asset, v.received(to, amount), scval.Symbol("transfer"), scval.Address(unmuxed(from)), scval.Address(unmuxed(to)))
}

func (v *eventLog) authorized(asset xdr.Asset, id xdr.AccountId, is bool) {
	v.emit(asset, xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &is}, scval.Symbol("set_authorized"), scval.Address(scval.Account(id)))
}

func (v *eventLog) emit(asset xdr.Asset, data xdr.ScVal, topics ...xdr.ScVal) {
	v.list = append(v.list, assetEvent(v.passphrase, asset, data, append(topics, scval.String(asset.StringCanonical()))...))
}

// received is the amount, with whom it is for below the account: a muxed id, else the transaction's memo.
func (v *eventLog) received(to xdr.ScAddress, amount int64) xdr.ScVal {
	var id xdr.ScVal
	switch {
	case to.Type == xdr.ScAddressTypeScAddressTypeMuxedAccount:
		id = scval.U64(uint64(to.MuxedAccount.Id))
	case v.memo.Type == xdr.MemoTypeMemoText:
		id = scval.String(*v.memo.Text)
	case v.memo.Type == xdr.MemoTypeMemoId:
		id = scval.U64(uint64(*v.memo.Id))
	case v.memo.Type == xdr.MemoTypeMemoHash:
		id = scval.Bytes(v.memo.Hash[:])
	case v.memo.Type == xdr.MemoTypeMemoReturn:
		id = scval.Bytes(v.memo.RetHash[:])
	default:
		return scval.I128(amount)
	}
	return scval.Map(scval.Pair{Key: "amount", Value: scval.I128(amount)}, scval.Pair{Key: "to_muxed_id", Value: id})
}

// feeEvent says that stroops were taken from an account, or below zero that they were given back.
func feeEvent(passphrase string, from xdr.AccountId, stroops int64, stage xdr.TransactionEventStage) xdr.TransactionEvent {
	return xdr.TransactionEvent{Stage: stage, Event: assetEvent(passphrase, xdr.MustNewNativeAsset(), scval.I128(stroops),
		scval.Symbol("fee"), scval.Address(scval.Account(from)))}
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

func muxedAddress(m xdr.MuxedAccount) xdr.ScAddress {
	if m.Type == xdr.CryptoKeyTypeKeyTypeMuxedEd25519 {
		return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeMuxedAccount,
			MuxedAccount: &xdr.MuxedEd25519Account{Id: m.Med25519.Id, Ed25519: m.Med25519.Ed25519}}
	}
	return scval.Account(m.ToAccountId())
}

func unmuxed(a xdr.ScAddress) xdr.ScAddress {
	if a.Type != xdr.ScAddressTypeScAddressTypeMuxedAccount {
		return a
	}
	key := a.MuxedAccount.Ed25519
	return scval.Account(xdr.AccountId{Type: xdr.PublicKeyTypePublicKeyTypeEd25519, Ed25519: &key})
}
