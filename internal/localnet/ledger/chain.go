package ledger

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/stellar/go-stellar-sdk/xdr"
)

const (
	journalName = "ledgers.journal"
	lockName    = "lock"
	format      = 2
)

// ErrInUse is returned by Open when another process has the folder open.
var ErrInUse = errors.New("in use by another process")

// Identity is what a data folder belongs to. Another identity is another network.
type Identity struct {
	Passphrase string `json:"passphrase"`
	Protocol   uint32 `json:"protocol"`
	Settings   string `json:"settings"` // the name of the network settings
	// EmptySeconds is the time from one empty ledger to the next.
	EmptySeconds int64 `json:"empty_ledger_seconds"`
}

func (i Identity) String() string {
	return fmt.Sprintf("the network %q (protocol %d, settings %q, an empty ledger every %d s)", i.Passphrase, i.Protocol, i.Settings, i.EmptySeconds)
}

// Chain is the history of a network and the state it led to. One goroutine appends; any number read. Entries and the places of ledgers and
// transactions are held in memory; ledgers and their events are read again.
// What Append and AppendEmpty have returned from is on disk, if there is a folder, and only then can be read.
type Chain struct {
	journal *journal // nil without a folder
	past    past     // in its place
	unlock  func()
	id      Identity

	mu      sync.RWMutex
	state   *State
	rows    []row
	byHash  map[xdr.Hash]TxPlace
	sources sources
	last    Closed
	offset  time.Duration
	live    xdr.Uint64
}

// row is a filled ledger or a run of empty ones, whichever is set.
type row struct {
	first uint32
	meta  []byte // in memory, or
	place place  // where it is read from
	from  marks  // the contracts that have said something in it
	run   *run
}

// TxPlace is where a transaction stands: Index counts from 0 in order of application.
type TxPlace struct {
	Ledger uint32
	Index  int
}

// Holds tells whether a folder has a history in it.
func Holds(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, journalName))
	return err == nil
}

// Open reads the history in dir, or starts one: with dir "" one that is gone with the process. It takes as long as reading the filled ledgers does: the empty
// ones are not made again, however many there are. It fails, naming the folder, when the folder belongs to another network
// (identity), is open elsewhere (ErrInUse), cannot be written, its journal is damaged (ErrDamaged), or ctx ends.
func Open(ctx context.Context, dir string, id Identity) (*Chain, error) {
	c := &Chain{id: id, state: NewState(), byHash: map[xdr.Hash]TxPlace{}, past: past{room: pastMemoryBytes}}
	genesis, entries := Genesis(id.Passphrase, id.Protocol)
	c.last = genesis
	c.state.Apply(entries)
	if dir == "" {
		return c, nil
	}
	if err := c.openDir(ctx, dir); err != nil {
		return nil, fmt.Errorf("open the data folder %s: %w", dir, err)
	}
	return c, nil
}

func (c *Chain) openDir(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return cause(err)
	}
	unlock, err := lock(filepath.Join(dir, lockName))
	if err != nil {
		return cause(err)
	}
	named := false
	j, err := openJournal(filepath.Join(dir, journalName), func(kind byte, payload []byte, p place) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !named {
			named = true
			return c.checkIdentity(kind, payload)
		}
		return c.replay(kind, payload, p)
	})
	if err != nil {
		unlock()
		return cause(err)
	}
	c.journal, c.unlock = j, unlock
	if named {
		if err := c.settle(); err != nil {
			return errors.Join(cause(err), c.Close())
		}
		return nil
	}
	text, err := json.Marshal(struct {
		Format int `json:"format"`
		Identity
	}{format, c.id})
	if err == nil {
		_, err = j.append(recordNetwork, text)
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return errors.Join(err, c.Close())
	}
	return nil
}

// cause leaves out the path that errors of the os package carry: the caller has named the folder.
func cause(err error) error {
	if pe := (*fs.PathError)(nil); errors.As(err, &pe) && !errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%s %s: %w", pe.Op, filepath.Base(pe.Path), pe.Err)
	}
	return err
}

func (c *Chain) checkIdentity(kind byte, payload []byte) error {
	var found struct {
		Format int `json:"format"`
		Identity
	}
	if err := json.Unmarshal(payload, &found); kind != recordNetwork || err != nil {
		return errors.New("this is no journal of a local network; give another folder")
	}
	if found.Format != format {
		return fmt.Errorf("written by another version (format %d, this program reads %d); give another folder, or start anew by deleting this one", found.Format, format)
	}
	if found.Identity != c.id {
		return fmt.Errorf("it holds %s, not %s; give another folder, or start anew by deleting this one", found.Identity, c.id)
	}
	return nil
}

func (c *Chain) replay(kind byte, payload []byte, p place) error {
	switch kind {
	case recordLedger:
		var meta xdr.LedgerCloseMeta
		if err := meta.UnmarshalBinary(payload); err != nil {
			return fmt.Errorf("read a ledger: %w", err)
		}
		if r := c.lastRun(); r != nil {
			c.last = r.end()
		}
		if want, got := c.last.Hash, meta.PreviousLedgerHash(); want != got {
			return fmt.Errorf("%w: ledger %d follows %x, not %x", ErrDamaged, meta.LedgerSequence(), got, want)
		}
		c.admit(meta, nil, p)
	case recordEmpty:
		if s, ok := parseStretch(payload); !ok || !c.extend(c.growing(), s) {
			return fmt.Errorf("%w: the hashes of empty ledgers are not those of as many as it says", ErrDamaged)
		}
	case recordClock:
		c.offset = time.Duration(binary.BigEndian.Uint64(payload))
	default:
		return fmt.Errorf("%w: unknown kind %q", ErrDamaged, kind)
	}
	return nil
}

// settle ends a replay, which leaves the last ledger of a run alone as long as nothing comes after it.
func (c *Chain) settle() error {
	r := c.lastRun()
	if r == nil {
		return nil
	}
	c.last = r.end()
	if !r.sound() { // of other runs the ledger after them tells
		return fmt.Errorf("%w: ledger %d does not follow from those before it", ErrDamaged, c.last.Sequence())
	}
	return nil
}

// Torn is nil unless Open has found half a record at the end of the journal, and taken it away: the error says of which file and how much. A process
// that was killed while it wrote leaves that, and nobody has seen what it was; so does a file that was shortened, and then ledgers are gone.
func (c *Chain) Torn() error {
	if c.journal == nil {
		return nil
	}
	return c.journal.torn
}

// Close lets go of the folder.
func (c *Chain) Close() error {
	if c.journal == nil {
		return c.past.close()
	}
	err := c.journal.close()
	c.unlock()
	return err
}

// Append adds the ledger that meta describes.
func (c *Chain) Append(meta xdr.LedgerCloseMeta) error {
	raw := encode(&meta)
	var p place
	if c.journal != nil {
		var err error
		if p, err = c.journal.append(recordLedger, raw); err != nil {
			return err
		}
		raw = nil
	} else {
		raw, p = c.past.keep(raw)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.admit(meta, raw, p)
	return nil
}

// admit makes a ledger that is kept part of what can be read.
func (c *Chain) admit(meta xdr.LedgerCloseMeta, raw []byte, p place) {
	entry := meta.LedgerHeaderHistoryEntry()
	c.last = Closed{Header: entry.Header, Hash: entry.Hash}
	c.live = meta.V2.TotalByteSizeOfLiveSorobanState
	c.rows = append(c.rows, row{first: c.last.Sequence(), meta: raw, place: p, from: c.sources.of(Events(meta))})
	for i, t := range meta.V2.TxProcessing {
		at := TxPlace{Ledger: c.last.Sequence(), Index: i}
		c.byHash[t.Result.TransactionHash] = at
		if inner := t.Result.Result.Result.InnerResultPair; inner != nil {
			c.byHash[inner.TransactionHash] = at
		}
	}
	before := c.state.Snapshot()
	changes := Changes(before, meta)
	before.Close()
	c.state.Apply(changes)
}

// AppendEmpty adds n empty ledgers, Identity.EmptySeconds apart. They take about 1 µs each to be made, while others read on.
func (c *Chain) AppendEmpty(n uint32) error {
	if n == 0 {
		return nil
	}
	r := c.growing()
	s := r.following(c.last.Hash, n)
	if c.journal != nil {
		if _, err := c.journal.append(recordEmpty, s.encode()); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.extend(r, s)
	c.last = r.end()
	return nil
}

// lastRun is the run that the chain ends with, nil if it ends with a filled ledger.
func (c *Chain) lastRun() *run {
	if len(c.rows) == 0 {
		return nil
	}
	return c.rows[len(c.rows)-1].run
}

// growing is the run that the next empty ledgers belong to. A new one is in no row before it has any.
func (c *Chain) growing() *run {
	if r := c.lastRun(); r != nil {
		return r
	}
	return newRun(c.last, c.id.EmptySeconds, c.live)
}

// extend makes a stretch of empty ledgers that is on disk part of what can be read. It answers false if s does not fit r.
func (c *Chain) extend(r *run, s stretch) bool {
	if !r.add(s) {
		return false
	}
	if c.lastRun() != r {
		c.rows = append(c.rows, row{first: r.base.Sequence() + 1, run: r})
	}
	return true
}

// SetOffset keeps how far the network's clock is ahead of the machine's.
func (c *Chain) SetOffset(d time.Duration) error {
	if c.journal != nil {
		if _, err := c.journal.append(recordClock, binary.BigEndian.AppendUint64(nil, uint64(d))); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = d
	return nil
}

// Offset is what SetOffset was given last, 0 in a new network.
func (c *Chain) Offset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offset
}

// Evictor returns a new one for the state as it is.
func (c *Chain) Evictor() *Evictor { return NewEvictor(c.state) }

// Each calls f with every entry of the newest state, in no order, until f returns false.
func (c *Chain) Each(f func(Key, []byte) bool) { c.state.Each(f) }
