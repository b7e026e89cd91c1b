package signer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Pool is what sponsoring signs with: channel accounts that lend their sequence numbers, and the account that pays.
type Pool struct {
	Fee      *Signer
	Channels []*Signer
}

// NewPool makes the keys of a pool from two secrets: the fee account's seed, and the channel accounts' seeds, one in each line. Of c, Job, Account,
// Seed and Channels are set here, and all accounts of the pool count as Own; MaxFee is the most that a transaction may cost as a whole.
func NewPool(c Config, fee, channels func() secret.Secret) (Pool, error) {
	account, err := accountOf(fee())
	if err != nil {
		return Pool{}, fmt.Errorf("the fee key: %w", err)
	}
	var p Pool
	others := c.Own
	c.Own = func() []stellar.Address {
		own := append(accountsOf(p.Channels), account)
		if others != nil {
			own = append(own, others()...)
		}
		return own
	}
	c.Job = Channel
	if p.Channels, err = Several(c, channels); err != nil {
		return Pool{}, err
	}
	if slices.Contains(accountsOf(p.Channels), account) {
		return Pool{}, fmt.Errorf("the fee account %s is among the channel accounts, too: give it a key of its own", account)
	}
	c.Channels = func() []stellar.Address { return accountsOf(p.Channels) }
	c.Job, c.Account, c.Seed = Fee, account, fee
	p.Fee, err = New(c)
	return p, err
}

// Accounts are all of the pool's: what else the platform signs must not name them.
func (p Pool) Accounts() []stellar.Address {
	return append(accountsOf(p.Channels), p.Fee.Account())
}

func accountsOf(all []*Signer) (accounts []stellar.Address) {
	for _, s := range all {
		accounts = append(accounts, s.Account())
	}
	return accounts
}

// accountOf is the account whose key a seed is.
func accountOf(seed secret.Secret) (stellar.Address, error) {
	key, err := keypair.ParseFull(seed.Reveal())
	if err != nil {
		return stellar.Address{}, errors.New("the secret is no seed of an account (S…)")
	}
	return stellar.ParseAccount(key.Address())
}

// Several are keys with the same job, one for each line of a secret; c has neither their Account nor their Seed. Which accounts they are is
// settled here: a secret that changes later must have the seeds of the same ones.
func Several(c Config, seeds func() secret.Secret) ([]*Signer, error) {
	var all []*Signer
	accounts := map[stellar.Address]bool{}
	for i, line := range strings.Fields(seeds().Reveal()) {
		account, err := accountOf(secret.New(line))
		switch {
		case err != nil:
			return nil, fmt.Errorf("the %s keys: line %d: %w", c.Job.name, i+1, err)
		case accounts[account]:
			return nil, fmt.Errorf("the %s keys: line %d: the seed of %s stands there twice", c.Job.name, i+1, account)
		}
		accounts[account] = true
		own := c
		own.Account, own.Seed = account, func() secret.Secret { return lineOf(seeds(), account) }
		s, err := New(own)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("the %s keys: the secret is empty: put one seed (S…) in each line", c.Job.name)
	}
	return all, nil
}

// lineOf is the seed of an account among several; an empty secret if it is not there.
func lineOf(seeds secret.Secret, account stellar.Address) secret.Secret {
	for _, line := range strings.Fields(seeds.Reveal()) {
		if of, err := accountOf(secret.New(line)); err == nil && of == account {
			return secret.New(line)
		}
	}
	return secret.Secret{}
}
