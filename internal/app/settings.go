package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// mounted are the secrets of a server: files, named one by one or together by the folder they are mounted in (docs/guide.md S3).
type mounted struct {
	Secrets string `help:"Folder of mounted secrets, a file each, named like the variables: DATABASE_URL, POSTGRES_PASSWORD, RELAY_SECRET …" env:"SECRETS_DIR" placeholder:"DIR"`
}

// path is where a secret stands: the file that is named, or the one in the folder if it is there.
func (m mounted) path(file, name string) string {
	if file != "" || m.Secrets == "" {
		return file
	}
	path := filepath.Join(m.Secrets, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path // whatever else is wrong with it, whoever opens it says
}

// storeSettings say where trades are kept.
type storeSettings struct {
	DatabaseURLFile      string `name:"database-url-file" help:"File with the store's URL: postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, or sqlite:FILE on one machine." env:"DATABASE_URL_FILE" placeholder:"FILE"`
	PostgresPasswordFile string `help:"File with the password of the database's user; read again for each new connection." env:"POSTGRES_PASSWORD_FILE" placeholder:"FILE"`
}

// anyStore is what both engines offer to the parts.
type anyStore interface {
	indexer.Store
	relayserver.Transactions
	projected
	AddTransaction(ctx context.Context, t store.Transaction) error
	ForgetPrepared(ctx context.Context, before uint64, limit int) error
	FeedEntries(ctx context.Context, after int64, limit int) ([]feed.Entry, error)
	Close() error
}

func (s storeSettings) needs(m mounted, who string) secret.Need {
	return secret.Need{Variable: "DATABASE_URL_FILE", For: who + " keeps trades there", Path: m.path(s.DatabaseURLFile, "DATABASE_URL"), Any: true}
}

const sqlitePrefix = "sqlite:"

// check reads the URL's form and its password.
func (s storeSettings) check(m mounted, who string, now func() time.Time) error {
	file, err := secret.Open(s.needs(m, who), now)
	if err != nil {
		return err
	}
	text := file.Value().Reveal()
	if path, ok := strings.CutPrefix(text, sqlitePrefix); ok {
		if path == "" {
			return errors.New("DATABASE_URL_FILE: the URL names no file: write sqlite:FILE")
		}
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" {
		return errors.New("DATABASE_URL_FILE: the file holds no URL of a store: write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, or sqlite:FILE")
	}
	password, inURL := u.User.Password()
	switch path := m.path(s.PostgresPasswordFile, "POSTGRES_PASSWORD"); {
	case path != "":
		_, err = secret.Open(s.password(path, who), now)
	case !inURL:
		err = fmt.Errorf("POSTGRES_PASSWORD_FILE is not set, and the database's URL has no password: %s keeps trades there", who)
	default:
		if err = secret.Check(password); err != nil {
			err = fmt.Errorf("the password in the database's URL: %w", err)
		}
	}
	return err
}

func (s storeSettings) password(path, who string) secret.Need {
	return secret.Need{Variable: "POSTGRES_PASSWORD_FILE", For: who + "'s connections to the database", Path: path}
}

// open opens the store and migrates it.
func (s storeSettings) open(ctx context.Context, m mounted, who string, now func() time.Time) (anyStore, error) {
	file, err := secret.Open(s.needs(m, who), now)
	if err != nil {
		return nil, err
	}
	text := file.Value().Reveal()
	if path, ok := strings.CutPrefix(text, sqlitePrefix); ok {
		return sqlite.Open(ctx, path)
	}
	o := postgres.Options{URL: text}
	if path := m.path(s.PostgresPasswordFile, "POSTGRES_PASSWORD"); path != "" {
		password, err := secret.Open(s.password(path, who), now)
		if err != nil {
			return nil, err
		}
		o.Password = func(context.Context) (string, error) { return password.Value().Reveal(), nil }
	}
	return postgres.Open(ctx, o)
}

// chainSettings say which network, and which contracts on it.
type chainSettings struct {
	NetworkPassphrase string   `help:"The network's passphrase." env:"NETWORK_PASSPHRASE" placeholder:"TEXT"`
	Contract          []string `help:"Escrow contract to follow, with the ledger that deployed it (C…:LEDGER); the first one is for new trades. Several, with commas." env:"CONTRACT_ID" placeholder:"C…:LEDGER"`
	ContractFile      string   `help:"File with the same." env:"CONTRACT_ID_FILE" placeholder:"FILE"`
}

// network is the configured one.
func (c chainSettings) network() (stellar.Network, error) {
	n, err := stellar.NewNetwork(c.NetworkPassphrase)
	if err != nil {
		return n, fmt.Errorf("NETWORK_PASSPHRASE: %w", err)
	}
	return n, nil
}

// contracts are those to follow, the one for new trades first.
func (c chainSettings) contracts(m mounted) (all []indexer.Contract, err error) {
	texts := c.Contract
	if path := m.path(c.ContractFile, "CONTRACT_ID"); len(texts) == 0 && path != "" {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("CONTRACT_ID_FILE: %w", err)
		}
		texts = strings.Split(strings.TrimSpace(string(raw)), ",")
	}
	if len(texts) == 0 {
		return nil, errors.New("CONTRACT_ID is not set: name the escrow contract and the ledger that deployed it, C…:LEDGER")
	}
	for _, text := range texts {
		id, ledger, _ := strings.Cut(strings.TrimSpace(text), ":")
		address, err := stellar.ParseAddress(id)
		if err != nil || !address.Contract {
			return nil, fmt.Errorf("CONTRACT_ID: %.60q is no contract's address (C…)", id)
		}
		start, err := strconv.ParseUint(ledger, 10, 32)
		if err != nil || start == 0 {
			return nil, fmt.Errorf("CONTRACT_ID: %s: write the ledger that deployed it behind it, %s:LEDGER; escrowctl contract deploy printed it", id, id)
		}
		all = append(all, indexer.Contract{Address: address, Start: uint32(start)})
	}
	return all, nil
}

// relaySettings are the secret that api and indexer share.
type relaySettings struct {
	RelaySecretFile string `help:"File with the secret that the api and the indexer share." env:"RELAY_SECRET_FILE" placeholder:"FILE"`
}

func (r relaySettings) need(m mounted, who string) secret.Need {
	return secret.Need{Variable: "RELAY_SECRET_FILE", For: who + " proves itself with it", Path: m.path(r.RelaySecretFile, "RELAY_SECRET"), MinBytes: 32}
}

// checkListen refuses what is no address with a port. Whom it can be reached by is decided by whoever runs the server.
func checkListen(variable, address string) error {
	at := address
	if strings.HasPrefix(at, ":") {
		at = "0.0.0.0" + at
	}
	if _, err := netip.ParseAddrPort(at); err != nil {
		return fmt.Errorf("%s=%s is not an address with a port, such as :3000 or 127.0.0.1:3000", variable, address)
	}
	return nil
}
