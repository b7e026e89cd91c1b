package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/relayserver"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/sponsor"
	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
	"github.com/Abdullahi130/StellarEscrow/internal/store/sqlite"
)

// storeSettings say where trades are kept, and of which network they are. Secrets are files, named one by one or together by the folder they
// are mounted in (docs/guide.md S3).
type storeSettings struct {
	Secrets              string `help:"Folder of mounted secrets, a file each, named like the variables without _FILE: DATABASE_URL, POSTGRES_PASSWORD, RELAY_SECRET …" env:"SECRETS_DIR" placeholder:"DIR"`
	DatabaseURLFile      string `name:"database-url-file" help:"File with the store's URL: postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, or sqlite:FILE on one machine." env:"DATABASE_URL_FILE" placeholder:"FILE"`
	PostgresPasswordFile string `help:"File with the password of the database's user; read again for each new connection." env:"POSTGRES_PASSWORD_FILE" placeholder:"FILE"`
	NetworkPassphrase    string `help:"The network's passphrase." env:"NETWORK_PASSPHRASE" placeholder:"TEXT"`
}

// stored is what storeSettings say, read once.
type stored struct {
	network  stellar.Network
	database *secret.File // the store's URL
	password *secret.File // of the database's user; nil if it stands in the URL, or there is none
}

// read reads all of it. Its error says everything that is wrong at once, each with the variable's name and who needs it.
func (c *storeSettings) read(who string, now func() time.Time) (s stored, err error) {
	var errs [2]error
	if s.network, errs[0] = stellar.NewNetwork(c.NetworkPassphrase); errs[0] != nil {
		errs[0] = fmt.Errorf("NETWORK_PASSPHRASE: %w", errs[0])
	}
	s.database, s.password, errs[1] = c.database(who, now)
	return s, errors.Join(errs[:]...)
}

// serverSettings are what indexer and api have alike.
type serverSettings struct {
	storeSettings   `embed:""`
	Contract        []string `help:"Escrow contract to follow, with the ledger that deployed it (C…:LEDGER); the first one is for new trades. Several, with commas." env:"CONTRACT_ID" placeholder:"C…:LEDGER"`
	ContractFile    string   `help:"File with the same." env:"CONTRACT_ID_FILE" placeholder:"FILE"`
	RelaySecretFile string   `help:"File with the secret that the api and the indexer share." env:"RELAY_SECRET_FILE" placeholder:"FILE"`
}

// server is what serverSettings say, read once.
type server struct {
	stored
	contracts []indexer.Contract // to follow, the one for new trades first
	relay     *secret.File
}

// secrets are the files that can change while the process runs.
func (s *server) secrets() []*secret.File {
	files := []*secret.File{s.relay, s.database}
	if s.password != nil {
		files = append(files, s.password)
	}
	return files
}

// read reads all of it; its error is like that of storeSettings.
func (c *serverSettings) read(who string, now func() time.Time) (s server, err error) {
	var errs [3]error
	s.stored, errs[0] = c.storeSettings.read(who, now)
	s.contracts, errs[1] = c.contracts(now)
	s.relay, errs[2] = secret.Open(secret.Need{
		Variable: "RELAY_SECRET_FILE", For: who + " proves itself with it", Path: c.path(c.RelaySecretFile, "RELAY_SECRET"), MinBytes: 32,
	}, now)
	return s, errors.Join(errs[:]...)
}

// path is where a secret stands: the file that is named, or the one in the folder if it is there.
func (c *storeSettings) path(file, name string) string {
	if file != "" || c.Secrets == "" {
		return file
	}
	path := filepath.Join(c.Secrets, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path // whatever else is wrong with it, whoever opens it says
}

// list is a setting of several values: of the variable itself, or in a file, with commas.
func (c *storeSettings) list(values []string, file, variable string, now func() time.Time) ([]string, error) {
	path := c.path(file, variable)
	if len(values) > 0 || path == "" {
		return values, nil
	}
	f, err := secret.Open(secret.Need{Variable: variable + "_FILE", For: "it holds " + variable, Path: path, Any: true}, now)
	if err != nil {
		return nil, err
	}
	return strings.Split(f.Value().Reveal(), ","), nil
}

func (c *serverSettings) contracts(now func() time.Time) (all []indexer.Contract, err error) {
	texts, err := c.list(c.Contract, c.ContractFile, "CONTRACT_ID", now)
	if err != nil {
		return nil, err
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
			return nil, fmt.Errorf("CONTRACT_ID: %s: write the ledger that deployed it after it, %s:LEDGER, or an earlier one", id, id)
		}
		if slices.ContainsFunc(all, func(c indexer.Contract) bool { return c.Address == address }) {
			return nil, fmt.Errorf("CONTRACT_ID: %s stands there twice: name each contract once", id)
		}
		all = append(all, indexer.Contract{Address: address, Start: uint32(start)})
	}
	return all, nil
}

// addresses are those of followed contracts.
func addresses(contracts []indexer.Contract) []stellar.Address {
	all := make([]stellar.Address, len(contracts))
	for i, c := range contracts {
		all[i] = c.Address
	}
	return all
}

// filesOf leaves out those that are not named.
func filesOf(files ...*secret.File) []*secret.File {
	return slices.DeleteFunc(files, func(f *secret.File) bool { return f == nil })
}

const sqlitePrefix = "sqlite:"

// database reads where trades are kept, and refuses a password that everybody knows.
func (c *storeSettings) database(who string, now func() time.Time) (file, password *secret.File, err error) {
	need := secret.Need{Variable: "DATABASE_URL_FILE", For: who + " keeps trades there", Path: c.path(c.DatabaseURLFile, "DATABASE_URL"), Any: true}
	if file, err = secret.Open(need, now); err != nil {
		return nil, nil, err
	}
	text := file.Value().Reveal()
	if path, ok := strings.CutPrefix(text, sqlitePrefix); ok {
		if path == "" {
			return nil, nil, errors.New("DATABASE_URL_FILE: the URL names no file: write sqlite:FILE")
		}
		return file, nil, nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" {
		return nil, nil, errors.New("DATABASE_URL_FILE: the file holds no URL of a store: write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full, or sqlite:FILE")
	}
	if err := postgres.CheckURL(text); err != nil {
		return nil, nil, fmt.Errorf("DATABASE_URL_FILE: %w", err)
	}
	if path := c.path(c.PostgresPasswordFile, "POSTGRES_PASSWORD"); path != "" {
		password, err = secret.Open(secret.Need{Variable: "POSTGRES_PASSWORD_FILE", For: who + "'s connections to the database", Path: path}, now)
		return file, password, err
	}
	inURL, there := u.User.Password()
	if !there {
		return nil, nil, fmt.Errorf("POSTGRES_PASSWORD_FILE is not set, and the database's URL has no password: %s keeps trades there", who)
	}
	if err := secret.Check(inURL); err != nil {
		return nil, nil, fmt.Errorf("the password in the database's URL: %w", err)
	}
	return file, nil, nil
}

// anyStore is what both engines offer to the parts.
type anyStore interface {
	indexer.Store
	indexer.RebuildStore
	relayserver.Transactions
	keeper.Store
	sponsor.Store
	projected
	ForgetPrepared(ctx context.Context, before uint64, limit int) error
	store.StateReader
	// Lead runs work while this process is the one that follows.
	Lead(ctx context.Context, work func(context.Context) error, lost func(error)) error
	Close() error
}

var (
	_ anyStore = (*sqlite.Store)(nil)
	_ anyStore = (*postgres.Store)(nil)
)

// open opens the store and migrates it.
func (s *stored) open(ctx context.Context) (anyStore, error) {
	text := s.database.Value().Reveal()
	if path, ok := strings.CutPrefix(text, sqlitePrefix); ok {
		return sqlite.Open(ctx, path)
	}
	o := postgres.Options{URL: text}
	if s.password != nil {
		o.Password = func(context.Context) (string, error) { return s.password.Value().Reveal(), nil }
	}
	return postgres.Open(ctx, o)
}
