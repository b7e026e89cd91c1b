package ledgers

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// version is part of a set's name: whoever changes what is made counts it up.
const version = 1

// Passphrase names the network whose ledgers are made.
const Passphrase = "Escrow bench ledgers ; November 2026"

// First is the number of the first ledger.
const First = 2

// Plan says what to make. The same plan makes the same bytes.
type Plan struct {
	Seed   uint64
	Trades int
	// Contracts is how many contracts the trades are in, in turns; 1 if 0.
	Contracts int
	// Opened is how many trades a ledger opens; 20 if 0. With five events a trade, that is also a fifth of its events.
	Opened int
	// Gap is the most ledgers between two calls of a trade; 50 if 0. Opened and Gap say how many trades are under way at once: some Opened × 2 × Gap.
	Gap int
}

func (p Plan) filled() (Plan, error) {
	def := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	def(&p.Contracts, 1)
	def(&p.Opened, 20)
	def(&p.Gap, 50)
	if p.Trades < 1 || p.Contracts < 1 || p.Opened < 1 || p.Gap < 1 {
		return p, fmt.Errorf("ledgers of %+v: none of it may be below 1", p)
	}
	if p.Gap > maxGap {
		return p, fmt.Errorf("a gap of %d ledgers: at most %d, or trades would not be funded in time", p.Gap, maxGap)
	}
	return p, nil
}

const maxGap = 5_000

// Set is a folder of ledgers that were made.
type Set struct {
	Plan      Plan     `json:"plan"`
	Contracts []string `json:"contracts"` // C…
	Last      uint32   `json:"last"`      // ledger
	Calls     int      `json:"calls"`     // transactions
	Events    int      `json:"events"`    // of the contracts, without the asset's
	Bytes     int64    `json:"bytes"`     // of the metas
	Packed    int64    `json:"packed"`    // of the files

	// Folder is where the ledgers are: what files.Open is given.
	Folder string `json:"-"`
}

// Network is the one the ledgers are of.
func (s Set) Network() (stellar.Network, error) { return stellar.NewNetwork(Passphrase) }

// Cache is the folder of the user's in which made ledgers are kept.
func Cache() (string, error) {
	base, err := os.UserCacheDir() // XDG_CACHE_HOME, else ~/.cache
	if err != nil {
		return "", fmt.Errorf("keep ledgers: %w", err)
	}
	return filepath.Join(base, "stellarescrow", "ledgers"), nil
}

// Make is the plan's set below a folder: the one that is there, or a new one. A set that was left half made is made again.
func Make(ctx context.Context, folder string, p Plan) (Set, error) {
	p, err := p.filled()
	if err != nil {
		return Set{}, err
	}
	key, err := json.Marshal(struct {
		Version int
		Plan    Plan
	}{version, p})
	if err != nil {
		return Set{}, fmt.Errorf("make ledgers: %w", err)
	}
	home := filepath.Join(folder, fmt.Sprintf("%x", sha256.Sum256(key))[:16])
	told := filepath.Join(home, "set.json") // written last
	ledgers := filepath.Join(home, "ledgers")
	text, err := os.ReadFile(told)
	switch {
	case err == nil:
		s := Set{Folder: ledgers}
		if err := json.Unmarshal(text, &s); err != nil {
			return Set{}, fmt.Errorf("ledgers made before: %s: %w; delete its folder", told, err)
		}
		return s, nil
	case !errors.Is(err, fs.ErrNotExist):
		return Set{}, fmt.Errorf("ledgers made before: %w", err)
	}
	if err := os.RemoveAll(home); err != nil {
		return Set{}, fmt.Errorf("make ledgers: %w", err)
	}
	s, err := write(ctx, ledgers, p)
	if err != nil {
		return Set{}, fmt.Errorf("make ledgers: %w", err)
	}
	if text, err = json.MarshalIndent(s, "", "  "); err == nil {
		err = os.WriteFile(told, append(text, '\n'), 0o644)
	}
	if err != nil {
		return Set{}, fmt.Errorf("make ledgers: %w", err)
	}
	return s, nil
}
