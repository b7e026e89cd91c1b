package localnet_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/clients/rpcclient"
	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/network"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// stranger uses a network over HTTP alone, by the SDK's unchanged client.
type stranger struct {
	t          *testing.T
	c          *rpcclient.Client
	url        string
	passphrase string
}

func newStranger(t *testing.T, n *localnet.Network) *stranger {
	url, c := serve(t, n)
	info, err := c.GetNetwork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &stranger{t: t, c: c, url: url, passphrase: info.Passphrase}
}

// friendbot asks for money and expects to get it.
func (s *stranger) friendbot(query url.Values) {
	s.t.Helper()
	res, err := http.Get(s.url + "/friendbot?" + query.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		s.t.Fatalf("friendbot %v: %s", query, res.Status)
	}
}

// account makes a funded account.
func (s *stranger) account() *keypair.Full {
	s.t.Helper()
	k := keypair.MustRandom()
	s.friendbot(url.Values{"addr": {k.Address()}})
	return k
}

// holder makes a funded account with a trustline and stroops of USDC.
func (s *stranger) holder(n *localnet.Network, usdc string) *keypair.Full {
	s.t.Helper()
	k := s.account()
	code, issuer, _ := n.USDC()
	s.mustSend(s.sign(k, s.build(k, &txnbuild.ChangeTrust{Line: txnbuild.ChangeTrustAssetWrapper{Asset: txnbuild.CreditAsset{Code: code, Issuer: issuer}}}), k))
	if usdc != "" {
		s.friendbot(url.Values{"addr": {k.Address()}, "asset": {"USDC"}, "amount": {usdc}})
	}
	return k
}

func (s *stranger) build(source *keypair.Full, ops ...txnbuild.Operation) *txnbuild.Transaction {
	s.t.Helper()
	account, err := s.c.LoadAccount(s.t.Context(), source.Address())
	if err != nil {
		s.t.Fatal(err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{SourceAccount: account, IncrementSequenceNum: true, Operations: ops,
		BaseFee: txnbuild.MinBaseFee, Preconditions: txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()}})
	if err != nil {
		s.t.Fatal(err)
	}
	return tx
}

func (s *stranger) sign(_ *keypair.Full, tx *txnbuild.Transaction, keys ...*keypair.Full) *txnbuild.Transaction {
	s.t.Helper()
	tx, err := tx.Sign(s.passphrase, keys...)
	if err != nil {
		s.t.Fatal(err)
	}
	return tx
}

// send hands a transaction in and polls for its end.
func (s *stranger) send(tx interface{ Base64() (string, error) }) protocol.GetTransactionResponse {
	s.t.Helper()
	text, err := tx.Base64()
	if err != nil {
		s.t.Fatal(err)
	}
	sent, err := s.c.SendTransaction(s.t.Context(), protocol.SendTransactionRequest{Transaction: text})
	if err != nil {
		s.t.Fatal(err)
	}
	if sent.Status != "PENDING" {
		var r xdr.TransactionResult
		_ = xdr.SafeUnmarshalBase64(sent.ErrorResultXDR, &r)
		s.t.Fatalf("sent: %s %v %v", sent.Status, r.Result.Code, s.diagnostics(sent.DiagnosticEventsXDR))
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	defer cancel()
	res, err := s.c.PollTransactionWithOptions(ctx, sent.Hash, rpcclient.NewPollTransactionOptions().WithInitialInterval(5*time.Millisecond))
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

func (s *stranger) mustSend(tx *txnbuild.Transaction) protocol.GetTransactionResponse {
	s.t.Helper()
	res := s.send(tx)
	if res.Status != protocol.TransactionStatusSuccess {
		s.t.Fatalf("the transaction ended %s: %s %v", res.Status, res.ResultXDR, s.diagnostics(res.DiagnosticEventsXDR))
	}
	return res
}

func (s *stranger) diagnostics(list []string) []string {
	var out []string
	for _, text := range list {
		var e xdr.DiagnosticEvent
		if err := xdr.SafeUnmarshalBase64(text, &e); err != nil {
			s.t.Fatal(err)
		}
		out = append(out, e.String())
	}
	return out
}

func (s *stranger) simulate(source *keypair.Full, fn xdr.HostFunction) protocol.SimulateTransactionResponse {
	s.t.Helper()
	return s.simulateOp(source, &txnbuild.InvokeHostFunction{HostFunction: fn})
}

func (s *stranger) simulateOp(source *keypair.Full, op *txnbuild.InvokeHostFunction) protocol.SimulateTransactionResponse {
	s.t.Helper()
	text, err := s.build(source, op).Base64()
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.c.SimulateTransaction(s.t.Context(), protocol.SimulateTransactionRequest{Transaction: text})
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

// prepare simulates and assembles a contract call; signers sign its authorisation entries.
func (s *stranger) prepare(source *keypair.Full, fn xdr.HostFunction, signers ...*keypair.Full) *txnbuild.Transaction {
	s.t.Helper()
	sim := s.simulate(source, fn)
	if sim.Error != "" {
		s.t.Fatalf("simulate: %s", sim.Error)
	}
	op := &txnbuild.InvokeHostFunction{HostFunction: fn}
	for _, text := range *sim.Results[0].AuthXDR {
		var e xdr.SorobanAuthorizationEntry
		if err := xdr.SafeUnmarshalBase64(text, &e); err != nil {
			s.t.Fatal(err)
		}
		op.Auth = append(op.Auth, s.authorise(e, sim.LatestLedger+100, signers))
	}
	return s.assemble(source, op, sim)
}

// assemble puts what a simulation says into the transaction, and signs it.
func (s *stranger) assemble(source *keypair.Full, op *txnbuild.InvokeHostFunction, sim protocol.SimulateTransactionResponse) *txnbuild.Transaction {
	s.t.Helper()
	op.Ext = xdr.TransactionExt{V: 1, SorobanData: &xdr.SorobanTransactionData{}}
	if err := xdr.SafeUnmarshalBase64(sim.TransactionDataXDR, op.Ext.SorobanData); err != nil {
		s.t.Fatal(err)
	}
	return s.sign(source, s.build(source, op), source)
}

// prepareAgain simulates with the signed authorisation entries, as the JavaScript SDK does.
func (s *stranger) prepareAgain(source *keypair.Full, tx *txnbuild.Transaction) *txnbuild.Transaction {
	s.t.Helper()
	was := tx.Operations()[0].(*txnbuild.InvokeHostFunction)
	op := &txnbuild.InvokeHostFunction{HostFunction: was.HostFunction, Auth: was.Auth}
	sim := s.simulateOp(source, op)
	if sim.Error != "" {
		s.t.Fatalf("simulate with signed entries: %s", sim.Error)
	}
	return s.assemble(source, op, sim)
}

// authorise signs an entry as wallets do (CAP-46-11), if its address is one of the signers'.
func (s *stranger) authorise(e xdr.SorobanAuthorizationEntry, until uint32, signers []*keypair.Full) xdr.SorobanAuthorizationEntry {
	s.t.Helper()
	if e.Credentials.Type != xdr.SorobanCredentialsTypeSorobanCredentialsAddress {
		return e
	}
	c := e.Credentials.Address
	c.SignatureExpirationLedger = xdr.Uint32(until)
	id := xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorization, SorobanAuthorization: &xdr.HashIdPreimageSorobanAuthorization{
		NetworkId: xdr.Hash(network.ID(s.passphrase)), Nonce: c.Nonce, SignatureExpirationLedger: c.SignatureExpirationLedger, Invocation: e.RootInvocation}}
	raw, err := id.MarshalBinary()
	if err != nil {
		s.t.Fatal(err)
	}
	hash := sha256.Sum256(raw)
	for _, k := range signers {
		if c.Address.AccountId == nil || c.Address.AccountId.Address() != k.Address() {
			continue
		}
		sig, err := k.Sign(hash[:])
		if err != nil {
			s.t.Fatal(err)
		}
		public := strkey.MustDecode(strkey.VersionByteAccountID, k.Address())
		c.Signature = scval.Vec(scval.Map(scval.Pair{Key: "public_key", Value: scval.Bytes(public)}, scval.Pair{Key: "signature", Value: scval.Bytes(sig)}))
	}
	return e
}

// call is prepare and send; it returns the contract's answer.
func (s *stranger) call(source *keypair.Full, fn xdr.HostFunction, signers ...*keypair.Full) (xdr.ScVal, protocol.GetTransactionResponse) {
	s.t.Helper()
	res := s.mustSend(s.prepare(source, fn, signers...))
	var meta xdr.TransactionMeta
	if err := xdr.SafeUnmarshalBase64(res.ResultMetaXDR, &meta); err != nil {
		s.t.Fatal(err)
	}
	return *meta.V4.SorobanMeta.ReturnValue, res
}

// probe uploads and creates the host's test contract.
func (s *stranger) probe(owner *keypair.Full) xdr.ScAddress {
	s.t.Helper()
	wasm, err := os.ReadFile("host/testdata/probe.wasm")
	if err != nil {
		s.t.Fatal(err)
	}
	s.call(owner, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &wasm})
	hash := xdr.Hash(sha256.Sum256(wasm))
	address, _ := s.call(owner, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{Address: accountAddress(owner), Salt: xdr.Uint256{1}}},
		Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash},
		ConstructorArgs: []xdr.ScVal{scval.Address(accountAddress(owner)), scval.U32(40)}}})
	return *address.Address
}

func accountAddress(k *keypair.Full) xdr.ScAddress {
	return scval.Account(xdr.MustAddress(k.Address()))
}

// usdcBalance reads a trustline's balance in stroops.
func (s *stranger) usdcBalance(n *localnet.Network, k *keypair.Full) int64 {
	s.t.Helper()
	code, issuer, _ := n.USDC()
	e := s.entry(trustlineKey(k, xdr.MustNewCreditAsset(code, issuer)))
	if e == nil {
		s.t.Fatalf("%s has no trustline", k.Address())
	}
	return int64(e.TrustLine.Balance)
}

func trustlineKey(k *keypair.Full, a xdr.Asset) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeTrustline,
		TrustLine: &xdr.LedgerKeyTrustLine{AccountId: xdr.MustAddress(k.Address()), Asset: a.ToTrustLineAsset()}}
}

func accountKey(k *keypair.Full) xdr.LedgerKey {
	return xdr.LedgerKey{Type: xdr.LedgerEntryTypeAccount, Account: &xdr.LedgerKeyAccount{AccountId: xdr.MustAddress(k.Address())}}
}

// entry reads a ledger entry, nil if there is none.
func (s *stranger) entry(k xdr.LedgerKey) *xdr.LedgerEntryData {
	s.t.Helper()
	text, err := k.MarshalBinaryBase64()
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := s.c.GetLedgerEntries(s.t.Context(), protocol.GetLedgerEntriesRequest{Keys: []string{text}})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(res.Entries) == 0 {
		return nil
	}
	var data xdr.LedgerEntryData
	if err := xdr.SafeUnmarshalBase64(res.Entries[0].DataXDR, &data); err != nil {
		s.t.Fatal(err)
	}
	return &data
}

// post sends raw bytes as a JSON-RPC request.
func (s *stranger) post(body []byte) (status int, answer []byte) {
	s.t.Helper()
	return post(s.t, s.url, body)
}

func unbase64(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(fmt.Errorf("%q: %w", text, err))
	}
	return b
}

// signedAgain signs an envelope that was changed.
func (s *stranger) signedAgain(e xdr.TransactionEnvelope, k *keypair.Full) *txnbuild.Transaction {
	s.t.Helper()
	text, err := xdr.MarshalBase64(e)
	if err != nil {
		s.t.Fatal(err)
	}
	any, err := txnbuild.TransactionFromXDR(text)
	if err != nil {
		s.t.Fatal(err)
	}
	tx, ok := any.Transaction()
	if !ok {
		s.t.Fatal("a fee bump")
	}
	return s.sign(k, tx, k)
}
