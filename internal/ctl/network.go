package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/stellar/go-stellar-sdk/keypair"
	sdknetwork "github.com/stellar/go-stellar-sdk/network"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/deploy"
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

func (f networkFlags) client() (*rpc.Client, error) { return connect(f.passphraseFlag, f.RPC) }

func connect(f passphraseFlag, url string) (*rpc.Client, error) {
	network, err := f.network()
	if err != nil {
		return nil, err
	}
	c, err := rpc.New(rpc.Config{URL: url, Network: network})
	if err != nil {
		return nil, fmt.Errorf("%w: --rpc: %w", cli.ErrUsage, err)
	}
	return c, nil
}

// keyFlags name the key that signs. It is a file and never an argument: arguments are seen by everyone on the machine.
type keyFlags struct {
	KeyFile string `env:"STELLAR_KEY_FILE" help:"File with the secret key (S…) of the account that signs and pays; readable by its owner only." required:"" placeholder:"FILE"`
	Fee     int64  `help:"Bid in stroops above the cost of resources." default:"100"`
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

// sender signs with the key of the file.
func (f keyFlags) sender(client *rpc.Client) (*deploy.Sender, error) {
	key, err := f.key()
	if err != nil {
		return nil, err
	}
	return &deploy.Sender{Client: client, Key: key, InclusionFee: f.Fee}, nil
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
