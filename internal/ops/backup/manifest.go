package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Format stands in every backup. Its number changes whenever a program that knows the one before would read it wrongly.
const Format = "stellarescrow backup 1"

// Bounds of what is read: a file that says more is refused.
const (
	maxManifest = 4 << 20
	maxTables   = 200
	maxColumns  = 1600 // PostgreSQL's own
)

// Head stands first in a backup: what it is of, and which tables follow.
type Head struct {
	Format  string    `json:"format"`
	Name    string    `json:"name"`     // of the file, so that one that was put in another's place is found
	TakenAt time.Time `json:"taken_at"` // UTC, whole seconds
	Program string    `json:"program"`  // its version
	Server  string    `json:"server"`   // PostgreSQL's version
	Schema  int       `json:"schema"`   // the last migration
	Network *Network  `json:"network"`  // null: the store has never been used
	Tables  []Table   `json:"tables"`   // in the order of their names
}

// Network is what the store belongs to, with the newest ledger whose hash was seen.
type Network struct {
	Passphrase string `json:"passphrase"`
	Ledger     uint32 `json:"ledger"`
	Hash       string `json:"hash"` // 64 hex digits
}

// Table is a table, with the columns whose values are in the backup, in their order.
type Table struct {
	Name    string   `json:"table"`
	Columns []string `json:"columns"`
}

// Manifest stands last: what was written, and what it comes to.
type Manifest struct {
	Head
	Positions []Position `json:"positions"` // in the order of the contracts' addresses
	State     State      `json:"state"`
	Contents  []Content  `json:"contents"` // of each of Tables, in their order
}

// Position is how far a contract has been read.
type Position struct {
	Contract string `json:"contract"`
	Start    uint32 `json:"start_ledger"`
	Position string `json:"position"` // the event id, or the end of a ledger in that form, up to which everything is stored
	Ledger   uint32 `json:"ledger"`   // the newest one of which nothing is missing
	Dropped  bool   `json:"dropped"`  // nobody follows it any more
}

// State is the hash over all trades and payouts, as `stellarescrow indexer state-hash` shows it.
type State struct {
	Hash    string `json:"hash"` // 64 hex digits
	Trades  int    `json:"trades"`
	Payouts int    `json:"payouts"`
}

// Content is what there is of a table.
type Content struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the rows as they are written, 64 hex digits
}

// Rows are those of all tables.
func (m Manifest) Rows() (n int64) {
	for _, c := range m.Contents {
		n += c.Rows
	}
	return n
}

// encode is the only way in which v is written.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return out.Bytes(), err
}

// decode reads what encode has written, and nothing that merely means the same: no field twice, none that is unknown, none that is missing.
func decode[T any](text []byte) (v T, err error) {
	// The format first: of another one nothing else need be as it is here.
	var is struct {
		Format string `json:"format"`
	}
	if err := json.Unmarshal(text, &is); err != nil {
		return v, fmt.Errorf("it is no JSON object of ours: %w", err)
	}
	if is.Format != Format {
		return v, fmt.Errorf("its format is %.80q, this program knows %q; use the version that wrote it", is.Format, Format)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("it is no JSON object of ours: %w", err)
	}
	again, err := encode(v)
	if err != nil {
		return v, err
	}
	if !bytes.Equal(text, again) {
		return v, errors.New("it is not written as this program writes it")
	}
	return v, nil
}

var (
	tableName = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	hexHash   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// check refuses a head that contradicts itself. Table names are parts of names of entries.
func (h Head) check() error {
	switch {
	case !fileName.MatchString(h.Name):
		return fmt.Errorf("%.80q is no name of a backup", h.Name)
	case h.Schema < 1 || h.TakenAt.IsZero() || len(h.Tables) == 0:
		return errors.New("its time, schema or tables are missing")
	case len(h.Tables) > maxTables:
		return fmt.Errorf("it lists %d tables, more than %d", len(h.Tables), maxTables)
	case h.Network != nil && !hexHash.MatchString(h.Network.Hash):
		return errors.New("the hash of its network's ledger is none")
	}
	for i, t := range h.Tables {
		switch {
		case !tableName.MatchString(t.Name):
			return fmt.Errorf("table %.80q: a backup takes names of lower-case letters, digits and _ only", t.Name)
		case i > 0 && t.Name <= h.Tables[i-1].Name:
			return fmt.Errorf("table %s stands there twice, or in another order", t.Name)
		case len(t.Columns) == 0 || len(t.Columns) > maxColumns:
			return fmt.Errorf("table %s has %d columns", t.Name, len(t.Columns))
		}
	}
	return nil
}

// check refuses a manifest that contradicts itself, or the head that stood first.
func (m Manifest) check(head Head) error {
	if err := m.Head.check(); err != nil {
		return err
	}
	first, err1 := encode(head)
	last, err2 := encode(m.Head)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !bytes.Equal(first, last) {
		return errors.New("it is of another backup than the beginning")
	}
	if len(m.Contents) != len(m.Tables) {
		return fmt.Errorf("it counts %d tables of %d", len(m.Contents), len(m.Tables))
	}
	for i, c := range m.Contents {
		if c.Table != m.Tables[i].Name || c.Rows < 0 || c.Bytes < 0 || !hexHash.MatchString(c.SHA256) {
			return fmt.Errorf("what it says of table %s is none of ours", m.Tables[i].Name)
		}
	}
	if !hexHash.MatchString(m.State.Hash) {
		return errors.New("its state hash is none")
	}
	return nil
}
