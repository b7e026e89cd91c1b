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
	Ledger   uint32   // of the creation; 0 if it stood already
	Did      []string // in order: "uploaded the code", "created the contract"
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
	if got := stellar.WasmHash(p.Code); got != stellar.Hash(p.CodeHash) {
		return Deployed{}, fmt.Errorf("deploy: the code has the hash %s, not %s: nothing was sent", got, stellar.Hash(p.CodeHash))
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
	instance, code, err := standing(ctx, s.Client, d.Contract, d.CodeHash)
	if err != nil {
		return Deployed{}, err
	}
	if !code && instance == nil {
		r, err := s.send(ctx, "upload the code", func(e stellar.Envelope) (stellar.Transaction, error) { return stellar.Upload(e, p.Code) }, nothingSigned)
		if err != nil {
			return Deployed{}, fmt.Errorf("deploy: %w", err)
		}
		d.Fee += r.FeeCharged
		d.Did = append(d.Did, "uploaded the code")
	}
	if instance == nil {
		args := stellar.ConstructorArgs(p.Admin, p.FeeBps, p.FeeReceiver, p.Limits)
		r, failed := s.send(ctx, "create the contract", func(e stellar.Envelope) (stellar.Transaction, error) {
			return stellar.Create(e, deployer, p.Salt, d.CodeHash, args)
		}, onlyCreation)
		if failed == nil {
			d.Fee += r.FeeCharged
			d.Ledger = r.Ledger
			d.Did = append(d.Did, "created the contract")
		}
		// It may have failed because an earlier attempt, given up while it was on its way, has come to its end meanwhile.
		if instance, _, err = standing(ctx, s.Client, d.Contract, d.CodeHash); failed != nil && (err != nil || instance == nil) {
			return Deployed{}, fmt.Errorf("deploy: %w", failed)
		} else if err != nil {
			return Deployed{}, err
		}
	}
	if instance == nil || *instance != d.CodeHash {
		return Deployed{}, fmt.Errorf("deploy: %s: %w: choose another salt", d.Contract, ErrOtherCode)
	}
	if d.Config, err = ReadConfig(ctx, s.Client, d.Contract); err != nil {
		return d, err
	}
	return d, p.compare(d)
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
	code, _, err := standing(ctx, c, contract, stellar.Hash{})
	return code, err
}

// standing looks up what is there: the code of the contract's instance, and whether code with that hash has been uploaded.
func standing(ctx context.Context, c *rpc.Client, contract stellar.Address, hash stellar.Hash) (instance *stellar.Hash, code bool, err error) {
	entries, _, err := c.Entries(ctx, stellar.InstanceKey(contract), stellar.CodeKey(hash))
	if err != nil {
		return nil, false, fmt.Errorf("look up %s: %w", contract, err)
	}
	for _, e := range entries {
		switch e.Data.Type {
		case xdr.LedgerEntryTypeContractCode:
			code = true
		case xdr.LedgerEntryTypeContractData:
			in, ok := e.Data.MustContractData().Val.GetInstance()
			if !ok || in.Executable.WasmHash == nil {
				return nil, false, fmt.Errorf("%s: %w: it has no code of its own", contract, ErrOtherCode)
			}
			h := stellar.Hash(*in.Executable.WasmHash)
			instance = &h
		}
	}
	return instance, code, nil
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
