package lockstep

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	stellarnetwork "github.com/stellar/go-stellar-sdk/network"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// What every call declares: more than any needs, since a simulation to know better would cost as much as the call.
const (
	maxInstructions = 60_000_000
	maxDiskBytes    = 100_000
	maxWriteBytes   = 100_000
	maxFee          = 20_0000000 // stroops, most of which comes back
)

// ending is what became of a call.
type ending struct {
	failure *xdr.ScError // nil: it succeeded
	text    string       // of the failure
	value   *xdr.ScVal
	events  []xdr.ContractEvent
	// simulated tells that only a simulation has said so, at the second that the clock shows.
	simulated bool
}

// send signs an envelope by those keys, the first of which is the source, and waits for its ledger.
func (n *network) send(t xdr.Transaction, signers ...*keypair.Full) (localnet.Outcome, error) {
	source := signers[0].Address()
	seq, known := n.seqs[source]
	if !known {
		view := n.Chain().View()
		raw, ok := view.Get(ledger.AccountKey(xdr.MustAddress(source)))
		view.Close()
		if !ok {
			return localnet.Outcome{}, fmt.Errorf("there is no account %s", source)
		}
		seq = int64(ledger.Decode(raw).Data.Account.SeqNum)
	}
	t.SourceAccount, t.SeqNum = xdr.MustMuxedAddress(source), xdr.SequenceNumber(seq+1)
	e := xdr.TransactionEnvelope{Type: xdr.EnvelopeTypeEnvelopeTypeTx, V1: &xdr.TransactionV1Envelope{Tx: t}}
	hash, err := stellarnetwork.HashTransactionInEnvelope(e, n.Passphrase())
	if err != nil {
		return localnet.Outcome{}, err
	}
	for _, k := range signers {
		signature, err := k.SignDecorated(hash[:])
		if err != nil {
			return localnet.Outcome{}, err
		}
		e.V1.Signatures = append(e.V1.Signatures, signature)
	}
	o, err := n.Submit(n.ctx, e)
	if invalid := (*localnet.Invalid)(nil); errors.As(err, &invalid) {
		return o, fmt.Errorf("%w: %v", err, invalid.Verdict.Result.Result.Code)
	}
	n.seqs[source] = seq + 1
	return o, err
}

// classic sends operations that must succeed; others with an account in them sign too.
func (n *network) classic(source *keypair.Full, others []*keypair.Full, ops ...xdr.Operation) error {
	o, err := n.send(xdr.Transaction{Fee: xdr.Uint32(1000 * len(ops)), Operations: ops, Cond: anyTime}, append([]*keypair.Full{source}, others...)...)
	if err == nil && !o.Successful() {
		err = fmt.Errorf("%s: %s", o.Result.Result.Code, resultXDR(o.Result))
	}
	return err
}

// resultXDR prints a transaction's result so that any viewer of XDR opens it: %v would print the results of its operations as pointers.
func resultXDR(result xdr.TransactionResult) string {
	text, err := xdr.MarshalBase64(result)
	if err != nil {
		return fmt.Sprintf("a result that cannot be encoded: %v", err)
	}
	return "TransactionResult " + text
}

var anyTime = xdr.Preconditions{Type: xdr.PreconditionTypePrecondTime, TimeBounds: &xdr.TimeBounds{}}

// contractCall sends a host function with a footprint.
func (n *network) contractCall(source *keypair.Full, f xdr.HostFunction, auth []xdr.SorobanAuthorizationEntry, data *xdr.SorobanTransactionData) (localnet.Outcome, error) {
	return n.send(xdr.Transaction{
		Fee: xdr.Uint32(data.ResourceFee) + 100, Cond: anyTime, Ext: xdr.TransactionExt{V: 1, SorobanData: data},
		Operations: []xdr.Operation{{Body: xdr.OperationBody{Type: xdr.OperationTypeInvokeHostFunction, InvokeHostFunctionOp: &xdr.InvokeHostFunctionOp{HostFunction: f, Auth: auth}}}},
	}, source)
}

// simulate tries a host function as a ledger now would run it.
func (n *network) simulate(source *keypair.Full, f xdr.HostFunction, mode host.AuthMode, auth []xdr.SorobanAuthorizationEntry) (out host.SimulateResult, err error) {
	err = n.Simulate(n.ctx, func(s node.Simulation) (err error) {
		q := host.SimulateRequest{Info: s.Info, Source: xdr.MustAddress(source.Address()), Function: f, AuthMode: mode, Auth: auth}
		if q.Seed, err = n.Seed(); err != nil {
			return err
		}
		out, err = s.Host.Simulate(n.ctx, q)
		return err
	})
	return out, err
}

// prepared simulates, and sends what must succeed.
func (n *network) prepared(source *keypair.Full, f xdr.HostFunction) error {
	sim, err := n.simulate(source, f, host.RecordAuth, nil)
	if err != nil {
		return err
	}
	if sim.Failure != nil {
		return errors.New(sim.Failure.Text)
	}
	o, err := n.contractCall(source, f, sim.Auth, sim.Data)
	if err == nil && !o.Successful() {
		err = fmt.Errorf("simulated it succeeds, applied it fails: %v", o.Meta.V4.DiagnosticEvents)
	}
	return err
}

// empties are how many empty ledgers will have closed when the next transaction is applied.
func (n *network) empties(last ledger.Closed) uint32 {
	return uint32(max(0, n.clock.Load()-last.CloseTime()-1)) / uint32(n.every)
}

// declared is the data of a call on these entries, with those marked that have to be restored.
func (s *site) declared(keys map[ledger.Key]bool) (*xdr.SorobanTransactionData, error) {
	data := &xdr.SorobanTransactionData{ResourceFee: maxFee, Resources: xdr.SorobanResources{
		Instructions: maxInstructions, DiskReadBytes: maxDiskBytes, WriteBytes: maxWriteBytes,
	}}
	view := s.Chain().View()
	defer view.Close()
	sorted := make([]ledger.Key, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	slices.Sort(sorted)
	var restore []xdr.Uint32
	for _, k := range sorted {
		lk, err := k.LedgerKey()
		if err != nil {
			return nil, err
		}
		written := keys[k]
		if k.HasTTL() && !k.Temporary() {
			// By the time the transaction is applied, empty ledgers will have closed.
			next := view.Last.Sequence() + 1 + s.empties(view.Last)
			if _, until, there := ledger.Find(view, k); there && until < next {
				s.restored++
				written = true
				restore = append(restore, xdr.Uint32(len(data.Resources.Footprint.ReadWrite)))
			}
		}
		fp := &data.Resources.Footprint
		if written {
			fp.ReadWrite = append(fp.ReadWrite, lk)
		} else {
			fp.ReadOnly = append(fp.ReadOnly, lk)
		}
	}
	if len(restore) > 0 {
		data.Ext = xdr.SorobanTransactionDataExt{V: 1, ResourceExt: &xdr.SorobanResourcesExtV0{ArchivedSorobanEntries: restore}}
	}
	return data, nil
}

// invoke makes a call at the second that the clock shows. keys are what it is known to need. What else a function needs, of however many contracts the platform
// consists, is learned by simulations until the first that succeeds, on each site: until then what is refused is refused by these alone.
func (s *site) invoke(source *keypair.Full, call xdr.InvokeContractArgs, auth []xdr.SorobanAuthorizationEntry, keys map[ledger.Key]bool) (ending, error) {
	f := xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &call}
	name := string(call.FunctionName)
	if !s.simulated[name] {
		if end, err := s.learn(source, f, auth, keys); err != nil || end.failure != nil {
			return end, err
		}
		s.simulated[name] = true
	}
	for k, written := range s.learned {
		keys[k] = keys[k] || written
	}
	data, err := s.declared(keys)
	if err != nil {
		return ending{}, err
	}
	o, err := s.contractCall(source, f, auth, data)
	if err != nil {
		return ending{}, err
	}
	end, err := endOf(o)
	if err != nil || end.failure == nil || end.failure.Type != xdr.ScErrorTypeSceStorage {
		return end, err
	}
	// This one needs more than others of its function did. What is refused all the same is refused; else it is made again.
	s.clock.Add(1)
	before := len(s.learned)
	if end, err := s.learn(source, f, auth, keys); err != nil || end.failure != nil {
		return end, err
	}
	if len(s.learned) == before {
		return end, fmt.Errorf("it needs nothing that was not declared, and fails: %s", end.text)
	}
	return ending{}, errAgain
}

// learn simulates a call and keeps what it needs beyond keys. A simulation that fails is the call's end.
func (s *site) learn(source *keypair.Full, f xdr.HostFunction, auth []xdr.SorobanAuthorizationEntry, keys map[ledger.Key]bool) (ending, error) {
	sim, err := s.simulate(source, f, host.EnforceAuth, auth)
	if err != nil {
		return ending{}, err
	}
	if sim.Failure != nil {
		return ending{failure: &sim.Failure.Error, text: sim.Failure.Text, simulated: true}, nil
	}
	for written, list := range map[bool][]xdr.LedgerKey{false: sim.Data.Resources.Footprint.ReadOnly, true: sim.Data.Resources.Footprint.ReadWrite} {
		for _, lk := range list {
			k := ledger.KeyOf(lk)
			if known, there := keys[k]; k.Temporary() || there && (known || !written) {
				continue
			}
			// What is archived a simulation lists as written: it is, that once.
			s.learned[k] = s.learned[k] || written && !s.archived(k)
		}
	}
	return ending{}, nil
}

// archived tells whether an entry has to be restored to be used.
func (s *site) archived(k ledger.Key) bool {
	view := s.Chain().View()
	defer view.Close()
	_, until, there := ledger.Find(view, k)
	return there && k.HasTTL() && until < view.Last.Sequence()+1+s.empties(view.Last)
}

// errAgain says that a call has failed for want of an entry that is known now: it is made again, a second later.
var errAgain = errors.New("to be made again")

// endOf reads a transaction's end.
func endOf(o localnet.Outcome) (ending, error) {
	meta := o.Meta.V4
	if meta == nil {
		return ending{}, fmt.Errorf("meta of version %d", o.Meta.V)
	}
	if o.Successful() {
		if len(meta.Operations) != 1 || meta.SorobanMeta == nil {
			return ending{}, errors.New("the meta is not that of one contract call")
		}
		return ending{value: meta.SorobanMeta.ReturnValue, events: meta.Operations[0].Events}, nil
	}
	// The last error that the host names is the call's own; those of calls that were tried come before.
	for _, d := range slices.Backward(meta.DiagnosticEvents) {
		v0, ok := d.Event.Body.GetV0()
		if !ok || len(v0.Topics) != 2 {
			continue
		}
		if name, ok := v0.Topics[0].GetSym(); !ok || name != "error" {
			continue
		}
		if failure, ok := v0.Topics[1].GetError(); ok {
			return ending{failure: &failure, text: fmt.Sprintf("%s: %v", o.Result.Result.Code, v0.Data)}, nil
		}
	}
	return ending{}, fmt.Errorf("a transaction failed with %s, and nothing says why: %s", o.Result.Result.Code, resultXDR(o.Result))
}

// authorise is what a call is signed by: the source of the transaction, or an entry of its own, as a contract always needs.
func (s *site) authorise(signer string, tree stellar.Tree, keys map[ledger.Key]bool) (source *keypair.Full, auth []xdr.SorobanAuthorizationEntry, err error) {
	entry := xdr.SorobanAuthorizationEntry{
		Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount}, RootInvocation: tree.Invocation(),
	}
	if !s.byProof && !isContract(signer) {
		return s.keys[signer], []xdr.SorobanAuthorizationEntry{entry}, nil
	}
	var seed [8]byte
	if _, err := s.rand.Read(seed[:]); err != nil {
		return nil, nil, err
	}
	nonce := xdr.Int64(binary.LittleEndian.Uint64(seed[:]))
	who := s.address(signer).ScAddress()
	entry.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress, Address: &xdr.SorobanAddressCredentials{
		Address: who, Nonce: nonce, Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid},
	}}
	keys[ledger.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: who, Key: xdr.ScVal{Type: xdr.ScValTypeScvLedgerKeyNonce, NonceKey: &xdr.ScNonceKey{Nonce: nonce}}, Durability: xdr.ContractDataDurabilityTemporary,
	}})] = true
	// Good until after the empty ledgers that are still to close before the call's own.
	last := s.Chain().Last()
	until := last.Sequence() + s.empties(last) + 10
	entry, err = s.signedBy(signer, entry, until, keys)
	return s.keys[payer], []xdr.SorobanAuthorizationEntry{entry}, err
}
