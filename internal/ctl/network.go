package ctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"
	sdknetwork "github.com/stellar/go-stellar-sdk/network"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// passphraseFlag says which network is meant.
type passphraseFlag struct {
	Passphrase string `env:"STELLAR_PASSPHRASE" help:"The network's passphrase, or main or test for these. A node of another network is refused." required:"" placeholder:"TEXT"`
}

func (f passphraseFlag) network() (stellar.Network, error) {
	passphrase := f.Passphrase
	switch passphrase {
	case "main":
		passphrase = sdknetwork.PublicNetworkPassphrase
	case "test":
		passphrase = sdknetwork.TestNetworkPassphrase
	}
	network, err := stellar.NewNetwork(passphrase)
	if err != nil {
		return network, fmt.Errorf("%w: --passphrase: %w", cli.ErrUsage, err)
	}
	return network, nil
}

// networkFlags say which network is meant, and through which node it is reached.
type networkFlags struct {
	passphraseFlag `embed:""`
	RPC            string `name:"rpc" env:"STELLAR_RPC_URL" help:"URL of a Stellar RPC node." required:"" placeholder:"URL"`
}

func (f networkFlags) client(ctx context.Context) (*rpc.Client, error) {
	return connect(ctx, f.passphraseFlag, f.RPC)
}

// connect is every command's way to a node. One of another network is refused here (rpc.ErrWrongNetwork), before anything else is asked of
// it and before anything is signed for the network that is meant.
func connect(ctx context.Context, f passphraseFlag, url string) (*rpc.Client, error) {
	network, err := f.network()
	if err != nil {
		return nil, err
	}
	c, err := rpc.New(rpc.Config{URL: url, Network: network})
	if err != nil {
		return nil, fmt.Errorf("%w: --rpc: %w", cli.ErrUsage, err)
	}
	if _, err := c.CheckNetwork(ctx); errors.Is(err, rpc.ErrWrongNetwork) {
		return nil, fmt.Errorf("%w: --rpc or --passphrase is the wrong one", err)
	} else if err != nil {
		return nil, err
	}
	return c, nil
}

// keyFlags name the key that signs. It is a file and never an argument: arguments are seen by everyone on the machine.
type keyFlags struct {
	KeyFile string `env:"STELLAR_KEY_FILE" help:"File with the secret key (S…) of the account that signs and pays; readable by its owner only." required:"" placeholder:"FILE"`
	Fee     bid    `help:"Bid in stroops above the cost of resources, 100 to 4294967295." default:"100"`
}

// A bid is an inclusion fee in stroops. What a transaction cannot carry is refused with the command line: later it would cost reads, and kong
// takes a 0 for a flag that was not given.
type bid int64

// UnmarshalText takes decimal digits, as they would be printed.
func (b *bid) UnmarshalText(text []byte) error {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || n < stellar.MinInclusionFee || n > math.MaxUint32 || strconv.FormatInt(n, 10) != string(text) {
		return fmt.Errorf("%.40q is not from %d to %d stroops", text, stellar.MinInclusionFee, uint32(math.MaxUint32))
	}
	*b = bid(n)
	return nil
}

// maxKeyFile bounds what is read of a key file, in bytes.
const maxKeyFile = 1 << 10

func (f keyFlags) key() (*keypair.Full, error) {
	info, err := os.Stat(f.KeyFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: --key-file: %s does not exist", cli.ErrUsage, f.KeyFile)
	case err != nil:
		return nil, fmt.Errorf("%w: --key-file: %w", cli.ErrUsage, err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%w: --key-file: %s can be read by others (mode %v): chmod 600 it", cli.ErrUsage, f.KeyFile, info.Mode().Perm())
	case info.Size() > maxKeyFile:
		return nil, fmt.Errorf("%w: --key-file: %s is no key file: it has %d bytes", cli.ErrUsage, f.KeyFile, info.Size())
	}
	text, err := os.ReadFile(f.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("%w: --key-file: %w", cli.ErrUsage, err)
	}
	key, err := keypair.ParseFull(strings.TrimSpace(string(text)))
	if err != nil {
		// The parser's error may quote what it read.
		return nil, fmt.Errorf("%w: --key-file: %s does not hold one secret key (S…)", cli.ErrUsage, f.KeyFile)
	}
	return key, nil
}

// contractFlag names the deployed contract.
type contractFlag struct {
	Contract string `env:"CONTRACT_ID" help:"The deployed contract (C…)." required:"" placeholder:"C…"`
}

func (f contractFlag) address() (stellar.Address, error) {
	return contractAddress("--contract", f.Contract)
}

func contractAddress(flag, text string) (stellar.Address, error) {
	a, err := anyAddress(flag, text)
	if err == nil && !a.Contract {
		return a, fmt.Errorf("%w: %s: %s is an account, not a contract (C…)", cli.ErrUsage, flag, text)
	}
	return a, err
}

func anyAddress(flag, text string) (stellar.Address, error) {
	a, err := stellar.ParseAddress(text)
	if err != nil {
		return a, fmt.Errorf("%w: %s: %w", cli.ErrUsage, flag, err)
	}
	return a, nil
}
