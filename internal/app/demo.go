package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/app/demo"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// demoConfig is the target `demo`: a platform in memory, and people who trade on it.
type demoConfig struct{}

// Validate has nothing to refuse.
func (*demoConfig) Validate() error { return nil }

func (*demoConfig) run(ctx context.Context, env environment) (err error) {
	p, err := startPlatform(ctx, env, "127.0.0.1:0", "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	w, err := p.world()
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "Four trades on a local Stellar network, through %s; contract %s.\n", p.ready.API, p.ready.Contract)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	played := make(chan error, 1)
	go func() { played <- demo.Play(ctx, w, env.stdout) }()
	select {
	case err := <-played:
		return err
	case err := <-p.failed:
		cancel()
		<-played // its error is that of the part that failed
		return err
	}
}

// world is the platform as a play sees it: the API, and the hands of those who are not its users.
func (p *platform) world() (demo.World, error) {
	network := p.client.Network()
	contract, err := stellar.ParseAddress(p.ready.Contract)
	if err != nil {
		return demo.World{}, err
	}
	usdc, err := stellar.ParseAddress(p.ready.USDC.Contract)
	if err != nil {
		return demo.World{}, err
	}
	people := map[string]*keypair.Full{}
	for _, a := range p.state.Accounts {
		if people[a.Role], err = a.key(); err != nil {
			return demo.World{}, err
		}
	}
	return demo.World{
		API: p.ready.API, Network: network, Contract: p.ready.Contract, USDC: p.ready.USDC.Contract, People: people,
		HTTP: &http.Client{Timeout: 30 * time.Second},
		Balance: func(ctx context.Context, address string) (int64, error) {
			holder, err := stellar.ParseAddress(address)
			if err != nil {
				return 0, err
			}
			v, err := deploy.View(ctx, p.client, xdr.InvokeContractArgs{ContractAddress: usdc.ScAddress(), FunctionName: "balance", Args: []xdr.ScVal{holder.ScVal()}})
			if err != nil {
				return 0, err
			}
			n, ok := v.GetI128()
			if !ok || n.Hi != 0 {
				return 0, fmt.Errorf("a balance that no trustline can hold: %v", v)
			}
			return int64(n.Lo), nil
		},
		Fees: func(ctx context.Context) (int64, error) {
			v, err := deploy.View(ctx, p.client, stellar.ViewOwed(contract, usdc))
			if err != nil {
				return 0, err
			}
			owed, err := stellar.DecodeOwed(v)
			if err != nil {
				return 0, err
			}
			fees, err := owed.Fees.Stroops()
			return int64(fees), err
		},
		Now: func() (time.Time, error) { return ledgerTime(p.network) },
		Advance: func(d time.Duration) error {
			now, err := ledgerTime(p.network)
			if err == nil {
				_, err = p.network.AdvanceTo(now.Add(d))
			}
			return err
		},
		Freeze: func(ctx context.Context, address string, frozen bool) error {
			return applied(p.network.FreezeUSDC(ctx, address, frozen))
		},
	}, nil
}

// ledgerTime is the clock that the rules of a trade go by: that of the last ledger. After many transactions in a row it is ahead of the network's
// own, which it never leaves behind.
func ledgerTime(n *localnet.Network) (time.Time, error) {
	last, err := n.Last()
	if err != nil {
		return time.Time{}, err
	}
	if closed := time.Unix(last.CloseTime(), 0); closed.After(n.Now()) {
		return closed, nil
	}
	return n.Now(), nil
}
