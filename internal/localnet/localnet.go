package localnet

import (
	"context"
	"errors"
	"log/slog"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/rpc"
)

// Passphrase is the default name of the network.
const Passphrase = node.Passphrase

// MaxAdvance is the most that the clock goes forward at once.
const MaxAdvance = node.MaxAdvance

// FriendbotLumens is what friendbot gives to a new account, in whole lumens.
const FriendbotLumens = node.FriendbotLumens

type (
	// Options say what network Open makes.
	Options = node.Options
	// Outcome is an applied transaction.
	Outcome = node.Outcome
	// Invalid is the error of a transaction that was not applied.
	Invalid = node.Invalid
)

var (
	// ErrFunded is friendbot's answer about an account that exists already.
	ErrFunded = node.ErrFunded
	// ErrNoTrustline is the answer when USDC is asked for by an account that does not hold it.
	ErrNoTrustline = node.ErrNoTrustline
)

// Network is a running network with its doors for clients.
type Network struct {
	*node.Node
	rpc *rpc.Server
	log *slog.Logger
}

// CacheDir makes and returns a folder for Options.CacheDir that is the user's alone. It fails, saying why, where there is none.
func CacheDir() (string, error) { return host.CacheDir() }

// Holds tells whether a folder is the Options.DataDir of a network that has been there.
func Holds(dir string) bool { return ledger.Holds(dir) }

// Open starts a network, the one in o.DataDir if there is one. It takes a tenth of a second with a warm cache, and two seconds when
// the contract host has to be compiled. ctx ends what is started; its caller closes it all the same.
//
// Errors name what is wrong: the folder (in use, of another network, not writable, damaged), the cache, the settings.
func Open(ctx context.Context, o Options) (*Network, error) {
	n, err := node.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Network{Node: n, rpc: rpc.New(n, log), log: log}, nil
}

// Close stops the network and its doors. What was handed in and is in no ledger yet is lost.
func (n *Network) Close() error {
	n.Stop() // or the calls under way would be waited for
	return errors.Join(n.rpc.Close(), n.Node.Close())
}
