package files

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/source"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// Record writes the ledgers from first to last into a folder of this machine, as far as the reader has them and as whole batches only, and
// returns the newest that is recorded then; 0 if none is. Each ledger is checked, and that it is of one chain with those that are there
// already: a batch that is there is read and stays, so the same call goes on where the last one was stopped. A new folder is made with the
// layout; one that is there must have the same.
//
// A file appears whole and on disk, or not at all. Only one Record at a time may write to a folder.
func Record(ctx context.Context, network stellar.Network, folder string, layout Layout, reader source.Reader, first, last uint32) (uint32, error) {
	if layout.Passphrase != network.Passphrase() {
		return 0, fmt.Errorf("record ledgers of %q: the layout is of %q", network.Passphrase(), layout.Passphrase)
	}
	if err := makeFolder(folder, layout); err != nil {
		return 0, fmt.Errorf("record ledgers: %w", err)
	}
	chain := source.NewChain()
	done, err := Open(network, os.DirFS(folder), chain)
	if err != nil {
		return 0, err
	}
	defer func() { _ = done.Close() }() // writes nothing
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, fmt.Errorf("record ledgers: %w", err)
	}
	r := recorder{folder: folder, layout: layout, done: done, from: source.NewLedgers(network, reader, chain), packer: packer}
	return r.record(ctx, max(first, firstOfAll), last)
}

type recorder struct {
	folder string
	layout Layout
	done   *Files
	from   *source.Ledgers
	packer *zstd.Encoder
}

func (r *recorder) record(ctx context.Context, first, last uint32) (newest uint32, err error) {
	for b := r.whole(first); b.last <= last; b = r.layout.batch(b.last + 1) {
		_, err := r.done.batch(b.last)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			var ok bool
			if ok, err = r.write(ctx, b); err != nil || !ok {
				return newest, err
			}
		case err != nil:
			return newest, err
		}
		newest = b.last
	}
	return newest, nil
}

// whole is the first batch all of whose ledgers are wanted.
func (r *recorder) whole(first uint32) span {
	b := r.layout.batch(first)
	if max(b.first, firstOfAll) < first {
		b = r.layout.batch(b.last + 1)
	}
	return b
}

// write records a batch. It answers false if the reader does not have all of it yet.
func (r *recorder) write(ctx context.Context, b span) (bool, error) {
	first := max(b.first, firstOfAll)
	batch := xdr.LedgerCloseMetaBatch{StartSequence: xdr.Uint32(first), EndSequence: xdr.Uint32(b.last)}
	head, err := batch.MarshalBinary()
	if err != nil {
		return false, fmt.Errorf("record ledgers: %w", err)
	}
	// The metas go in as they came.
	n := b.last - first + 1
	raw := append(head[:len(head)-4], byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	for next := first; next <= b.last; {
		got, err := r.from.Fetch(ctx, next)
		if err != nil {
			return false, fmt.Errorf("record ledgers: %w", err)
		}
		if len(got.Ledgers) == 0 {
			return false, nil
		}
		for _, m := range got.Ledgers[:min(len(got.Ledgers), int(b.last-next)+1)] {
			raw = append(raw, m.Bytes()...)
			next++
		}
	}
	path := r.layout.path(b)
	if err := os.MkdirAll(filepath.Join(r.folder, filepath.Dir(path)), 0o755); err != nil {
		return false, fmt.Errorf("record ledgers: %w", err)
	}
	if err := syncDir(r.folder); err != nil {
		return false, fmt.Errorf("record ledgers: %w", err)
	}
	if err := writeFile(filepath.Join(r.folder, filepath.FromSlash(path)), r.packer.EncodeAll(raw, nil)); err != nil {
		return false, fmt.Errorf("record ledgers: %s: %w", path, err)
	}
	return true, nil
}

func makeFolder(folder string, layout Layout) error {
	if err := layout.check(); err != nil {
		return fmt.Errorf("layout: %w", err)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	found, err := readLayout(os.DirFS(folder))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		text, err := json.MarshalIndent(layout, "", "  ")
		if err != nil {
			return err
		}
		return writeFile(filepath.Join(folder, ConfigName), append(text, '\n'))
	case err != nil:
		return err
	}
	found.Version = layout.Version // each of them can be read
	if found != layout {
		return fmt.Errorf("folder %s is laid out as %+v, wanted is %+v; record into another one", folder, found, layout)
	}
	return nil
}

// writeFile makes a file that is whole and on disk, or not there. What a crash leaves of it, the next try replaces.
func writeFile(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	part := filepath.Join(dir, "."+filepath.Base(path)+".part")
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(part))
		}
	}()
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return syncDir(dir)
}

// syncDir makes the names in a folder last.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
