package signer

import (
	"crypto/ed25519"
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

// Config says what a key is for. All fields but Own and Channels are required.
type Config struct {
	Job     Job
	Account stellar.Address          // whose key it is: the source of what it signs, or the payer of a fee bump
	Seed    func() secret.Secret     // S…, read anew for each signature, so that it can be rotated
	Network stellar.Network          // the only one it signs for
	Follows func() []stellar.Address // the escrow contracts whose calls it signs
	Own     func() []stellar.Address // every account of the platform's: none may be a party, nor authorise anything
	// Channels are the accounts whose transactions a Fee key pays for, beside those that traders send themselves; each counts as one of Own.
	Channels func() []stellar.Address
	MaxFee   int64 // the most that one transaction may cost, in stroops, rent included; of a fee bump as a whole
	// Now is the wall clock, or that of the ledgers where it can be moved (localnet): it bounds how far ahead a transaction's end is.
	Now func() time.Time
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

// Account is whose key it is.
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

// Bump is the fee bump with this key's signature; only a Fee key has one for it. The inner transaction is signed already, by one of the
// channel accounts or by the account of a stranger's that sends it; tree is what its call may ask to be signed, as for Sign.
func (s *Signer) Bump(b stellar.FeeBump, tree stellar.Tree) (stellar.FeeBump, error) {
	if err := s.checkBump(b, tree); err != nil {
		return stellar.FeeBump{}, fmt.Errorf("the %s key of %s: %w", s.c.Job.name, s.c.Account, err)
	}
	key, err := s.key()
	if err != nil {
		return stellar.FeeBump{}, err
	}
	return b.Sign(s.c.Network, key)
}

func refuse(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrNotMine)...)
}

func (s *Signer) check(tx stellar.Transaction, tree stellar.Tree) error {
	switch {
	case s.c.Job.pays:
		return refuse("a transaction that is no fee bump")
	case tx.Source() != s.c.Account:
		return refuse("a transaction of %s", tx.Source())
	case tx.Signatures() > 0:
		return refuse("a transaction that somebody has signed already")
	case tx.MaxFee() > s.c.MaxFee:
		return refuse("a fee of up to %d stroops, more than %d", tx.MaxFee(), s.c.MaxFee)
	}
	return s.checkCall(tx, tree)
}

func (s *Signer) checkBump(b stellar.FeeBump, tree stellar.Tree) error {
	inner := b.Inner()
	switch {
	case !s.c.Job.pays:
		return refuse("a fee bump")
	case b.Payer() != s.c.Account:
		return refuse("a fee bump of %s", b.Payer())
	case b.Signatures() > 0:
		return refuse("a fee bump that somebody has signed already")
	case b.MaxFee() > s.c.MaxFee:
		return refuse("a fee of up to %d stroops, more than %d", b.MaxFee(), s.c.MaxFee)
	case !inner.SignedBy(s.c.Network, inner.Source(), verify):
		return refuse("a fee bump around a transaction that its source, %s, has not signed", inner.Source())
	case s.isChannel(inner.Source()):
		return s.checkCall(inner, tree)
	case slices.Contains(s.own(), inner.Source()):
		return refuse("a fee bump around a transaction of %s, an account of the platform's that is no channel", inner.Source())
	case inner.Restores():
		return refuse("a fee bump around a stranger's operation that is no call")
	}
	return s.checkCall(inner, tree)
}

func verify(key [32]byte, payload, signature []byte) bool {
	return ed25519.Verify(key[:], payload, signature)
}

func (s *Signer) isChannel(a stellar.Address) bool {
	return s.c.Channels != nil && slices.Contains(s.c.Channels(), a)
}

// checkCall is what every key asks of a transaction, whoever signs it and pays for it.
func (s *Signer) checkCall(tx stellar.Transaction, tree stellar.Tree) error {
	if tx.NotAfter() > uint64(s.c.Now().Add(maxLife).Unix()) {
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
	if !s.c.Job.Signs(call.Function()) {
		return refuse("a call of %s", call.Function())
	}
	if err := s.strangersOnly(call); err != nil {
		return err
	}
	if err := stellar.CheckTree(tree, tx.Source(), tx.Auth()); err != nil {
		return refuse("%v", err)
	}
	return s.c.Job.authorised(s, tree, tx)
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
	named := Named(call)
	for _, own := range s.own() {
		if slices.Contains(named, escrow.Address(own.String())) {
			return refuse("a %s in which %s, an account of the platform's, takes part", call.Function(), own)
		}
	}
	return nil
}

// Named are the people of a call: the parties and arbitrators of its trade, and who receives a claim.
func Named(call escrow.Call) (named []escrow.Address) {
	if terms, ok := escrow.TermsOf(call); ok {
		named = append(named, terms.Buyer, terms.Seller)
		named = append(named, terms.Panel.Arbitrators...)
		named = append(named, terms.AppealPanel.Arbitrators...)
	}
	if claim, ok := call.(escrow.CallClaim); ok {
		named = append(named, claim.To)
	}
	return named
}

// own are the platform's accounts, this one always among them.
func (s *Signer) own() []stellar.Address {
	own := []stellar.Address{s.c.Account}
	for _, more := range []func() []stellar.Address{s.c.Own, s.c.Channels} {
		if more != nil {
			own = append(own, more()...)
		}
	}
	return own
}
