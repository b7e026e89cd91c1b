package ledgers

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/stellar/go-stellar-sdk/xdr"
	"golang.org/x/sync/errgroup"

	"github.com/Abdullahi130/StellarEscrow/contract/wasm"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source/files"
)

// ahead is how many ledgers may be under way between two stages; some 600 kB each.
const ahead = 4

// write makes the ledgers in four stages: what happens, in transactions (by all processors), ledger after ledger, on disk (by all again). Memory
// is that of the ledgers and trades under way.
func write(ctx context.Context, folder string, p Plan) (Set, error) {
	w, err := newPlatform(p)
	if err != nil {
		return Set{}, err
	}
	usdc, err := assetContract(w.network)
	if err != nil {
		return Set{}, err
	}
	_, code, err := wasm.Escrow()
	if err != nil {
		return Set{}, err
	}
	out := writer{folder: folder, layout: files.NewLayout(Passphrase)}
	if err := out.begin(); err != nil {
		return Set{}, err
	}
	s := Set{Plan: p, Folder: folder}
	for _, a := range w.addresses {
		s.Contracts = append(s.Contracts, a.String())
	}
	e := &encoder{network: w.network, usdc: usdc, code: code}
	inOrder, todo, closed := make(chan *work, ahead), make(chan *work, ahead), make(chan ledgerMeta, ahead)
	stages, ctx := errgroup.WithContext(ctx)
	stages.Go(func() error {
		defer close(inOrder)
		defer close(todo)
		return live(ctx, w, inOrder, todo)
	})
	for range runtime.GOMAXPROCS(0) {
		stages.Go(func() error {
			for j := range todo {
				if err := j.encode(e); err != nil {
					return err
				}
			}
			return nil
		})
		stages.Go(func() error { return out.each(closed) })
	}
	stages.Go(func() error {
		defer close(closed)
		c := newCloser()
		for j := range inOrder {
			select {
			case <-j.done:
			case <-ctx.Done():
				return ctx.Err()
			}
			for _, t := range j.txs {
				s.Events += t.events
			}
			s.Calls, s.Last = s.Calls+len(j.txs), j.seq
			select {
			case closed <- ledgerMeta{j.seq, c.close(j.seq, j.txs)}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	if err := stages.Wait(); err != nil {
		return Set{}, err
	}
	s.Bytes, s.Packed = out.bytes, out.packed
	return s, nil
}

// work is a ledger's calls on their way to be its transactions.
type work struct {
	seq   uint32
	first uint64 // number of the first transaction
	calls []called
	txs   []applied
	done  chan struct{} // closed when txs are there
}

// live lets everything happen, ledger after ledger.
func live(ctx context.Context, w *platform, inOrder, todo chan<- *work) error {
	number := uint64(0)
	for seq, more := uint32(First), true; more; seq++ {
		j := &work{seq: seq, first: number, done: make(chan struct{})}
		var err error
		if j.calls, more, err = w.next(seq); err != nil {
			return err
		}
		number += uint64(len(j.calls))
		for _, to := range []chan<- *work{inOrder, todo} {
			select {
			case to <- j:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	return nil
}

func (j *work) encode(e *encoder) error {
	j.txs = make([]applied, len(j.calls))
	for i, c := range j.calls {
		var err error
		if j.txs[i], err = e.apply(c, j.seq, j.first+uint64(i)); err != nil {
			return err
		}
	}
	j.calls = nil
	close(j.done)
	return nil
}

// ledgerMeta is a LedgerCloseMeta in XDR.
type ledgerMeta struct {
	seq uint32
	raw []byte
}

// writer puts ledgers into a folder: nothing is flushed to the disk, since a folder that a crash left half made is made again.
type writer struct {
	folder string
	layout files.Layout

	mu            sync.Mutex
	bytes, packed int64
}

func (w *writer) begin() error {
	if err := os.MkdirAll(w.folder, 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(w.layout)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(w.folder, files.ConfigName), append(text, '\n'), 0o644)
}

// each writes ledgers as long as there are some.
func (w *writer) each(all <-chan ledgerMeta) error {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	for m := range all {
		head := encode(&xdr.LedgerCloseMetaBatch{StartSequence: xdr.Uint32(m.seq), EndSequence: xdr.Uint32(m.seq)})
		binary.BigEndian.PutUint32(head[len(head)-4:], 1) // the metas that follow
		packed := packer.EncodeAll(append(head, m.raw...), nil)
		path := filepath.Join(w.folder, filepath.FromSlash(w.layout.Path(m.seq)))
		err := os.WriteFile(path, packed, 0o644)
		if os.IsNotExist(err) {
			if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
				err = os.WriteFile(path, packed, 0o644)
			}
		}
		if err != nil {
			return err
		}
		w.mu.Lock()
		w.bytes, w.packed = w.bytes+int64(len(m.raw)), w.packed+int64(len(packed))
		w.mu.Unlock()
	}
	return nil
}
