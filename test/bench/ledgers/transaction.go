package ledgers

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// applied is a transaction of a ledger in XDR.
type applied struct {
	hash     [32]byte
	envelope []byte // TransactionEnvelope
	result   []byte // TransactionResultPair
	whole    []byte // TransactionResultMetaV1, which begins with the result
	events   int    // of the contract
}

// encoder makes transactions of calls. Its fields do not change, so several goroutines may share one.
type encoder struct {
	network stellar.Network
	usdc    stellar.Address
	code    [32]byte // of the contract
}

var assetName = xdr.MustNewCreditAsset("USDC", stellar.Address{Key: made("issuer", 0)}.String())

func assetContract(n stellar.Network) (stellar.Address, error) {
	return stellar.AssetContract(n, assetName)
}

func encode(v interface{ MarshalBinary() ([]byte, error) }) []byte {
	raw, err := v.MarshalBinary()
	if err != nil {
		panic(fmt.Sprintf("encode %T: %v", v, err)) // made here, of kinds that have an encoding
	}
	return raw
}

// number counts the transactions of all ledgers, so that no two are alike.
func (e *encoder) apply(c called, seq uint32, number uint64) (applied, error) {
	source, err := stellar.ParseAccount(string(c.source))
	if err != nil {
		return applied{}, err
	}
	events, err := e.events(c)
	if err != nil {
		return applied{}, err
	}
	touched := e.touched(c, source)
	a := applied{events: len(c.result.Events)}
	if a.envelope, a.hash, err = e.envelope(c, source, number, touched); err != nil {
		return applied{}, err
	}
	returned := xdr.ScVal{Type: xdr.ScValTypeScvVoid}
	succeeded := xdr.Hash(sha256.Sum256(encode(&xdr.InvokeHostFunctionSuccessPreImage{ReturnValue: returned, Events: events})))
	pair := xdr.TransactionResultPair{TransactionHash: a.hash, Result: xdr.TransactionResult{FeeCharged: charged, Result: xdr.TransactionResultResult{
		Code: xdr.TransactionResultCodeTxSuccess, Results: &[]xdr.OperationResult{{Tr: &xdr.OperationResultTr{
			Type: xdr.OperationTypeInvokeHostFunction, InvokeHostFunctionResult: &xdr.InvokeHostFunctionResult{Success: &succeeded},
		}}},
	}}}
	a.result = encode(&pair)
	a.whole = encode(&xdr.TransactionResultMetaV1{
		Result: pair, FeeProcessing: account(source, number, seq), PostTxApplyFeeProcessing: account(source, number, seq),
		TxApplyProcessing: xdr.TransactionMeta{V: 4, V4: &xdr.TransactionMetaV4{
			TxChangesBefore: account(source, number, seq),
			Operations:      []xdr.OperationMetaV2{{Changes: touched.changes(c, seq), Events: events}},
			SorobanMeta: &xdr.SorobanTransactionMetaV2{ReturnValue: &returned, Ext: xdr.SorobanTransactionMetaExt{V: 1, V1: &xdr.SorobanTransactionMetaExtV1{
				TotalNonRefundableResourceFeeCharged: charged / 2, TotalRefundableResourceFeeCharged: charged / 4, RentFeeCharged: charged / 8,
			}}},
			Events: []xdr.TransactionEvent{
				e.fee(source, charged, xdr.TransactionEventStageTransactionEventStageBeforeAllTxs),
				e.fee(source, -charged/4, xdr.TransactionEventStageTransactionEventStageAfterAllTxs),
			},
		}},
	})
	return a, nil
}

const charged = 98_765 // stroops

// events are the contract's and, behind them, the asset's of the money that moved.
func (e *encoder) events(c called) ([]xdr.ContractEvent, error) {
	var all []xdr.ContractEvent
	for _, event := range c.result.Events {
		encoded, err := stellar.EncodeEvent(c.contract, stellar.Event{Trade: &c.result.Trade, Event: event})
		if err != nil {
			return nil, err
		}
		all = append(all, encoded)
	}
	if d := c.result.Deposit; d != nil {
		who, err := stellar.ParseAddress(string(d.Who))
		if err != nil {
			return nil, err
		}
		all = append(all, e.transfer(who, c.contract, d))
	}
	for _, p := range c.result.Payouts {
		if p.Parked {
			continue
		}
		who, err := stellar.ParseAddress(string(p.Who))
		if err != nil {
			return nil, err
		}
		all = append(all, e.transfer(c.contract, who, &p))
	}
	return all, nil
}

func (e *encoder) transfer(from, to stellar.Address, p *escrow.Payment) xdr.ContractEvent {
	hi, lo := p.Amount.Parts()
	return said(e.usdc, xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(hi), Lo: xdr.Uint64(lo)}},
		scval.Symbol("transfer"), from.ScVal(), to.ScVal(), scval.String(assetName.StringCanonical()))
}

func (e *encoder) fee(from stellar.Address, stroops int64, stage xdr.TransactionEventStage) xdr.TransactionEvent {
	lumens, err := stellar.AssetContract(e.network, xdr.MustNewNativeAsset())
	if err != nil {
		panic("lumens without a contract: " + err.Error())
	}
	return xdr.TransactionEvent{Stage: stage, Event: said(lumens, scval.I128(stroops), scval.Symbol("fee"), from.ScVal())}
}

func said(contract stellar.Address, data xdr.ScVal, topics ...xdr.ScVal) xdr.ContractEvent {
	id := xdr.ContractId(contract.Key)
	return xdr.ContractEvent{Type: xdr.ContractEventTypeContract, ContractId: &id, Body: xdr.ContractEventBody{V0: &xdr.ContractEventV0{Topics: topics, Data: data}}}
}

// envelope is the transaction as its sender signed it, and its hash.
func (e *encoder) envelope(c called, source stellar.Address, number uint64, t touched) (raw []byte, hash [32]byte, err error) {
	call, err := stellar.EncodeCall(c.contract, c.call)
	if err != nil {
		return nil, hash, err
	}
	tree := stellar.Tree{Call: call}
	if d := c.result.Deposit; d != nil {
		tree.Transfer = &stellar.Transfer{Asset: e.usdc, From: source, To: c.contract, Amount: d.Amount}
	}
	key := xdr.Uint256(source.Key)
	v1 := xdr.TransactionV1Envelope{
		Tx: xdr.Transaction{
			SourceAccount: xdr.MuxedAccount{Type: xdr.CryptoKeyTypeKeyTypeEd25519, Ed25519: &key}, Fee: charged + 100, SeqNum: xdr.SequenceNumber(number + 1),
			Cond: xdr.Preconditions{Type: xdr.PreconditionTypePrecondTime, TimeBounds: &xdr.TimeBounds{MaxTime: started << 1}},
			Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeInvokeHostFunction, InvokeHostFunctionOp: &xdr.InvokeHostFunctionOp{
				HostFunction: xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &call},
				Auth: []xdr.SorobanAuthorizationEntry{{Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount},
					RootInvocation: tree.Invocation()}},
			}}}},
			Ext: xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{ResourceFee: charged, Resources: xdr.SorobanResources{
				Footprint:    xdr.LedgerFootprint{ReadOnly: []xdr.LedgerKey{stellar.InstanceKey(c.contract), stellar.CodeKey(e.code), stellar.InstanceKey(e.usdc)}, ReadWrite: t.keys},
				Instructions: 3_000_000, DiskReadBytes: 1_000, WriteBytes: 1_000,
			}}},
		},
	}
	signature := made("signature", number)
	v1.Signatures = []xdr.DecoratedSignature{{Hint: xdr.SignatureHint(source.Key[28:]), Signature: append(signature[:], signature[:]...)}}
	raw = encode(&xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &v1})
	// The hash is of the network, the kind of envelope and the transaction, which is all but the signatures: their number, 4 bytes of hint, 4 of
	// length, 64.
	const kind, signatures = 4, 4 + 4 + 4 + 64
	id, sum := e.network.ID(), sha256.New()
	sum.Write(id[:])
	sum.Write(binary.BigEndian.AppendUint32(nil, uint32(xdr.EnvelopeTypeEnvelopeTypeTx)))
	sum.Write(raw[kind : len(raw)-signatures])
	return raw, [32]byte(sum.Sum(nil)), nil
}
