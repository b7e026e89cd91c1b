package node

import (
	"crypto/rand"
	"io"
	"log/slog"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// Passphrase is the default. Whoever signs for it cannot have signed for another network.
const Passphrase = "StellarEscrow Local Network ; 2026"

// protocol is what the embedded host implements.
const protocol = 27

// Options say what network Open makes. The zero value is one in memory with the main network's settings.
type Options struct {
	// DataDir keeps ledgers, clock and keys. Empty: in memory, gone with the process.
	DataDir string
	// CacheDir keeps the compiled contract host: the first start takes two seconds, later ones a tenth. Empty: none is kept. Nobody else
	// may be able to write to it, since what is in it is run: host.CacheDir finds one.
	CacheDir string
	// Machine is a contract host that is already compiled, for tests that open many networks. It stays its owner's.
	Machine *host.Machine
	// Passphrase names the network. Empty: Passphrase.
	Passphrase string
	// Settings are the network's limits, fees and cost tables, given the host's own cost tables. nil: settings.MainNetwork.
	Settings func(cpu, memory xdr.ContractCostParams) settings.Network
	// MaxAhead is how far transactions in quick succession may drive the network's time ahead of its clock before they have to
	// wait for it. 0: as far as they do.
	MaxAhead time.Duration
	// EmptyEvery is the time from one ledger to the next when nothing happens, in whole seconds. 0: five seconds, as on the main
	// network. Tests that go months ahead and look at no lifetime make it longer: five-second ledgers cost 1 µs each, so 2 s for
	// 120 days.
	EmptyEvery time.Duration
	// Now is the machine's clock. nil: time.Now.
	Now func() time.Time
	// Rand makes the network's keys, and nonces in simulations. nil: crypto/rand.
	Rand io.Reader
	// Log takes one line a ledger, at level debug, and what goes wrong. nil: nothing.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Passphrase == "" {
		o.Passphrase = Passphrase
	}
	if o.Settings == nil {
		o.Settings = settings.MainNetwork
	}
	if o.EmptyEvery == 0 {
		o.EmptyEvery = ledger.CloseSeconds * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}
