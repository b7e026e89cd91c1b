package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

// localnetConfig is the target `localnet`: a Stellar network for any contract. It holds nothing of ours.
type localnetConfig struct {
	Listen  string `help:"Address to serve on, loopback only; port 0 takes a free one." default:"127.0.0.1:8000"`
	Data    folder `help:"Folder that keeps ledgers, clock and keys across restarts. Without it the network is gone with the process." placeholder:"DIR"`
	Weather string `help:"Weather for whoever asks over RPC, as the ways to real nodes have it: fair, mild, rough or storm, and what is to be otherwise, such as rough,seed=7,slow-for=1s." default:"fair" placeholder:"TEXT"`
	JSON    bool   `help:"Print one line of JSON when ready, for programs." name:"json"`

	weather weather.Config // what Weather says
}

// Validate refuses an address that others could reach, and weather that there is not.
func (c *localnetConfig) Validate() (err error) {
	if c.weather, err = weather.Parse(c.Weather); err == nil {
		err = c.weather.Validate()
	}
	if err != nil {
		err = fmt.Errorf("--weather=%s: %w", c.Weather, err)
	}
	return errors.Join(checkLoopback("--listen", c.Listen), err)
}

// asset is the test USDC of a local network.
type asset struct {
	Code     string `json:"code"`
	Issuer   string `json:"issuer"`
	Contract string `json:"contract"`
}

// localnetReady is the line that tells programs where things are.
type localnetReady struct {
	RPC        string `json:"rpc"`
	Friendbot  string `json:"friendbot"`
	Advance    string `json:"advance"`
	Passphrase string `json:"passphrase"`
	USDC       asset  `json:"usdc"`
}

func (c *localnetConfig) run(ctx context.Context, env environment) (err error) {
	l, err := listen(ctx, "--listen", c.Listen)
	if err != nil {
		return err
	}
	defer closeOnError(&err, l)
	if c.Data != "" {
		if err := ofNetwork(string(c.Data)); err != nil {
			return err
		}
	}
	network, err := openLocalnet(ctx, env, string(c.Data))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	before, err := weather.New(network.Handler(), c.weather)
	if err != nil {
		return err
	}
	base := "http://" + l.Addr().String()
	ready := localnetReady{RPC: base, Friendbot: base + "/friendbot", Advance: base + "/advance", Passphrase: network.Passphrase(), USDC: usdcOf(network)}
	if err := c.announce(env.stdout, ready); err != nil {
		return err
	}
	return serve(ctx, l, before)
}

func (c *localnetConfig) announce(out io.Writer, r localnetReady) error {
	if c.JSON {
		return json.NewEncoder(out).Encode(r)
	}
	_, err := fmt.Fprintf(out, `A local Stellar network with the main network's limits and fees is ready; control-C stops it.

  RPC         %s
  passphrase  %s
  friendbot   %s?addr=G…   (XLM; with &asset=USDC&amount=100 test USDC, once the account trusts it)
  USDC        %s:%s
  its token   %s
  time        curl -X POST -d '{"seconds":3600}' %s
`, r.RPC, r.Passphrase, r.Friendbot, r.USDC.Code, r.USDC.Issuer, r.USDC.Contract, r.Advance)
	return err
}

func usdcOf(n *localnet.Network) asset {
	code, issuer, contract := n.USDC()
	return asset{code, issuer, contract}
}

// openLocalnet starts a network with its compiled host kept in the user's cache, and says so when it has to be compiled first.
func openLocalnet(ctx context.Context, env environment, data string) (*localnet.Network, error) {
	cache, err := localnet.CacheDir()
	if err != nil {
		env.log.Warn("the compiled Soroban host is not kept", "err", err)
		fmt.Fprintln(env.stderr, "compiling the Soroban host (2 to 3 seconds)")
	} else if entries, err := os.ReadDir(cache); err != nil || len(entries) == 0 {
		fmt.Fprintln(env.stderr, "compiling the Soroban host (2 to 3 seconds; it is kept for the next start)")
	}
	n, err := localnet.Open(ctx, localnet.Options{DataDir: data, CacheDir: cache, Log: env.log})
	if err != nil {
		return nil, fmt.Errorf("start the local network: %w", err)
	}
	return n, nil
}

// makeFolder makes the folder of --data.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("--data=%s cannot be used: %w", dir, err)
	}
	return nil
}

// ofNetwork makes the folder of a network alone. One of a platform is refused: a second network would begin beside the platform's.
func ofNetwork(dir string) error {
	for _, name := range []string{devStateFile, storeFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("--data=%s is the folder of a platform that `dev` keeps (it has %s): give another folder, or %s for the platform's network", dir, name, filepath.Join(dir, chainFolder))
		}
	}
	return makeFolder(dir)
}

// ofPlatform makes the folder of a platform. One of a network alone is refused: the platform's would stand among its files.
func ofPlatform(dir string) error {
	if localnet.Holds(dir) {
		return fmt.Errorf("--data=%s is the folder of a network that `localnet` keeps: give another folder", dir)
	}
	return makeFolder(dir)
}

// closeOnError closes a listener that nobody will serve on.
func closeOnError(err *error, l net.Listener) {
	if *err != nil {
		*err = errors.Join(*err, ignoreClosed(l.Close()))
	}
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
