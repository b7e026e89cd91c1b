package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/contract/vectors"
	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/test/stories"
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
	owed            vectors.Owed
	owedIn          xdr.Hash // the ledger it was read in
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
	token, err := os.ReadFile("../../contract/fixtures/wasm/token.wasm")
	if err != nil {
		return nil, err
	}
	b.code, b.tokens = stellar.Hash(hash), stellar.WasmHash(token)
	for _, w := range [][]byte{code, token} {
		if _, err := b.must(b.now, xdr.HostFunction{Type: xdr.HostFunctionTypeHostFunctionTypeUploadContractWasm, Wasm: &w}); err != nil {
			return nil, fmt.Errorf("upload a contract: %w", err)
		}
	}
	return b, nil
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
		return stellar.ConstructorArgs(admin, p.FeeBps, to, escrow.Limits(p.Limits)), nil
	}
}

// nothing are the arguments of the token's constructor, which it has not.
func nothing(stellar.Address) ([]xdr.ScVal, error) { return nil, nil }

// Reset deploys both contracts anew. The story starts a day after the end of the one before it: stories look back as well.
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
	if out.Returns, err = b.returned(&c, did.value); err != nil {
		return out, err
	}
	out.Events, err = b.events(&c, did.events)
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
	entry, err = stellar.SignAuth(b.net, entry, b.chain.last.Sequence()+10, key)
	return []xdr.SorobanAuthorizationEntry{entry}, err
}

// answer is what a story calls the end of a run. An error that no story can name is returned.
func answer(err error) (string, error) {
	var r *refused
	if !errors.As(err, &r) {
		return vectors.OK, err
	}
	// A constructor's own error does not get through: the host says InvalidAction, and the contract's code stands in the diagnostics alone.
	reason := r.Failure.Error
	for _, e := range r.diagnostics {
		if v0, ok := e.Event.Body.GetV0(); ok && len(v0.Topics) == 2 && reason.Type != xdr.ScErrorTypeSceContract {
			if said, ok := v0.Topics[1].GetError(); ok && said.Type == xdr.ScErrorTypeSceContract {
				reason = said
			}
		}
	}
	switch {
	case reason.Type == xdr.ScErrorTypeSceContract && reason.ContractCode != nil:
		return escrow.Code(*reason.ContractCode).String(), nil
	case reason.Type == xdr.ScErrorTypeSceAuth:
		return vectors.Unauthorized, nil
	}
	return "", r
}

func (b *built) returned(c *vectors.Call, v *xdr.ScVal) (any, error) {
	switch c.Name {
	case "open":
		id, ok := v.GetBytes()
		if !ok || len(id) != 32 {
			return nil, fmt.Errorf("open returned %s, not 32 bytes", v.Type)
		}
		return b.Value(escrow.ID(id)), nil
	case "collect":
		parts, ok := v.GetI128()
		if !ok {
			return nil, fmt.Errorf("collect returned %s, not an amount", v.Type)
		}
		return int128(parts), nil
	default:
		if v.Type != xdr.ScValTypeScvVoid {
			return nil, fmt.Errorf("%s returned %s, not nothing", c.Name, v.Type)
		}
		return nil, nil
	}
}

func int128(p xdr.Int128Parts) *big.Int {
	x := new(big.Int).Lsh(big.NewInt(int64(p.Hi)), 64)
	return x.Add(x, new(big.Int).SetUint64(uint64(p.Lo)))
}

// events reads the contract's events, and checks that their topics name the trade of the call, its asset, or nothing.
func (b *built) events(c *vectors.Call, list []xdr.ContractEvent) ([][]any, error) {
	var out [][]any
	for _, raw := range list {
		e, err := stellar.DecodeEvent(b.contract, raw)
		if err != nil {
			return nil, err
		}
		switch {
		case e.Trade != nil:
			if b.Trade[*e.Trade] != c.Trade || c.Trade == "" {
				return nil, fmt.Errorf("event %s is about trade %x, not %q", e.EventName(), *e.Trade, c.Trade)
			}
		case e.Asset != nil:
			if c.Name != "collect" || *e.Asset != b.Address[vectors.Token] {
				return nil, fmt.Errorf("event %s of %s is about asset %s", e.EventName(), c.Name, *e.Asset)
			}
		case c.Trade != "":
			return nil, fmt.Errorf("event %s names no trade", e.EventName())
		}
		event := []any{e.EventName()}
		for _, f := range escrow.Fields(e.Event) {
			event = append(event, b.Value(f.Value))
		}
		out = append(out, event)
	}
	return out, nil
}

// view calls a view, without a transaction.
func (b *built) view(at uint64, name, trade string) (any, error) {
	var args xdr.InvokeContractArgs
	switch name {
	case "trade":
		id, err := b.ID(b.Terms[trade])
		if err != nil {
			return nil, err
		}
		args = stellar.ViewTrade(b.contract, id)
	case "config":
		args = stellar.ViewConfig(b.contract)
	default:
		args = stellar.ViewOwed(b.contract, b.token)
	}
	sim, err := b.chain.simulate(b.ctx, at, invoke(args), host.EnforceAuth, nil)
	if err != nil {
		return nil, err
	}
	if sim.Failure != nil {
		return nil, errors.New(sim.Failure.Text)
	}
	switch name {
	case "trade":
		return stellar.DecodeTrade(*sim.Value)
	case "config":
		return stellar.DecodeConfig(*sim.Value)
	default:
		return stellar.DecodeOwed(*sim.Value)
	}
}

func (b *built) World(w vectors.World) error {
	b.now = w.At
	switch w.Act {
	case "block":
		return b.tell(w.At, "block", addressVal(b.keyOrContract(w.Actor)), boolVal(w.On))
	case "freeze":
		if w.On {
			return b.tell(w.At, "mode", variant("Refuse"))
		}
		return b.tell(w.At, "mode", variant("Honest"))
	case "tax":
		if w.Bps == 0 {
			return b.tell(w.At, "mode", variant("Honest"))
		}
		bps := xdr.Uint32(w.Bps)
		return b.tell(w.At, "mode", variant("FeeBps", xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &bps}))
	case "seize":
		return b.mint(w.At, w.Actor, new(big.Int).Neg(w.Amount.Big()))
	case "mint":
		return b.mint(w.At, w.Actor, w.Amount.Big())
	}
	return fmt.Errorf("there is no act of the world %q", w.Act)
}

// tell calls the fixture token, which does what anybody says.
func (b *built) tell(at uint64, function string, args ...xdr.ScVal) error {
	_, err := b.must(at, invoke(xdr.InvokeContractArgs{ContractAddress: b.token.ScAddress(), FunctionName: xdr.ScSymbol(function), Args: args}))
	if err != nil {
		err = fmt.Errorf("tell the token to %s: %w", function, err)
	}
	return err
}

func (b *built) mint(at uint64, actor string, x *big.Int) error {
	hi := new(big.Int).Rsh(x, 64) // rounds down, as two's complement does
	lo := new(big.Int).And(x, new(big.Int).SetUint64(1<<64-1))
	parts := xdr.Int128Parts{Hi: xdr.Int64(hi.Int64()), Lo: xdr.Uint64(lo.Uint64())}
	return b.tell(at, "mint", addressVal(b.keyOrContract(actor)), xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &parts})
}

func (b *built) keyOrContract(actor string) xdr.ScAddress {
	if actor == vectors.Contract {
		return b.contract.ScAddress()
	}
	return account(b.keys[actor])
}

// Balance reads the token's entry in the ledger.
func (b *built) Balance(actor string) (vectors.Amount, error) {
	symbol := xdr.ScSymbol("Balance")
	vec := &xdr.ScVec{{Type: xdr.ScValTypeScvSymbol, Sym: &symbol}, addressVal(b.keyOrContract(actor))}
	raw, ok := b.chain.view.Get(ledger.KeyOf(xdr.LedgerKey{Type: xdr.LedgerEntryTypeContractData, ContractData: &xdr.LedgerKeyContractData{
		Contract: b.token.ScAddress(), Key: xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &vec}, Durability: xdr.ContractDataDurabilityPersistent,
	}}))
	if !ok {
		return "0", nil
	}
	parts, ok := ledger.Decode(raw).Data.ContractData.Val.GetI128()
	if !ok {
		return "", errors.New("the token's entry is no amount")
	}
	return vectors.Amount(int128(parts).String()), nil
}

// Owed calls the view, once a ledger: a refused call closes none.
func (b *built) Owed() (vectors.Owed, error) {
	if b.owedIn == b.chain.last.Hash {
		return b.owed, nil
	}
	v, err := b.view(b.now, "owed", "")
	if err != nil {
		return vectors.Owed{}, err
	}
	owed := v.(escrow.Owed)
	b.owed, b.owedIn = vectors.Owed{Total: vectors.Amount(owed.Total.Units()), Fees: vectors.Amount(owed.Fees.Units())}, b.chain.last.Hash
	return b.owed, nil
}

func addressVal(a xdr.ScAddress) xdr.ScVal {
	return xdr.ScVal{Type: xdr.ScValTypeScvAddress, Address: &a}
}

func boolVal(v bool) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &v} }

// variant is a value of a Rust enum: its name, then its fields.
func variant(name string, fields ...xdr.ScVal) xdr.ScVal {
	symbol := xdr.ScSymbol(name)
	list := &xdr.ScVec{}
	*list = slices.Concat([]xdr.ScVal{{Type: xdr.ScValTypeScvSymbol, Sym: &symbol}}, fields)
	return xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &list}
}
