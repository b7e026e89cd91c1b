package localnet_test

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"slices"
	"testing"

	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// FuzzSimulate: whatever transaction a simulation is asked about, authorisations and footprints of all kinds in it, the answer is what it would do or why it
// cannot be done, the same one when asked again, and never a fault of the network's own.
func FuzzSimulate(f *testing.F) {
	w := newAsked(f)
	for _, e := range simulations(f, w) {
		raw, err := e.MarshalBinary()
		if err != nil {
			f.Fatal(err)
		}
		for mode := range byte(4) {
			f.Add(raw, mode)
		}
	}
	modes := []string{"", "record", "enforce", "record_allow_nonroot"}
	f.Fuzz(func(t *testing.T, raw []byte, mode byte) {
		params, err := json.Marshal(protocol.SimulateTransactionRequest{Transaction: base64.StdEncoding.EncodeToString(raw), AuthMode: modes[int(mode)%len(modes)]})
		if err != nil {
			t.Fatal(err)
		}
		if len(params) > 256<<10 {
			return
		}
		first, again := w.simulated(t, string(params)), w.simulated(t, string(params))
		// What the host says of a failure names its own objects, whose numbers may differ.
		first.EventsXDR, again.EventsXDR, first.LatestLedger, again.LatestLedger = nil, nil, 0, 0
		if drawsNonce(t, first) && drawsNonce(t, again) {
			for _, a := range []*protocol.SimulateTransactionResponse{&first, &again} {
				a.TransactionDataXDR, a.StateChanges, a.Results[0].AuthXDR = "", nil, nil
			}
		}
		if !reflect.DeepEqual(first, again) {
			t.Errorf("asked twice, it answers\n%+v\n%+v", first, again)
		}
		if n := w.failures.Load(); n > 0 {
			t.Fatalf("%d calls failed by the server's own fault", n)
		}
	})
}

// drawsNonce tells whether the answer records an authorisation that needs a signature: it has a number of its own then, drawn anew each time.
func drawsNonce(t *testing.T, answer protocol.SimulateTransactionResponse) bool {
	t.Helper()
	if len(answer.Results) == 0 || answer.Results[0].AuthXDR == nil {
		return false
	}
	for _, text := range *answer.Results[0].AuthXDR {
		var entry xdr.SorobanAuthorizationEntry
		if err := xdr.SafeUnmarshalBase64(text, &entry); err != nil {
			t.Fatal(err)
		}
		if entry.Credentials.Type != xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount {
			return true
		}
	}
	return false
}

// TestSimulateSeeds: what the fuzzer begins with is simulated with success, but for a function that there is not, two authorisations that are not the issuer's,
// and code that says nothing of itself.
func TestSimulateSeeds(t *testing.T) {
	w := newAsked(t)
	var refused []int
	for i, e := range simulations(t, w) {
		text, err := xdr.MarshalBase64(e)
		if err != nil {
			t.Fatal(err)
		}
		if got := w.simulated(t, `{"transaction":"`+text+`"}`); got.Error != "" {
			refused = append(refused, i)
		}
	}
	if want := []int{2, 3, 4, 5}; !slices.Equal(refused, want) {
		t.Errorf("refused are %v, want %v", refused, want)
	}
}

// simulated is a simulation's answer, whose every part can be read.
func (w *asked) simulated(t *testing.T, params string) (got protocol.SimulateTransactionResponse) {
	t.Helper()
	const longestError = 64 << 10
	w.mustAnswer(t, "simulateTransaction", params, &got)
	if len(got.Error) > longestError {
		t.Errorf("an error of %d bytes: %.300s", len(got.Error), got.Error)
	}
	decode := func(what, text string, into interface{ UnmarshalBinary([]byte) error }) {
		if err := xdr.SafeUnmarshalBase64(text, into); err != nil {
			t.Errorf("%s %q: %v", what, text, err)
		}
	}
	for _, text := range got.EventsXDR {
		decode("event", text, &xdr.DiagnosticEvent{})
	}
	for _, r := range got.Results {
		if r.ReturnValueXDR != nil {
			decode("value", *r.ReturnValueXDR, &xdr.ScVal{})
		}
		if r.AuthXDR != nil {
			for _, text := range *r.AuthXDR {
				decode("authorisation", text, &xdr.SorobanAuthorizationEntry{})
			}
		}
	}
	for _, c := range got.StateChanges {
		decode("key", c.KeyXDR, &xdr.LedgerKey{})
	}
	if got.RestorePreamble != nil {
		decode("what is to be restored", got.RestorePreamble.TransactionDataXDR, &xdr.SorobanTransactionData{})
	}
	if got.Error == "" {
		var data xdr.SorobanTransactionData
		if decode("resources", got.TransactionDataXDR, &data); got.MinResourceFee <= 0 || int64(data.ResourceFee) != got.MinResourceFee {
			t.Errorf("a fee of %d, and %d in the resources", got.MinResourceFee, data.ResourceFee)
		}
	}
	return got
}

// simulations are transactions of each kind that can be simulated.
func simulations(t testing.TB, w *asked) (all []xdr.TransactionEnvelope) {
	t.Helper()
	_, issuer, contract := w.net.USDC()
	who, usdc := scval.Account(xdr.MustAddress(issuer)), scval.MustContract(contract) // an issuer needs no trustline
	source := xdr.MustMuxedAddress(keyNumber(t, 0).Address())
	op := func(body xdr.OperationBody, data *xdr.SorobanTransactionData) {
		tx := xdr.Transaction{SourceAccount: source, Fee: 100_000, SeqNum: 1, Operations: []xdr.Operation{{Body: body}}}
		if data != nil {
			tx.Ext = xdr.TransactionExt{V: 1, SorobanData: data}
		}
		all = append(all, xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{Tx: tx}})
	}
	invoke := func(fn xdr.HostFunction, auth ...xdr.SorobanAuthorizationEntry) {
		op(xdr.OperationBody{Type: xdr.OperationTypeInvokeHostFunction, InvokeHostFunctionOp: &xdr.InvokeHostFunctionOp{HostFunction: fn, Auth: auth}}, nil)
	}
	balance := scval.Call(usdc, "balance", scval.Address(usdc))
	transfer := scval.Call(usdc, "transfer", scval.Address(who), scval.Address(usdc), scval.I128(5))
	invoke(balance)
	invoke(transfer)
	invoke(scval.Call(usdc, "none"))
	tree := xdr.SorobanAuthorizedInvocation{Function: xdr.SorobanAuthorizedFunction{
		Type: xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeContractFn, ContractFn: transfer.InvokeContract,
	}}
	invoke(transfer, xdr.SorobanAuthorizationEntry{
		Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}, RootInvocation: tree,
	})
	invoke(transfer, xdr.SorobanAuthorizationEntry{
		Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress, Address: &xdr.SorobanAddressCredentials{
			Address: who, Nonce: 4, SignatureExpirationLedger: 1000, Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid},
		}}, RootInvocation: tree,
	})
	code := []byte("\x00asm\x01\x00\x00\x00")
	invoke(xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &code})
	native := xdr.MustNewNativeAsset()
	invoke(xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContract, CreateContract: &xdr.CreateContractArgs{
		ContractIdPreimage: xdr.ContractIdPreimage{Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAsset, FromAsset: &native},
		Executable:         xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableStellarAsset},
	}})
	instance := xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: usdc, Key: xdr.ScVal{Type: xdr.ScValTypeScvLedgerKeyContractInstance}, Durability: xdr.ContractDataDurabilityPersistent,
	}}
	footprint := func(readOnly, readWrite []xdr.LedgerKey) *xdr.SorobanTransactionData {
		return &xdr.SorobanTransactionData{Resources: xdr.SorobanResources{Footprint: xdr.LedgerFootprint{ReadOnly: readOnly, ReadWrite: readWrite}}}
	}
	op(xdr.OperationBody{Type: xdr.OperationTypeExtendFootprintTtl, ExtendFootprintTtlOp: &xdr.ExtendFootprintTtlOp{ExtendTo: 3_000_000}}, footprint([]xdr.LedgerKey{instance}, nil))
	op(xdr.OperationBody{Type: xdr.OperationTypeRestoreFootprint, RestoreFootprintOp: &xdr.RestoreFootprintOp{}}, footprint(nil, []xdr.LedgerKey{instance}))
	return all
}
