package files

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// The bounds of a file and of an answer.
const (
	maxFile    = 128 << 20 // compressed
	maxBatch   = 256 << 20 // decompressed
	maxAnswer  = 32 << 20  // bytes of metas that one call of Ledgers gives, at least one ledger
	firstOfAll = 2         // the first ledger of a network that has a meta
)

// Files is a folder of recorded ledgers. It is safe for concurrent use, and sees what is written while it is open.
type Files struct {
	network stellar.Network
	folder  fs.FS
	layout  Layout
	chain   *source.Chain
	zstd    *zstd.Decoder

	mu     sync.Mutex
	kept   rpc.Range
	recent []*source.Meta // the batch that was read last
}

// Open reads the folder's .config.json; ledgers are read when they are asked for. folder is anything with files, os.DirFS for one of this
// machine. Sources that share a chain must agree.
func Open(network stellar.Network, folder fs.FS, chain *source.Chain) (*Files, error) {
	f := &Files{network: network, folder: folder, chain: chain}
	var err error
	if f.layout, err = readLayout(folder); err != nil {
		return nil, err
	}
	if err := f.checkNetwork(); err != nil {
		return nil, err
	}
	if f.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBatch)); err != nil {
		return nil, fmt.Errorf("open ledger files: %w", err)
	}
	return f, nil
}

func readLayout(folder fs.FS) (Layout, error) {
	text, err := read(folder, ConfigName, maxConfig)
	if err != nil {
		return Layout{}, fmt.Errorf("ledger files: %w; is it a folder of recorded ledgers (SEP-54)?", err)
	}
	l, err := parseLayout(text)
	if err != nil {
		return Layout{}, fmt.Errorf("ledger files: %s: %w", ConfigName, err)
	}
	return l, nil
}

func (f *Files) checkNetwork() error {
	if f.layout.Passphrase != f.network.Passphrase() {
		return fmt.Errorf("ledger files: %s is of %q, configured is %q: %w", ConfigName, f.layout.Passphrase, f.network.Passphrase(), rpc.ErrWrongNetwork)
	}
	return nil
}

// Close lets go of what reading took. The folder is not touched.
func (f *Files) Close() error {
	f.zstd.Close()
	return nil
}

// Trust takes the store's word for a ledger: see source.Chain.Trust.
func (f *Files) Trust(seq uint32, hash stellar.Hash) { f.chain.Trust(seq, hash) }

// Link is a ledger that was read: see source.Ledgers.Link.
func (f *Files) Link(seq uint32) (source.Link, bool) { return f.chain.Link(seq) }

// Forget drops what was read, but the store's word: a file that was wrong may have been set right.
func (f *Files) Forget() {
	f.chain.Forget()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept, f.recent = rpc.Range{}, nil
}

// CheckNetwork returns the protocol of the newest ledger.
func (f *Files) CheckNetwork(ctx context.Context) (protocol uint32, err error) {
	m, err := f.newest(ctx)
	if err != nil {
		return 0, err
	}
	return m.Protocol, nil
}

// LatestHash is the newest recorded ledger.
func (f *Files) LatestHash(ctx context.Context) (rpc.Ledger, stellar.Hash, error) {
	m, err := f.newest(ctx)
	if err != nil {
		return rpc.Ledger{}, stellar.Hash{}, err
	}
	return ledgerOf(m), m.Hash, nil
}

func (f *Files) newest(ctx context.Context) (*source.Meta, error) {
	kept, err := f.look(ctx)
	if err != nil {
		return nil, err
	}
	list, err := f.batch(kept.Latest.Sequence)
	if err != nil {
		return nil, err
	}
	return list[len(list)-1], nil
}

// Ledgers gives at most limit recorded ledgers from a sequence number on; fewer if they are large. One that is missing, though newer ones are
// there, is a *rpc.GapError.
func (f *Files) Ledgers(ctx context.Context, from uint32, limit uint) ([]rpc.ClosedLedger, rpc.Range, error) {
	var all []rpc.ClosedLedger
	var kept rpc.Range
	for bytes := 0; uint(len(all)) < limit && bytes < maxAnswer; {
		got, err := f.fetch(ctx, from+uint32(len(all)))
		if err != nil && len(all) > 0 && ctx.Err() == nil {
			break // the next question meets it
		}
		kept = got.Kept
		if err != nil || len(got.Ledgers) == 0 {
			return all, kept, err
		}
		for _, m := range got.Ledgers[:min(uint(len(got.Ledgers)), limit-uint(len(all)))] {
			all = append(all, m.Closed())
			bytes += len(m.Bytes())
		}
	}
	return all, kept, nil
}

// Events finds the contracts' events in the ledgers, as rpc.Client.Events gives them.
func (f *Files) Events(ctx context.Context, from rpc.From, contracts []stellar.Address, limit uint) (rpc.EventPage, error) {
	return source.Page(ctx, f.network, from, contracts, limit, f.fetch)
}

// fetch is a source.Fetch: the rest of the batch that holds the ledger.
func (f *Files) fetch(ctx context.Context, from uint32) (source.Fetched, error) {
	if err := ctx.Err(); err != nil {
		return source.Fetched{}, err
	}
	f.mu.Lock()
	kept := f.kept
	f.mu.Unlock()
	// At the end there may be newer ones by now.
	if f.layout.batch(from).last >= kept.Latest.Sequence || from < kept.Oldest.Sequence {
		var err error
		if kept, err = f.look(ctx); err != nil {
			return source.Fetched{}, err
		}
	}
	got := source.Fetched{Kept: kept}
	switch {
	case from > kept.Latest.Sequence:
		return got, nil
	case from < kept.Oldest.Sequence:
		return got, &rpc.GapError{Asked: from, Kept: kept}
	}
	list, err := f.batch(from)
	if errors.Is(err, fs.ErrNotExist) {
		return got, f.missing(ctx, from)
	}
	if err != nil {
		return got, err
	}
	got.Ledgers = list[from-list[0].Sequence:]
	return got, nil
}

// missing is the error about a ledger whose file is not there. Another look tells what there is.
func (f *Files) missing(ctx context.Context, from uint32) error {
	kept, err := f.look(ctx)
	if err != nil {
		return err
	}
	next, ok, err := f.list().after(f.layout.batch(from).last)
	if err != nil {
		return err
	}
	if ok {
		list, err := f.batch(next.first)
		if err != nil {
			return err
		}
		kept.Oldest = ledgerOf(list[0])
	}
	return fmt.Errorf("ledger files: %s is missing: %w", f.layout.path(f.layout.batch(from)), &rpc.GapError{Asked: from, Kept: kept})
}

// look finds out what the folder holds. It is rpc.ErrUnavailable if that is nothing.
func (f *Files) look(ctx context.Context) (rpc.Range, error) {
	if err := ctx.Err(); err != nil {
		return rpc.Range{}, err
	}
	oldest, newest, ok, err := f.list().ends()
	if err != nil {
		return rpc.Range{}, err
	}
	if !ok {
		return rpc.Range{}, fmt.Errorf("ledger files: there are none yet: %w", rpc.ErrUnavailable)
	}
	f.mu.Lock()
	kept := f.kept
	f.mu.Unlock()
	if kept.Latest.Sequence != newest.last {
		list, err := f.batch(newest.last)
		if err != nil {
			return rpc.Range{}, err
		}
		kept.Latest = ledgerOf(list[len(list)-1])
	}
	if kept.Oldest.Sequence != max(oldest.first, firstOfAll) {
		list, err := f.batch(oldest.last)
		if err != nil {
			return rpc.Range{}, err
		}
		kept.Oldest = ledgerOf(list[0])
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kept = kept
	return kept, nil
}

func ledgerOf(m *source.Meta) rpc.Ledger {
	return rpc.Ledger{Sequence: m.Sequence, CloseTime: m.CloseTime}
}

// batch reads the batch that holds the ledger.
func (f *Files) batch(seq uint32) ([]*source.Meta, error) {
	f.mu.Lock()
	recent := f.recent
	if len(recent) > 0 && seq >= recent[0].Sequence && seq <= recent[len(recent)-1].Sequence {
		f.mu.Unlock()
		return recent, nil
	}
	f.recent = nil // not both at once: a batch can be large
	f.mu.Unlock()
	b := f.layout.batch(seq)
	path := f.layout.path(b)
	list, err := f.readBatch(path, b)
	if err != nil {
		return nil, fmt.Errorf("ledger files: %s: %w", path, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.recent = list
	return list, nil
}

func (f *Files) readBatch(path string, b span) ([]*source.Meta, error) {
	packed, err := read(f.folder, path, maxFile)
	if err != nil {
		return nil, err
	}
	raw, err := f.zstd.DecodeAll(packed, nil)
	if err != nil {
		return nil, fmt.Errorf("damaged or cut short: %w: %w", rpc.ErrAnswer, err)
	}
	list, err := unpack(raw, b)
	if err != nil {
		return nil, err
	}
	links := make([]source.Link, len(list))
	for i, m := range list {
		if err := m.Verify(); err != nil {
			return nil, err
		}
		links[i] = m.Link()
	}
	return list, f.chain.Add(links...)
}

// unpack reads a LedgerCloseMetaBatch that is to hold these ledgers: the numbers of the first and the last, how many there are, and their
// metas.
func unpack(raw []byte, b span) ([]*source.Meta, error) {
	const headBytes = 12
	if len(raw) < headBytes {
		return nil, fmt.Errorf("damaged or cut short, %d bytes: %w", len(raw), rpc.ErrAnswer)
	}
	first := max(b.first, firstOfAll)
	from, to, n := binary.BigEndian.Uint32(raw), binary.BigEndian.Uint32(raw[4:]), binary.BigEndian.Uint32(raw[8:])
	if from != first || to != b.last || n != b.last-first+1 {
		return nil, fmt.Errorf("it is of ledgers %d to %d and holds %d, by its name it holds %d to %d: %w", from, to, n, first, b.last, rpc.ErrAnswer)
	}
	list := make([]*source.Meta, 0, n)
	rest := raw[headBytes:]
	for seq := first; seq <= b.last; seq++ {
		m, more, err := source.NextMeta(rest)
		if err != nil {
			return nil, fmt.Errorf("ledger %d: %w", seq, err)
		}
		if m.Sequence != seq {
			return nil, fmt.Errorf("it holds ledger %d where %d is to be: %w", m.Sequence, seq, rpc.ErrAnswer)
		}
		list, rest = append(list, m), more
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%d bytes follow its end: %w", len(rest), rpc.ErrAnswer)
	}
	return list, nil
}

// read is fs.ReadFile with a bound.
func read(folder fs.FS, path string, most int64) ([]byte, error) {
	file, err := folder.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	var text bytes.Buffer
	if info, err := file.Stat(); err == nil && info.Size() <= most {
		text.Grow(int(info.Size()) + bytes.MinRead) // which is what it grows by to find the end
	}
	if _, err := text.ReadFrom(io.LimitReader(file, most+1)); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, rpc.ErrUnavailable, err)
	}
	if int64(text.Len()) > most {
		return nil, fmt.Errorf("%s is larger than %d bytes: %w", path, most, rpc.ErrAnswer)
	}
	return text.Bytes(), nil
}
