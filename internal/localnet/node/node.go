package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/strkey"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/host"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/settings"
)

// Node is a running network of one node. Any number of goroutines may use it.
type Node struct {
	opts    Options
	chain   *ledger.Chain
	set     settings.Network
	keys    keys
	machine *host.Machine // nil if it is somebody else's
	hosts   *hosts
	closing *lentHost // the host that applies

	queue *queue
	stop  context.CancelFunc
	ended <-chan struct{} // closed by stop, or when the context of Open ends
	done  chan struct{}   // closed when no more transactions are applied

	write   sync.Mutex // one closes ledgers or moves the clock
	evictor *ledger.Evictor
	faucet  sync.Mutex // one uses friendbot's or the issuer's sequence number
	random  sync.Mutex // one reads Options.Rand
}

// Open starts a network, the one in o.DataDir if there is one. It takes a tenth of a second with a warm cache, and two seconds when
// the contract host has to be compiled. ctx ends what is started, Close does so too.
//
// Errors name what is wrong: the folder (in use, of another network, not writable, damaged), the cache, the settings.
func Open(ctx context.Context, o Options) (*Node, error) {
	n := &Node{opts: o.withDefaults(), queue: newQueue(), done: make(chan struct{})}
	if err := n.open(ctx); err != nil {
		return nil, errors.Join(err, n.release(context.WithoutCancel(ctx)))
	}
	ctx, n.stop = context.WithCancel(ctx)
	n.ended = ctx.Done()
	go n.closer(ctx)
	return n, nil
}

func (n *Node) open(ctx context.Context) (err error) {
	machine := n.opts.Machine
	if machine == nil {
		if n.machine, err = host.Compile(ctx, host.Options{CacheDir: n.opts.CacheDir, Log: n.opts.Log}); err != nil {
			return fmt.Errorf("start the contract host: %w", err)
		}
		machine = n.machine
	}
	if n.set, err = settingsOf(ctx, machine, n.opts); err != nil {
		return err
	}
	if n.opts.EmptyEvery < time.Second || n.opts.EmptyEvery%time.Second != 0 {
		return fmt.Errorf("start the network: an empty ledger every %s: give whole seconds, one or more", n.opts.EmptyEvery)
	}
	if n.chain, err = ledger.Open(ctx, n.opts.DataDir, ledger.Identity{Passphrase: n.opts.Passphrase, Protocol: protocol,
		Settings: n.set.Name, EmptySeconds: n.every()}); err != nil {
		return err
	}
	if torn := n.chain.Torn(); torn != nil {
		n.opts.Log.Warn("the journal ended in the middle of a record", "ledger", n.chain.Last().Sequence(), "err", torn)
	}
	if n.keys, err = loadKeys(n.opts.DataDir, n.chain.Last().Sequence() > ledger.FirstLedger, n.opts.Rand); err != nil {
		return err
	}
	n.evictor = n.chain.Evictor()
	n.hosts = newHosts(machine)
	return n.begin(ctx)
}

// settingsOf asks the host for its cost tables, of which the network's are a variant.
func settingsOf(ctx context.Context, m *host.Machine, o Options) (settings.Network, error) {
	h, err := m.NewHost(ctx, noEntries{})
	if err != nil {
		return settings.Network{}, fmt.Errorf("start the contract host: %w", err)
	}
	cpu, memory, err := h.DefaultCosts(ctx)
	if err = errors.Join(err, h.Close(ctx)); err != nil {
		return settings.Network{}, fmt.Errorf("ask the contract host for its cost tables: %w", err)
	}
	return o.Settings(cpu, memory), nil
}

type noEntries struct{}

func (noEntries) Find([]byte) (host.Entry, bool, error) { return host.Entry{}, false, nil }

// Stop lets no more ledgers be made, and whoever waits for one or is about to make those of months gets ErrClosed. Close does it too.
func (n *Node) Stop() { n.stop() }

// Close stops the network and lets go of all it has. What was handed in and is in no ledger yet is lost.
func (n *Node) Close() error {
	n.Stop()
	<-n.done
	n.write.Lock() // whoever makes empty ledgers sees that it has ended
	defer n.write.Unlock()
	return n.release(context.Background())
}

// closed tells that no ledger is to be made any more.
func (n *Node) closed() bool {
	select {
	case <-n.ended:
		return true
	default:
		return false
	}
}

func (n *Node) release(ctx context.Context) error {
	var errs []error
	if n.hosts != nil {
		errs = append(errs, n.hosts.close(ctx))
	}
	if n.machine != nil {
		errs = append(errs, n.machine.Close(ctx))
	}
	if n.chain != nil {
		errs = append(errs, n.chain.Close())
	}
	return errors.Join(errs...)
}

// Passphrase names the network to those who sign for it.
func (n *Node) Passphrase() string { return n.opts.Passphrase }

// Settings are the limits, fees and cost tables that it runs with.
func (n *Node) Settings() settings.Network { return n.set }

// Chain is the history, to be read.
func (n *Node) Chain() *ledger.Chain { return n.chain }

// USDC is the test asset: its code, its issuer (G…) and its asset contract (C…).
func (n *Node) USDC() (code, issuer, contract string) {
	return usdcCode, n.keys.issuer.Address(), n.usdcContract()
}

func (n *Node) usdcContract() string {
	id, err := n.usdc().ContractID(n.opts.Passphrase)
	if err != nil {
		panic(err) // the asset is ours
	}
	return strkey.MustEncode(strkey.VersionByteContract, id[:])
}

func (n *Node) usdc() xdr.Asset { return xdr.MustNewCreditAsset(usdcCode, n.keys.issuer.Address()) }

// Issuer is the key of the issuer of USDC, who may freeze a holder: the account may revoke, as that of the real USDC.
func (n *Node) Issuer() *keypair.Full { return n.keys.issuer }

// Now is the network's clock: the machine's, and what Advance has added.
func (n *Node) Now() time.Time { return n.opts.Now().Add(n.chain.Offset()) }

// Last is the last ledger that has closed by now.
func (n *Node) Last() (ledger.Closed, error) {
	if err := n.CatchUp(); err != nil {
		return ledger.Closed{}, err
	}
	return n.chain.Last(), nil
}

// every is the time from one empty ledger to the next, in seconds.
func (n *Node) every() int64 { return int64(n.opts.EmptyEvery / time.Second) }
