package deploy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// Plan says what is deployed. Everything in it but Asset is fixed for ever by the deployment, save what the admin's calls can change.
type Plan struct {
	Code     []byte
	CodeHash [32]byte // SHA-256 of Code; how the network names it
	// The code of the contract that this one asks, and its SHA-256; Code has that within, and takes no other.
	Rulebook     []byte
	RulebookHash [32]byte
	// Salt and the deploying account decide the contract's address: the same two deploy once only.
	Salt        [32]byte
	Admin       stellar.Address
	FeeBps      uint32
	FeeReceiver stellar.Address
	Limits      escrow.Limits
	// Asset is the token that trades will be made in. The contract does not know it: it is checked, so that nobody deploys for a mistyped one.
	Asset stellar.Address
}

// Deployed is what stands on the network after Deploy.
type Deployed struct {
	Contract stellar.Address
	CodeHash stellar.Hash
	Config   escrow.Config
	Decimals uint32   // of the asset
	Fee      int64    // stroops charged for what had to be done; 0 if it stood already
	Ledger   uint32   // of the contract's creation; 0 if it stood already
	Did      []string // in order: "uploaded the rulebook's code", "created the rulebook", "uploaded the contract's code", "created the contract"
}

// DefaultLimits are the bounds of a platform for trades among people: a day to answer is the least, half a year the longest life, since
// nobody can be expected to look at a screen every hour and entries need no restoring within it.
func DefaultLimits() escrow.Limits {
	const day = 24 * 60 * 60
	return escrow.Limits{
		MinDelivery: day, InspectionMin: day, InspectionMax: 30 * day, OffersMin: day, OffersMax: 14 * day,
		RulingMin: 2 * day, RulingMax: 30 * day, AppealMin: day, AppealMax: 14 * day, LongestLife: 180 * day, FeeDelay: 3 * day,
	}
}

var (
	// ErrPlan is returned for a plan that no contract should be deployed with; nothing was sent.
	ErrPlan = errors.New("not a sound plan")
	// ErrOtherCode is returned when the address holds a contract of other code.
	ErrOtherCode = errors.New("another contract stands there")
	// ErrNothing is returned where nothing stands on the network.
	ErrNothing = errors.New("no such entry on this network")
	// ErrOtherConfig is returned when the contract stands already, configured otherwise than planned.
	ErrOtherConfig = errors.New("it stands already with another configuration")
)

// Deploy brings the network to what the plan says and reads it back. What stands already is left as it is, so it can be repeated after any
// failure. It refuses: a node of another network (rpc.ErrWrongNetwork), code that is not what its hash says, an asset that is no token.
func Deploy(ctx context.Context, s *Sender, p Plan) (Deployed, error) {
	for _, c := range []struct {
		code []byte
		hash stellar.Hash
	}{{p.Code, stellar.Hash(p.CodeHash)}, {p.Rulebook, stellar.Hash(p.RulebookHash)}} {
		if got := stellar.WasmHash(c.code); got != c.hash {
			return Deployed{}, fmt.Errorf("deploy: the code has the hash %s, not %s: nothing was sent", got, c.hash)
		}
	}
	if _, err := s.Client.CheckNetwork(ctx); err != nil {
		return Deployed{}, fmt.Errorf("deploy: %w", err)
	}
	deployer, err := stellar.ParseAccount(s.Key.Address())
	if err != nil {
		return Deployed{}, fmt.Errorf("deploy: %w", err)
	}
	d := Deployed{CodeHash: stellar.Hash(p.CodeHash)}
	if d.Decimals, err = decimals(ctx, s.Client, p.Asset); err != nil {
		return Deployed{}, err
	}
	if d.Contract, err = stellar.ContractID(s.Client.Network(), deployer, p.Salt); err != nil {
		return Deployed{}, fmt.Errorf("deploy: %w", err)
	}
	if err := p.check(d.Contract); err != nil {
		return Deployed{}, err
	}
	there, err := standing(ctx, s.Client, d.Contract, d.CodeHash)
	if err != nil {
		return Deployed{}, err
	}
	if there.instance == nil {
		if err := d.create(ctx, s, deployer, p); err != nil {
			return Deployed{}, fmt.Errorf("deploy: %w", err)
		}
	} else if there.code != d.CodeHash {
		return Deployed{}, otherCode(d.Contract)
	}
	if d.Config, err = ReadConfig(ctx, s.Client, d.Contract); err != nil {
		return d, err
	}
	return d, p.compare(d)
}

// create makes what does not stand yet: the rulebook, which any number of a deployer's contracts share, and then the contract.
func (d *Deployed) create(ctx context.Context, s *Sender, deployer stellar.Address, p Plan) error {
	// Its code is its salt: a deployer has one of each, whatever number of contracts ask it.
	rulebook := stood{name: "the rulebook", wasm: p.Rulebook, hash: stellar.Hash(p.RulebookHash), salt: p.RulebookHash}
	var err error
	if rulebook.address, err = stellar.ContractID(s.Client.Network(), deployer, rulebook.salt); err != nil {
		return err
	}
	if err := d.stand(ctx, s, deployer, rulebook); err != nil {
		return err
	}
	return d.stand(ctx, s, deployer, stood{
		name: "the contract", wasm: p.Code, hash: d.CodeHash, salt: p.Salt, address: d.Contract,
		args: stellar.ConstructorArgs(p.Admin, p.FeeBps, p.FeeReceiver, p.Limits, rulebook.address),
	})
}

// stood is a contract that is to stand at an address.
type stood struct {
	name    string
	wasm    []byte
	hash    stellar.Hash
	salt    [32]byte
	args    []xdr.ScVal
	address stellar.Address
}

// stand uploads the code and creates the contract, as far as they are not there.
func (d *Deployed) stand(ctx context.Context, s *Sender, deployer stellar.Address, c stood) error {
	there, err := standing(ctx, s.Client, c.address, c.hash)
	if err != nil {
		return err
	}
	if !there.uploaded && there.instance == nil {
		r, err := s.send(ctx, "upload the code of "+c.name, func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Upload(e, c.wasm) }, nothingSigned)
		if err != nil {
			return err
		}
		d.Fee += r.FeeCharged
		d.Did = append(d.Did, "uploaded "+c.name+"'s code")
	}
	if there.instance == nil {
		r, failed := s.send(ctx, "create "+c.name, func(e stellar.Envelope) (stellar.Transaction, error) {
			return stellar.Create(e, deployer, c.salt, c.hash, c.args)
		}, onlyCreation)
		if failed == nil {
			d.Fee += r.FeeCharged
			d.Ledger = r.Ledger
			d.Did = append(d.Did, "created "+c.name)
		}
		// It may have failed because an earlier attempt, given up while it was on its way, has come to its end meanwhile.
		if there, err = standing(ctx, s.Client, c.address, c.hash); failed != nil && (err != nil || there.instance == nil) {
			return failed
		} else if err != nil {
			return err
		}
	}
	if there.instance == nil || there.code != c.hash {
		return otherCode(c.address)
	}
	return nil
}

func otherCode(at stellar.Address) error {
	return fmt.Errorf("deploy: %s: %w: choose another salt", at, ErrOtherCode)
}

// longestLife is the most that a plan's trades may last. The contract itself takes any number: two people could then agree on deadlines that
// never come.
const longestLife = 5 * 365 * 24 * 60 * 60

// check refuses what the constructor would, before anything is paid for: of that, the network shows no code but in its diagnostics. And it
// refuses what the constructor cannot know.
func (p Plan) check(contract stellar.Address) error {
	_, err := escrow.New(escrow.Address(contract.String()), escrow.Address(p.Admin.String()), p.FeeBps, escrow.Address(p.FeeReceiver.String()), p.Limits)
	switch {
	case err != nil:
		return fmt.Errorf("deploy: %w: %w", ErrPlan, err)
	case p.FeeReceiver == p.Asset:
		return fmt.Errorf("deploy: %w: the receiver of the fees is the asset's contract, to which no fee can be paid", ErrPlan)
	case p.Limits.LongestLife > longestLife:
		return fmt.Errorf("deploy: %w: trades of up to %d seconds, more than five years (%d)", ErrPlan, p.Limits.LongestLife, longestLife)
	}
	return nil
}

// compare refuses what stands already with another configuration than the plan's: whoever deploys must not take it for the plan's.
func (p Plan) compare(d Deployed) error {
	var other []string
	for name, same := range map[string]bool{
		"admin": string(d.Config.Admin) == p.Admin.String(), "fee": d.Config.FeeBps == p.FeeBps,
		"fee receiver": string(d.Config.FeeReceiver) == p.FeeReceiver.String(), "limits": d.Config.Limits == p.Limits,
	} {
		if !same {
			other = append(other, name)
		}
	}
	if len(other) == 0 {
		return nil
	}
	slices.Sort(other)
	return fmt.Errorf("deploy: %s: %w: its %s; read it with info, change it by the admin's calls, or choose another salt", d.Contract, ErrOtherConfig, strings.Join(other, ", "))
}

// CodeOf returns the hash of the code that runs at a contract's address; nil if there is none.
func CodeOf(ctx context.Context, c *rpc.Client, contract stellar.Address) (*stellar.Hash, error) {
	there, err := standing(ctx, c, contract, stellar.Hash{})
	if err != nil || there.instance == nil {
		return nil, err
	}
	return &there.code, nil
}

// found is what is there of a contract.
type found struct {
	instance *xdr.ScContractInstance
	code     stellar.Hash // that of the instance
	uploaded bool         // whether the code that was asked for is there
}

// standing looks up a contract's instance, and whether code with that hash has been uploaded.
func standing(ctx context.Context, c *rpc.Client, contract stellar.Address, hash stellar.Hash) (found, error) {
	entries, _, err := c.Entries(ctx, stellar.InstanceKey(contract), stellar.CodeKey(hash))
	if err != nil {
		return found{}, fmt.Errorf("look up %s: %w", contract, err)
	}
	var f found
	for _, e := range entries {
		switch e.Data.Type {
		case xdr.LedgerEntryTypeContractCode:
			f.uploaded = true
		case xdr.LedgerEntryTypeContractData:
			in, ok := e.Data.MustContractData().Val.GetInstance()
			if !ok || in.Executable.WasmHash == nil {
				return found{}, fmt.Errorf("%s: %w: it has no code of its own", contract, ErrOtherCode)
			}
			f.instance, f.code = &in, stellar.Hash(*in.Executable.WasmHash)
		}
	}
	return f, nil
}

func nothingSigned(source stellar.Address, auth []xdr.SorobanAuthorizationEntry) error {
	return stellar.CheckTree(stellar.Tree{}, source, auth)
}

// onlyCreation lets the deployer's account authorise the creation of a contract and nothing that its constructor might ask for.
func onlyCreation(_ stellar.Address, auth []xdr.SorobanAuthorizationEntry) error {
	if len(auth) != 1 {
		return fmt.Errorf("%w: %d authorisations are asked for, the creation needs one", stellar.ErrTree, len(auth))
	}
	root := auth[0].RootInvocation
	if auth[0].Credentials.Type != xdr.SorobanCredentialsTypeSorobanCredentialsSourceAccount ||
		root.Function.Type != xdr.SorobanAuthorizedFunctionTypeSorobanAuthorizedFunctionTypeCreateContractV2HostFn || len(root.SubInvocations) != 0 {
		return fmt.Errorf("%w: more than the creation of one contract by the sending account is asked for", stellar.ErrTree)
	}
	return nil
}
