package node_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/network"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/scval"
)

// simulate runs a simulation that has to succeed.
func (w *world) simulate(q host.SimulateRequest) (sim host.SimulateResult) {
	w.t.Helper()
	err := w.Simulate(w.t.Context(), func(s node.Simulation) (err error) {
		if q.Seed, err = w.Seed(); err != nil {
			return err
		}
		q.Info = s.Info
		sim, err = s.Host.Simulate(w.t.Context(), q)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if sim.Failure != nil {
		w.t.Fatalf("the simulation failed: %s", sim.Failure.Text)
	}
	return sim
}

// payload is what has to be signed to agree to an invocation (CAP-46-11).
func (w *world) payload(e xdr.SorobanAuthorizationEntry) [32]byte {
	w.t.Helper()
	c := credentials(&e)
	id := xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorization, SorobanAuthorization: &xdr.HashIdPreimageSorobanAuthorization{
		NetworkId: xdr.Hash(network.ID(w.Passphrase())), Nonce: c.Nonce, SignatureExpirationLedger: c.SignatureExpirationLedger, Invocation: e.RootInvocation}}
	if e.Credentials.AddressV2 != nil { // which also signs for whom (CAP-71)
		id = xdr.HashIdPreimage{Type: xdr.EnvelopeTypeEnvelopeTypeSorobanAuthorizationWithAddress,
			SorobanAuthorizationWithAddress: &xdr.HashIdPreimageSorobanAuthorizationWithAddress{NetworkId: id.SorobanAuthorization.NetworkId,
				Nonce: c.Nonce, SignatureExpirationLedger: c.SignatureExpirationLedger, Address: c.Address, Invocation: e.RootInvocation}}
	}
	raw, err := id.MarshalBinary()
	if err != nil {
		w.t.Fatal(err)
	}
	return sha256.Sum256(raw)
}

// credentials are those of an entry that somebody else signs.
func credentials(e *xdr.SorobanAuthorizationEntry) *xdr.SorobanAddressCredentials {
	if e.Credentials.AddressV2 != nil {
		return e.Credentials.AddressV2
	}
	return e.Credentials.Address
}

// withAddress makes an entry one whose signature also says for whom it is.
func withAddress(e *xdr.SorobanAuthorizationEntry) {
	e.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddressV2, AddressV2: e.Credentials.Address}
}

// withoutAddress is withAddress the other way.
func withoutAddress(e *xdr.SorobanAuthorizationEntry) {
	e.Credentials = xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress, Address: e.Credentials.AddressV2}
}

// agreed is a call of fn by source that others have agreed to: change has the entry before it is signed, sign makes the signature.
func (w *world) agreed(source *keypair.Full, fn xdr.HostFunction, good, sign func(payload [32]byte) xdr.ScVal, change, late func(*xdr.SorobanAuthorizationEntry)) xdr.TransactionEnvelope {
	w.t.Helper()
	sim := w.simulate(host.SimulateRequest{Source: id(source), Function: fn})
	if len(sim.Auth) != 1 || sim.Auth[0].Credentials.Address == nil {
		w.t.Fatalf("the simulation asks for %d signatures, want one", len(sim.Auth))
	}
	e := sim.Auth[0]
	e.Credentials.Address.SignatureExpirationLedger = xdr.Uint32(w.Chain().Last().Sequence() + 100)
	e.Credentials.Address.Signature = good(w.payload(e))
	// With the signature the simulation also runs what checks it.
	sim = w.simulate(host.SimulateRequest{Source: id(source), Function: fn, AuthMode: host.EnforceAuth, Auth: []xdr.SorobanAuthorizationEntry{e}})
	if change != nil {
		change(&e)
	}
	credentials(&e).Signature = sign(w.payload(e))
	if late != nil {
		late(&e)
	}
	sim.Data.Resources.Instructions += 2_000_000
	sim.Data.ResourceFee += 1_000_000
	return w.tx(source, &txnbuild.InvokeHostFunction{HostFunction: fn, Auth: []xdr.SorobanAuthorizationEntry{e}, Ext: xdr.TransactionExt{V: 1, SorobanData: sim.Data}})
}

// agreement is one row: how an entry is changed and signed, and how the transaction ends.
type agreement struct {
	name   string
	change func(*xdr.SorobanAuthorizationEntry)
	sign   func(payload [32]byte) xdr.ScVal     // nil: as it should be
	want   string                               // "" if it is accepted, else what the host says
	late   func(*xdr.SorobanAuthorizationEntry) // changes it once it is signed
}

// expires are the rows about time and contents, which are the same for all who agree.
func (w *world) expires() []agreement {
	until := func(ledgers int) func(*xdr.SorobanAuthorizationEntry) {
		return func(e *xdr.SorobanAuthorizationEntry) {
			// The ledger after the last one is the one that it is applied in.
			e.Credentials.Address.SignatureExpirationLedger = xdr.Uint32(int(w.Chain().Last().Sequence()) + 1 + ledgers)
		}
	}
	const longest = 3_110_400
	return []agreement{
		{"signed", nil, nil, "", nil},
		{"signed until this ledger", until(0), nil, "", nil},
		{"signed until the ledger before", until(-1), nil, "signature has expired", nil},
		{"signed for as long as an entry lives", until(longest - 1), nil, "", nil},
		{"signed for longer", until(longest), nil, "signature expiration is too late", nil},
		{"signed for another amount", func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.Function.ContractFn.Args[2] = scval.I128(2)
		}, nil, "Unauthorized function call for address", nil},
		{"signed for another function", func(e *xdr.SorobanAuthorizationEntry) {
			e.RootInvocation.Function.ContractFn.FunctionName = "burn"
		}, nil, "Unauthorized function call for address", nil},
		{"signed for another nonce", func(e *xdr.SorobanAuthorizationEntry) { e.Credentials.Address.Nonce++ }, nil,
			"trying to access nonce outside of the footprint", nil},
		{"signed with the address", withAddress, nil, "", nil},
		{"signed with the address, for an entry that lacks it", withAddress, nil, "failed account authentication", withoutAddress},
		{"signed without the address, for an entry that has it", nil, nil, "failed account authentication", withAddress},
	}
}

// check runs the rows. Each transfers one stroop to other.
func (w *world) checkAgreements(t *testing.T, rows []agreement, source, other *keypair.Full, from xdr.ScAddress, good func([32]byte) xdr.ScVal) {
	t.Helper()
	_, _, contract := w.USDC()
	transfer := scval.Call(scval.MustContract(contract), "transfer", scval.Address(from), scval.Address(accountAddress(other)), scval.I128(1))
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			if c.sign == nil {
				c.sign = good
			}
			o, err := w.Submit(t.Context(), w.agreed(source, transfer, good, c.sign, c.change, c.late))
			if err != nil {
				t.Fatal(err)
			}
			texts := said(o.Meta.V4.DiagnosticEvents)
			if o.Successful() != (c.want == "") || !strings.Contains(strings.Join(texts, "\n"), c.want) {
				t.Errorf("successful: %v, the host said %q, want %q", o.Successful(), texts, c.want)
			}
		})
	}
	e := w.agreed(source, transfer, good, good, nil, nil)
	again := *e.V1.Tx.Operations[0].Body.InvokeHostFunctionOp
	data := *e.V1.Tx.Ext.SorobanData
	w.must(e)
	o, err := w.Submit(t.Context(), w.tx(source, &txnbuild.InvokeHostFunction{HostFunction: again.HostFunction, Auth: again.Auth, Ext: xdr.TransactionExt{V: 1, SorobanData: &data}}))
	if err != nil {
		t.Fatal(err)
	}
	if texts := said(o.Meta.V4.DiagnosticEvents); o.Successful() || !slices.Contains(texts, "nonce already exists for address") {
		t.Errorf("the same agreement again: successful: %v, the host said %q", o.Successful(), texts)
	}
}

// A contract is an account: its __check_auth says who agrees for it.
func TestContractAccount(t *testing.T) {
	w := newWorld(t, node.Options{})
	owner, stranger, other := w.account(), w.account(), w.holder(0)
	account := w.probe(owner)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.must(w.call(owner, scval.Call(account, "sign_by", scval.Bytes(public))))
	_, _, contract := w.USDC()
	holder := w.holder(1000)
	w.must(w.call(holder, scval.Call(scval.MustContract(contract), "transfer", scval.Address(accountAddress(holder)), scval.Address(account), scval.I128(1000))))

	by := func(key ed25519.PrivateKey) func([32]byte) xdr.ScVal {
		return func(payload [32]byte) xdr.ScVal { return scval.Bytes(ed25519.Sign(key, payload[:])) }
	}
	const failed = "failed account authentication with error"
	w.checkAgreements(t, append(w.expires(),
		agreement{"signed by another key", nil, by(second), failed, nil},
		agreement{"signed, and a bit turned", nil, func(payload [32]byte) xdr.ScVal {
			s := ed25519.Sign(private, payload[:])
			s[3] ^= 1
			return scval.Bytes(s)
		}, failed, nil},
		agreement{"no signature", nil, func([32]byte) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvVoid} }, failed, nil},
		agreement{"a signature of the wrong length", nil, func([32]byte) xdr.ScVal { return scval.Bytes(make([]byte, 63)) }, failed, nil},
	), stranger, other, account, by(private))
	if got := w.stroops(other); got != 5 {
		t.Errorf("after the transfers that were agreed to there are %d stroops, want 5", got)
	}

	// The key that signs is changed with its own agreement alone.
	next := second.Public().(ed25519.PublicKey)
	w.must(w.agreed(stranger, scval.Call(account, "sign_by", scval.Bytes(next)), by(private), by(private), nil, nil))
	w.checkAgreements(t, []agreement{
		{"signed by the new key", nil, nil, "", nil},
		{"signed by the old key", nil, by(private), failed, nil},
	}, stranger, other, account, by(second))
}

// stroops is the balance of a trustline to USDC.
func (w *world) stroops(k *keypair.Full) int64 {
	w.t.Helper()
	code, issuer, _ := w.USDC()
	e := w.entry(trustline(id(k), code, issuer))
	if e == nil {
		w.t.Fatalf("%s has no trustline", k.Address())
	}
	return int64(e.Data.TrustLine.Balance)
}

// An account agrees by its signers, whose weights have to reach its medium threshold.
func TestAccountsAgreement(t *testing.T) {
	w := newWorld(t, node.Options{})
	stranger, other, from := w.account(), w.holder(0), w.holder(1000)
	second := keypair.MustRandom()
	w.must(w.tx(from, &txnbuild.SetOptions{Signer: &txnbuild.Signer{Address: second.Address(), Weight: 1}, MediumThreshold: threshold(2)}))
	by := func(keys ...*keypair.Full) func([32]byte) xdr.ScVal {
		return func(payload [32]byte) xdr.ScVal {
			var list []xdr.ScVal
			for _, k := range keys {
				s, err := k.Sign(payload[:])
				if err != nil {
					t.Fatal(err)
				}
				public := strkey.MustDecode(strkey.VersionByteAccountID, k.Address())
				list = append(list, scval.Map(scval.Pair{Key: "public_key", Value: scval.Bytes(public)}, scval.Pair{Key: "signature", Value: scval.Bytes(s)}))
			}
			return scval.Vec(list...)
		}
	}
	both := []*keypair.Full{from, second}
	slices.SortFunc(both, func(a, b *keypair.Full) int {
		x, y := strkey.MustDecode(strkey.VersionByteAccountID, a.Address()), strkey.MustDecode(strkey.VersionByteAccountID, b.Address())
		return slices.Compare(x, y)
	})
	w.checkAgreements(t, append(w.expires(),
		agreement{"signed by one of two", nil, by(from), "signature weight is lower than threshold", nil},
		agreement{"signed twice by one of two", nil, by(from, from), "public keys are not ordered", nil},
		agreement{"signed in the other order", nil, by(both[1], both[0]), "public keys are not ordered", nil},
		agreement{"signed by somebody else too", nil, func(payload [32]byte) xdr.ScVal {
			keys := append(slices.Clone(both), stranger)
			slices.SortFunc(keys, func(a, b *keypair.Full) int {
				x, y := strkey.MustDecode(strkey.VersionByteAccountID, a.Address()), strkey.MustDecode(strkey.VersionByteAccountID, b.Address())
				return slices.Compare(x, y)
			})
			return by(keys...)(payload)
		}, "signer does not belong to account", nil},
		agreement{"signed for something else", nil, func([32]byte) xdr.ScVal { return by(both...)([32]byte{1}) }, "failed ED25519 verification", nil},
		agreement{"nobody's signature", nil, by(), "no account signatures found", nil},
	), stranger, other, accountAddress(from), by(both...))
}
