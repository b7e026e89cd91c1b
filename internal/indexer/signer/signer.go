package signer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// ErrNotMine is wrapped by every refusal: what was refused, and whose key refused it, stand in the text.
var ErrNotMine = errors.New("not what this key signs")

// maxLife is how far ahead the end of a transaction's time may be: a signed one that was lost must be over soon.
const maxLife = 5 * time.Minute

// Config says what a key is for. All fields but Own are required.
type Config struct {
	Job     Job
	Account stellar.Address          // whose key it is; the sources of what it signs
	Seed    func() secret.Secret     // S…, read anew for each signature, so that it can be rotated
	Network stellar.Network          // the only one it signs for
	Follows func() []stellar.Address // the escrow contracts whose calls it signs
	Own     func() []stellar.Address // every account of the platform's: none may be a party, nor authorise anything
	MaxFee  int64                    // the most that one transaction may cost, in stroops, rent included
	Now     func() time.Time
}

// Signer is a key with one job. It is safe for concurrent use.
type Signer struct{ c Config }

// New checks that the key is there and is the account's.
func New(c Config) (*Signer, error) {
	s := &Signer{c}
	if _, err := s.key(); err != nil {
		return nil, err
	}
	return s, nil
}

// Account is the source of what it signs.
func (s *Signer) Account() stellar.Address { return s.c.Account }

// key reads the seed. Its errors say nothing of it.
func (s *Signer) key() (*keypair.Full, error) {
	key, err := keypair.ParseFull(s.c.Seed().Reveal())
	if err != nil {
		return nil, fmt.Errorf("the %s key of %s: the secret is no seed of an account (S…)", s.c.Job.name, s.c.Account)
	}
	if key.Address() != s.c.Account.String() {
		return nil, fmt.Errorf("the %s key of %s: the secret is that of another account, %s", s.c.Job.name, s.c.Account, key.Address())
	}
	return key, nil
}

// Sign is the transaction with this key's signature. tree is what its call may ask to be signed, computed from the terms and the state
// (stellar.ExpectedTree), never from a simulation; its zero value stands for an operation that is no call.
func (s *Signer) Sign(tx stellar.Transaction, tree stellar.Tree) (stellar.Transaction, error) {
	if err := s.check(tx, tree); err != nil {
		return stellar.Transaction{}, fmt.Errorf("the %s key of %s: %w", s.c.Job.name, s.c.Account, err)
	}
	key, err := s.key()
	if err != nil {
		return stellar.Transaction{}, err
	}
	return tx.Sign(s.c.Network, key)
}

func refuse(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrNotMine)...)
}

func (s *Signer) check(tx stellar.Transaction, tree stellar.Tree) error {
	now := s.c.Now()
	switch {
	case tx.Source() != s.c.Account:
		return refuse("a transaction of %s", tx.Source())
	case tx.Signatures() > 0:
		return refuse("a transaction that somebody has signed already")
	case tx.MaxFee() > s.c.MaxFee:
		return refuse("a fee of up to %d stroops, more than %d", tx.MaxFee(), s.c.MaxFee)
	case tx.NotAfter() > uint64(now.Add(maxLife).Unix()):
		return refuse("a transaction that could be included until %d, later than in %s", tx.NotAfter(), maxLife)
	}
	args, ok := tx.Call()
	if !ok {
		return s.c.Job.operation(tx)
	}
	call, err := s.call(args)
	if err != nil {
		return err
	}
	if !slices.Contains(s.c.Job.functions, call.Function()) {
		return refuse("a call of %s", call.Function())
	}
	if err := s.strangersOnly(call); err != nil {
		return err
	}
	if err := stellar.CheckTree(tree, tx.Source(), tx.Auth()); err != nil {
		return refuse("%v", err)
	}
	return s.c.Job.authorised(s, tree, tx.Auth())
}

// call reads a call of one of the followed contracts, strictly.
func (s *Signer) call(args xdr.InvokeContractArgs) (escrow.Call, error) {
	for _, contract := range s.c.Follows() {
		call, err := stellar.DecodeCall(contract, args)
		if errors.Is(err, stellar.ErrOtherContract) {
			continue
		}
		if err != nil {
			return nil, refuse("a call that cannot be read (%v)", err)
		}
		return call, nil
	}
	return nil, refuse("a call of a contract that is not followed")
}

// strangersOnly refuses trades in which one of our own accounts has a role, and claims to one: the source's signature could then count
// for more than its fee.
func (s *Signer) strangersOnly(call escrow.Call) error {
	var named []escrow.Address
	if terms, ok := escrow.TermsOf(call); ok {
		named = append(named, terms.Buyer, terms.Seller)
		named = append(named, terms.Panel.Arbitrators...)
		named = append(named, terms.AppealPanel.Arbitrators...)
	}
	if claim, ok := call.(escrow.CallClaim); ok {
		named = append(named, claim.To)
	}
	for _, own := range s.own() {
		if slices.Contains(named, escrow.Address(own.String())) {
			return refuse("a %s in which %s, an account of the platform's, takes part", call.Function(), own)
		}
	}
	return nil
}

// own are the platform's accounts, this one always among them.
func (s *Signer) own() []stellar.Address {
	own := []stellar.Address{s.c.Account}
	if s.c.Own != nil {
		own = append(own, s.c.Own()...)
	}
	return own
}
