package app

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/txnbuild"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// demoRoles are the people of a local platform, each with an account, XLM and a trustline to USDC.
var demoRoles = []struct {
	role string
	usdc int64 // what it starts with, in stroops
}{
	{"admin", 0},
	{"fee-receiver", 0},
	{"buyer", 10_000_0000000},
	{"seller", 1_000_0000000},
	{"arbitrator-1", 0}, {"arbitrator-2", 0}, {"arbitrator-3", 0},
	{"appeal-arbitrator-1", 0}, {"appeal-arbitrator-2", 0}, {"appeal-arbitrator-3", 0},
	{"stranger", 0},
	{"keeper-1", 0}, {"keeper-2", 0},
}

// account is one of them. Its secret is worth nothing: it signs on this local network only.
type account struct {
	Role    string `json:"role"`
	Address string `json:"address"`
	Secret  string `json:"secret,omitempty"`
}

// issuerOf is the account that issues the network's USDC and can freeze a holder of it, which contracts have to live with. The network keeps its key.
func issuerOf(n *localnet.Network) account {
	k := n.Issuer()
	return account{"issuer", k.Address(), k.Seed()}
}

func (a account) key() (*keypair.Full, error) {
	k, err := keypair.ParseFull(a.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret of %s: %w", a.Role, err)
	}
	return k, nil
}

// devState is what `dev` keeps beside the ledger: keys made at its first start, and the salt of its contract.
type devState struct {
	Salt     [32]byte  `json:"salt"`
	Accounts []account `json:"accounts"`
	// Funded is set when each account has got what it starts with, so that a later start does not give it again.
	Funded bool `json:"funded"`
	// Start is a ledger before the one that holds the contract: where the indexer begins.
	Start uint32 `json:"start"`
}

const devStateFile = "dev.json"

// loadState reads the state of a data folder, or makes and keeps one at its first start. Without a folder it is new each time.
func loadState(dir string) (devState, error) {
	if dir == "" {
		return newState()
	}
	path := filepath.Join(dir, devStateFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, chainFolder)); err == nil {
			return devState{}, fmt.Errorf("--data=%s holds a network, but %s with its accounts is gone: put that back, or give another folder", dir, devStateFile)
		}
		s, err := newState()
		if err != nil {
			return devState{}, err
		}
		return s, s.save(path)
	}
	if err != nil {
		return devState{}, fmt.Errorf("read the accounts of --data: %w", err)
	}
	var s devState
	if err := json.Unmarshal(text, &s); err != nil {
		return devState{}, fmt.Errorf("%s is not a file of ours (%w): give --data another folder", path, err)
	}
	if len(s.Accounts) != len(demoRoles) {
		return devState{}, fmt.Errorf("%s names %d accounts, this version has %d: give --data another folder", path, len(s.Accounts), len(demoRoles))
	}
	return s, nil
}

func newState() (devState, error) {
	var s devState
	if _, err := rand.Read(s.Salt[:]); err != nil {
		return devState{}, fmt.Errorf("make a salt: %w", err)
	}
	for _, r := range demoRoles {
		k, err := keypair.Random()
		if err != nil {
			return devState{}, fmt.Errorf("make a key for %s: %w", r.role, err)
		}
		s.Accounts = append(s.Accounts, account{r.role, k.Address(), k.Seed()})
	}
	return s, nil
}

// save writes the file whole or not at all, readable by its owner only.
func (s devState) save(path string) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write the accounts: %w", err)
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("--data cannot be written to: %w", err)
	}
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("--data cannot be written to: %w", err)
	}
	return nil
}

func (s devState) account(role string) (account, error) {
	for _, a := range s.Accounts {
		if a.Role == role {
			return a, nil
		}
	}
	return account{}, fmt.Errorf("no account has the role %q", role)
}

// A faucet gives what a local network has to give; *localnet.Network is one.
type faucet interface {
	Passphrase() string
	USDC() (code, issuer, contract string)
	Fund(ctx context.Context, address string) (localnet.Outcome, error)
	FundUSDC(ctx context.Context, address string, stroops int64) (localnet.Outcome, error)
	Submit(ctx context.Context, envelope xdr.TransactionEnvelope) (localnet.Outcome, error)
}

// fund gives each account XLM, a trustline to USDC and its first USDC. What an interrupted start has given already is not given again.
func (s devState) fund(ctx context.Context, n faucet, c *rpc.Client) error {
	for i, a := range s.Accounts {
		if err := s.fundOne(ctx, n, c, a, demoRoles[i].usdc); err != nil {
			return fmt.Errorf("set %s up: %w", a.Role, err)
		}
	}
	return nil
}

func (s devState) fundOne(ctx context.Context, n faucet, c *rpc.Client, a account, usdc int64) error {
	h, err := holdingsOf(ctx, n, c, a.Address)
	if err != nil {
		return err
	}
	if !h.exists {
		if err := applied(n.Fund(ctx, a.Address)); err != nil {
			return err
		}
		if h, err = holdingsOf(ctx, n, c, a.Address); err != nil {
			return err
		}
	}
	if !h.trusts {
		tx, err := trustUSDC(n, a, h.sequence)
		if err != nil {
			return err
		}
		if err := applied(n.Submit(ctx, tx.ToXDR())); err != nil {
			return err
		}
	}
	if usdc == 0 || h.usdc > 0 {
		return nil
	}
	return applied(n.FundUSDC(ctx, a.Address, usdc))
}

// applied turns a transaction that was applied and failed into an error.
func applied(o localnet.Outcome, err error) error {
	if err == nil && !o.Successful() {
		err = fmt.Errorf("transaction %s: %s", o.Hash.HexString(), o.Result.Result.Code)
	}
	return err
}

type holdings struct {
	exists, trusts bool
	sequence       int64
	usdc           int64 // stroops
}

func holdingsOf(ctx context.Context, n faucet, c *rpc.Client, address string) (h holdings, err error) {
	id, err := xdr.AddressToAccountId(address)
	if err != nil {
		return h, fmt.Errorf("account %s: %w", address, err)
	}
	code, issuer, _ := n.USDC()
	usdc, err := xdr.NewCreditAsset(code, issuer)
	if err != nil {
		return h, fmt.Errorf("asset %s:%s: %w", code, issuer, err)
	}
	var account, line xdr.LedgerKey
	if err := errors.Join(account.SetAccount(id), line.SetTrustline(id, usdc.ToTrustLineAsset())); err != nil {
		return h, fmt.Errorf("account %s: %w", address, err)
	}
	entries, _, err := c.Entries(ctx, account, line)
	if err != nil {
		return h, err
	}
	for _, e := range entries {
		if a, ok := e.Data.GetAccount(); ok {
			h.exists, h.sequence = true, int64(a.SeqNum)
		}
		if t, ok := e.Data.GetTrustLine(); ok {
			h.trusts, h.usdc = true, int64(t.Balance)
		}
	}
	return h, nil
}

// trustUSDC is a signed transaction that opens an account's trustline; sequence is the last one its account used.
func trustUSDC(n faucet, a account, sequence int64) (*txnbuild.Transaction, error) {
	key, err := a.key()
	if err != nil {
		return nil, err
	}
	code, issuer, _ := n.USDC()
	line, err := txnbuild.CreditAsset{Code: code, Issuer: issuer}.ToChangeTrustAsset()
	if err != nil {
		return nil, fmt.Errorf("trust USDC: %w", err)
	}
	tx, err := txnbuild.NewTransaction(txnbuild.TransactionParams{
		SourceAccount:        &txnbuild.SimpleAccount{AccountID: a.Address, Sequence: sequence},
		IncrementSequenceNum: true,
		BaseFee:              txnbuild.MinBaseFee,
		Preconditions:        txnbuild.Preconditions{TimeBounds: txnbuild.NewInfiniteTimeout()},
		Operations:           []txnbuild.Operation{&txnbuild.ChangeTrust{Line: line, Limit: txnbuild.MaxTrustlineLimit}},
	})
	if err != nil {
		return nil, fmt.Errorf("trust USDC: %w", err)
	}
	return tx.Sign(n.Passphrase(), key)
}
