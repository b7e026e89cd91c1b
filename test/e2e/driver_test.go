package e2e

import (
	"context"
	"fmt"
	"os"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
	"github.com/Abdullahi130/StellarEscrow/test/stories/onchain"
)

// built replays stories with the built contract and the fixture token, by signed transactions on a chain of its own.
type built struct {
	ctx    context.Context
	net    stellar.Network
	chain  *chain
	keys   map[string]*keypair.Full
	code   stellar.Hash // of the contract
	tokens stellar.Hash // of the fixture token
	now    uint64       // unix seconds: the last step so far, of whatever story

	*stories.Names
	contract, token stellar.Address
	rulebook        stellar.Address // what every contract asks
	owed            vectors.Owed
	owedIn          xdr.Hash // the ledger it was read in

	// included is told of each call of the story that a ledger has included, if it is set. Its error is the call's.
	included func(c *vectors.Call, did done) error
}

// newBuilt makes a chain with that passphrase and an account for each actor of the stories, and uploads the two contracts.
func newBuilt(ctx context.Context, passphrase string, stories []*vectors.Story) (*built, error) {
	net, err := stellar.NewNetwork(passphrase)
	if err != nil {
		return nil, err
	}
	b := &built{ctx: ctx, net: net, keys: map[string]*keypair.Full{}, now: 1_800_000_000}
	var keys []*keypair.Full
	for _, s := range stories {
		for _, a := range s.Actors {
			if b.keys[a] == nil {
				b.keys[a] = keypair.MustRandom()
				keys = append(keys, b.keys[a])
			}
		}
	}
	if b.chain, err = newChain(ctx, passphrase, keys...); err != nil {
		return nil, err
	}
	code, hash, err := wasm.Escrow()
	if err != nil {
		return nil, err
	}
	rulebook, rulebookHash, err := wasm.Rulebook()
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		return nil, err
	}
	b.code, b.tokens = stellar.Hash(hash), stellar.WasmHash(token)
	for _, w := range [][]byte{code, rulebook, token} {
		if _, err := b.must(b.now, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &w}); err != nil {
			return nil, fmt.Errorf("upload a contract: %w", err)
		}
	}
	b.rulebook, err = b.deploy(b.now, stellar.Hash(rulebookHash), nothing)
	return b, err
}

// must runs what needs no signature but the source's.
func (b *built) must(at uint64, f xdr.HostFunction) (done, error) {
	return b.chain.run(b.ctx, at, f, host.RecordAuth, nil)
}

func create(deployer *keypair.Full, salt [32]byte, code stellar.Hash, args ...xdr.ScVal) xdr.HostFunction {
	hash := xdr.Hash(code)
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeCreateContractV2, CreateContractV2: &xdr.CreateContractArgsV2{
		ContractIdPreimage: xdr.ContractIdPreimage{
			Type: xdr.ContractIdPreimageTypeContractIdPreimageFromAddress,
			FromAddress: &xdr.ContractIdPreimageFromAddress{
				Address: account(deployer), Salt: salt,
			},
		},
		Executable:      xdr.ContractExecutable{Type: xdr.ContractExecutableTypeContractExecutableWasm, WasmHash: &hash},
		ConstructorArgs: args,
	}}
}

func account(k *keypair.Full) xdr.ScAddress {
	id := xdr.MustAddress(k.Address())
	return xdr.ScAddress{Type: xdr.ScAddressTypeScAddressTypeAccount, AccountId: &id}
}

func invoke(args xdr.InvokeContractArgs) xdr.HostFunction {
	return xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeInvokeContract, InvokeContract: &args}
}

// deploy makes a contract and answers its address, which args are told too.
func (b *built) deploy(at uint64, code stellar.Hash, args func(here stellar.Address) ([]xdr.ScVal, error)) (stellar.Address, error) {
	salt := random32()
	deployer, err := stellar.ParseAddress(b.chain.source.Address())
	if err != nil {
		return stellar.Address{}, err
	}
	here, err := stellar.ContractID(b.net, deployer, salt)
	if err != nil {
		return stellar.Address{}, err
	}
	values, err := args(here)
	if err != nil {
		return stellar.Address{}, err
	}
	_, err = b.must(at, create(b.chain.source, salt, code, values...))
	return here, err
}

// constructor makes the escrow's arguments; a receiver called contract is the one that is being deployed.
func (b *built) constructor(p vectors.Platform, receiver string) func(here stellar.Address) ([]xdr.ScVal, error) {
	return func(here stellar.Address) ([]xdr.ScVal, error) {
		admin, err := stellar.ParseAddress(b.keys[vectors.Admin].Address())
		if err != nil {
			return nil, err
		}
		to := here
		if receiver == vectors.Token {
			to = b.token
		} else if receiver != vectors.Contract {
			if to, err = stellar.ParseAddress(b.keys[receiver].Address()); err != nil {
				return nil, err
			}
		}
		return stellar.ConstructorArgs(admin, p.FeeBps, to, escrow.Limits(p.Limits), b.rulebook), nil
	}
}

// nothing are the arguments of a constructor that a contract has not.
func nothing(stellar.Address) ([]xdr.ScVal, error) { return nil, nil }

// Reset deploys the escrow and the token anew. The story starts a day after the end of the one before it: stories look back as well.
func (b *built) Reset(s *vectors.Story) (uint64, error) {
	start := b.now + 86_400
	b.now = start
	b.Names = stories.NewNames(start, func(t escrow.Terms) (escrow.ID, error) { return stellar.TermsID(b.net, b.contract, t) })
	for _, d := range []struct {
		name string
		into *stellar.Address
		code stellar.Hash
		args func(stellar.Address) ([]xdr.ScVal, error)
	}{{vectors.Contract, &b.contract, b.code, b.constructor(s.Platform, vectors.Receiver)}, {vectors.Token, &b.token, b.tokens, nothing}} {
		address, err := b.deploy(start, d.code, d.args)
		if err != nil {
			return 0, fmt.Errorf("deploy the %s: %w", d.name, err)
		}
		*d.into = address
		b.Called(d.name, escrow.Address(address.String()))
	}
	for _, a := range s.Actors {
		b.Called(a, escrow.Address(b.keys[a].Address()))
	}
	for a, x := range s.Balances {
		if err := b.mint(start, a, x.Big()); err != nil {
			return 0, err
		}
	}
	for name, t := range s.Terms {
		if err := b.Open(name, t); err != nil {
			return 0, err
		}
	}
	return start, nil
}

func (b *built) Do(c vectors.Call) (vectors.Answer, error) {
	b.now = c.At
	switch c.Name {
	case "trade", "config", "owed":
		v, err := b.view(c.At, c.Name, c.Trade)
		return vectors.Answer{Code: vectors.OK, Returns: b.Value(v)}, err
	case "deploy":
		_, err := b.deploy(c.At, b.code, b.constructor(c.Args.Deploy, c.Args.FeeReceiver))
		code, err := answer(err)
		return vectors.Answer{Code: code}, err
	}
	call, err := b.Call(&c)
	if err != nil {
		return vectors.Answer{}, err
	}
	args, err := stellar.EncodeCall(b.contract, call)
	if err != nil {
		return vectors.Answer{}, err
	}
	auth, err := b.sign(&c, args)
	if err != nil {
		return vectors.Answer{}, err
	}
	did, err := b.chain.run(b.ctx, c.At, invoke(args), host.EnforceAuth, auth)
	out := vectors.Answer{}
	if out.Code, err = answer(err); err != nil || out.Code != vectors.OK {
		return out, err
	}
	if out.Returns, err = onchain.Returned(b.Names, &c, did.value); err != nil {
		return out, err
	}
	if out.Events, err = onchain.Events(b.Names, b.contract, &c, did.events); err == nil && b.included != nil {
		err = b.included(&c, did)
	}
	return out, err
}

// sign makes the one authorisation of the call by who signs it in the story: the call, and below it the deposit.
func (b *built) sign(c *vectors.Call, args xdr.InvokeContractArgs) ([]xdr.SorobanAuthorizationEntry, error) {
	if c.As == vectors.Nobody {
		return nil, nil
	}
	key := b.keys[c.As]
	signer, err := stellar.ParseAddress(key.Address())
	if err != nil {
		return nil, err
	}
	tree := stellar.Tree{Signer: &signer, Call: args}
	if c.Deposit != "" {
		sum, err := stories.Units(c.Deposit)
		if err != nil {
			return nil, err
		}
		tree.Transfer = &stellar.Transfer{Asset: b.token, From: signer, To: b.contract, Amount: sum}
	}
	entry := xdr.SorobanAuthorizationEntry{
		Credentials: xdr.SorobanCredentials{Type: xdr.SorobanCredentialsTypeSorobanCredentialsAddress, Address: &xdr.SorobanAddressCredentials{
			Address: account(key), Nonce: randomNonce(), Signature: xdr.ScVal{Type: xdr.ScValTypeScvVoid},
		}},
		RootInvocation: tree.Invocation(),
	}
	entry, err = stellar.SignAuth(b.net, entry, b.chain.Last.Sequence()+10, key)
	return []xdr.SorobanAuthorizationEntry{entry}, err
}
