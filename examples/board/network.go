package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	netid "github.com/stellar/go-stellar-sdk/network"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"
)

// network is a Stellar network: a local one, or any other with a friendbot; only a local one has advance.
type network struct {
	client     *rpcclient.Client
	url        string
	passphrase string
}

// outcome is a call that has succeeded.
type outcome struct {
	value    xdr.ScVal
	ledger   uint32
	fee      int64 // stroops, after what came back
	restored int   // archived entries
}

// refusedError is what a simulation says is wrong.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return "the simulation failed: " + e.text }

// short is the first line: the contract's own error number is in it.
func (e *refusedError) short() string {
	first, _, _ := strings.Cut(e.text, "\n")
	return first
}

// two makes two accounts with test money.
func (n *network) two(ctx context.Context) (a, b *keypair.Full, err error) {
	for _, k := range []**keypair.Full{&a, &b} {
		if *k, err = keypair.Random(); err != nil {
			return nil, nil, fmt.Errorf("make a key: %w", err)
		}
		if err = n.post(ctx, "/friendbot?"+url.Values{"addr": {(*k).Address()}}.Encode(), nil); err != nil {
			return nil, nil, fmt.Errorf("ask friendbot for test money: %w", err)
		}
	}
	return a, b, nil
}

// advance moves the network's time. No other network has that.
func (n *network) advance(ctx context.Context, d time.Duration) error {
	return n.post(ctx, "/advance", fmt.Appendf(nil, `{"seconds":%d}`, int(d/time.Second)))
}

func (n *network) post(ctx context.Context, path string, body []byte) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, n.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	q.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", q.URL.Path, res.Status)
	}
	return nil
}

// deploy uploads the code, and makes a contract of it.
func (n *network) deploy(ctx context.Context, who *keypair.Full, wasm []byte) (xdr.ScAddress, error) {
	upload := xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &wasm}
	if _, err := n.invoke(ctx, who, upload, nil); err != nil {
		return xdr.ScAddress{}, err
	}
	hash := xdr.Hash(sha256.Sum256(wasm))
	create := xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{Address: *account(who).Address}},
		Executable: xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash}}}
	done, err := n.invoke(ctx, who, create, nil)
	if err != nil {
		return xdr.ScAddress{}, err
	}
	return *done.value.Address, nil
}

// call calls a function; its source authorises what the contract asks for.
func (n *network) call(ctx context.Context, source *keypair.Full, contract xdr.ScAddress, name string, args ...xdr.ScVal) (outcome, error) {
	return n.invoke(ctx, source, function(contract, name, args), nil)
}

// callFor is a call that source pays for and somebody else authorises.
func (n *network) callFor(ctx context.Context, source, signer *keypair.Full, contract xdr.ScAddress, name string, args ...xdr.ScVal) (outcome, error) {
	return n.invoke(ctx, source, function(contract, name, args), signer)
}

// invoke simulates, signs and sends a host function, and waits for its ledger.
func (n *network) invoke(ctx context.Context, source *keypair.Full, fn xdr.HostFunction, signer *keypair.Full) (outcome, error) {
	op := &txnbuild.InvokeHostFunction{HostFunction: fn}
	sim, err := n.simulate(ctx, source, op)
	if err != nil {
		return outcome{}, err
	}
	for _, raw := range *sim.Results[0].AuthXDR {
		var e xdr.SorobanAuthorizationEntry
		if err := xdr.SafeUnmarshalBase64(raw, &e); err != nil {
			return outcome{}, fmt.Errorf("read an authorisation entry: %w", err)
		}
		if signer != nil {
			if err := n.authorise(&e, signer, sim.LatestLedger+100); err != nil {
				return outcome{}, err
			}
		}
		op.Auth = append(op.Auth, e)
	}
	var data xdr.SorobanTransactionData
	if err := xdr.SafeUnmarshalBase64(sim.TransactionDataXDR, &data); err != nil {
		return outcome{}, fmt.Errorf("read what the simulation says is to be declared: %w", err)
	}
	op.Ext = xdr.TransactionExt{V: 1, SorobanData: &data}
	tx, err := n.build(ctx, source, op)
	if err != nil {
		return outcome{}, err
	}
	if tx, err = tx.Sign(n.passphrase, source); err != nil {
		return outcome{}, fmt.Errorf("sign the transaction: %w", err)
	}
	done, err := n.send(ctx, tx)
	if data.Ext.ResourceExt != nil {
		done.restored = len(data.Ext.ResourceExt.ArchivedSorobanEntries)
	}
	return done, err
}

// build makes a transaction. Its time has no bound: the network's clock may be ahead of this machine's.
func (n *network) build(ctx context.Context, source *keypair.Full, op txnbuild.Operation) (*txnbuild.Transaction, error) {
	acc, err := n.client.LoadAccount(ctx, source.Address())
	if err != nil {
		return nil, fmt.Errorf("look up account %s: %w", source.Address(), err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: acc, IncrementSequenceNum: true, Operations: []txnbuild.Operation{op},
		BaseFee: txnbuild.MinBaseFee, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err != nil {
		return nil, fmt.Errorf("build the transaction: %w", err)
	}
	return tx, nil
}

func (n *network) simulate(ctx context.Context, source *keypair.Full, op txnbuild.Operation) (res protocol.SimulateTransactionResponse, err error) {
	tx, err := n.build(ctx, source, op)
	if err != nil {
		return res, err
	}
	envelope, err := tx.Base64()
	if err != nil {
		return res, fmt.Errorf("encode the transaction: %w", err)
	}
	if res, err = n.client.SimulateTransaction(ctx, protocol.SimulateTransactionRequest{Transaction: envelope}); err != nil {
		return res, fmt.Errorf("simulate: %w", err)
	}
	if res.Error != "" {
		return res, &refusedError{res.Error}
	}
	return res, nil
}

// authorise signs an entry that asks for the signer's signature, and leaves any other as it is (CAP-46-11). The signature counts up to the ledger until.
func (n *network) authorise(e *xdr.SorobanAuthorizationEntry, signer *keypair.Full, until uint32) error {
	c := e.Credentials.Address
	if c == nil || c.Address.AccountId == nil || c.Address.AccountId.Address() != signer.Address() {
		return nil
	}
	c.SignatureExpirationLedger = xdr.Uint32(until)
	id := xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorization, SorobanAuthorization: &xdr.HashIdPreimageSorobanAuthorization{
		NetworkId: netid.ID(n.passphrase), Nonce: c.Nonce, SignatureExpirationLedger: c.SignatureExpirationLedger, Invocation: e.RootInvocation}}
	raw, err := id.MarshalBinary()
	if err != nil {
		return fmt.Errorf("encode what is to be signed: %w", err)
	}
	hash := sha256.Sum256(raw)
	signature, err := signer.Sign(hash[:])
	if err != nil {
		return fmt.Errorf("sign the authorisation: %w", err)
	}
	public, err := strkey.Decode(strkey.VersionByteAccountID, signer.Address())
	if err != nil {
		return fmt.Errorf("read the signer's address: %w", err)
	}
	key, value := xdr.ScBytes(public), xdr.ScBytes(signature)
	one := &xdr.ScMap{
		{Key: symbol("public_key"), Val: xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &key}},
		{Key: symbol("signature"), Val: xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &value}},
	}
	list := &xdr.ScVec{{Type: xdr.ScValTypeScvMap, Map: &one}}
	c.Signature = xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &list}
	return nil
}

// send hands a transaction in and waits until it is in a ledger.
func (n *network) send(ctx context.Context, tx *txnbuild.Transaction) (done outcome, err error) {
	envelope, err := tx.Base64()
	if err != nil {
		return done, fmt.Errorf("encode the transaction: %w", err)
	}
	sent, err := n.client.SendTransaction(ctx, protocol.SendTransactionRequest{Transaction: envelope})
	if err != nil {
		return done, fmt.Errorf("send the transaction: %w", err)
	}
	if sent.Status != "PENDING" {
		return done, fmt.Errorf("the transaction was not taken: %s %s", sent.Status, sent.ErrorResultXDR)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	res, err := n.client.PollTransactionWithOptions(ctx, sent.Hash, rpcclient.NewPollTransactionOptions().WithInitialInterval(10*time.Millisecond))
	if err != nil {
		return done, fmt.Errorf("wait for transaction %s: %w", sent.Hash, err)
	}
	if res.Status != protocol.TransactionStatusSuccess {
		return done, fmt.Errorf("transaction %s ended %s: %s", sent.Hash, res.Status, res.ResultXDR)
	}
	var result xdr.TransactionResult
	var meta xdr.TransactionMeta
	if err := xdr.SafeUnmarshalBase64(res.ResultXDR, &result); err != nil {
		return done, fmt.Errorf("read the result: %w", err)
	}
	if err := xdr.SafeUnmarshalBase64(res.ResultMetaXDR, &meta); err != nil {
		return done, fmt.Errorf("read what the transaction did: %w", err)
	}
	return outcome{value: *meta.V4.SorobanMeta.ReturnValue, ledger: res.Ledger, fee: int64(result.FeeCharged)}, nil
}

// events are the names of a contract's events, oldest first: the first page of them.
func (n *network) events(ctx context.Context, contract xdr.ScAddress) (names []string, err error) {
	health, err := n.client.GetHealth(ctx)
	if err != nil {
		return nil, err
	}
	res, err := n.client.GetEvents(ctx, protocol.GetEventsRequest{StartLedger: health.OldestLedger,
		Filters: []protocol.EventFilter{{ContractIDs: []string{contractText(contract)}}}})
	if err != nil {
		return nil, err
	}
	for _, e := range res.Events {
		var name xdr.ScVal
		if err := xdr.SafeUnmarshalBase64(e.TopicXDR[0], &name); err != nil {
			return nil, fmt.Errorf("read a topic: %w", err)
		}
		names = append(names, string(*name.Sym))
	}
	return names, nil
}

func function(contract xdr.ScAddress, name string, args []xdr.ScVal) xdr.HostFunction {
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract,
		InvokeContract: &xdr.InvokeContractArgs{ContractAddress: contract, FunctionName: xdr.ScSymbol(name), Args: args}}
}

func contractText(a xdr.ScAddress) string {
	return strkey.MustEncode(strkey.VersionByteContract, a.ContractId[:])
}

func account(k *keypair.Full) xdr.ScVal {
	id := xdr.MustAddress(k.Address())
	return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeAccount, AccountId: &id}}
}

func str(s string) xdr.ScVal {
	v := xdr.ScString(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvString, Str: &v}
}

func symbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}
