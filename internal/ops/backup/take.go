package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"regexp"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// Source is a store in one moment, however much is written meanwhile.
type Source interface {
	// Facts say what it is of; Tables among them, in the order of their names. Format, Name, TakenAt and Program are left to Take.
	Facts(ctx context.Context) (Head, error)
	// Copy writes a table's rows in COPY's text format and says how many.
	Copy(ctx context.Context, t Table, to io.Writer) (rows int64, err error)
	// State is the hash over the same moment. It may be called beside Copy.
	State(ctx context.Context) (store.State, error)
}

// Place is where backups are kept.
type Place interface {
	// Put stores all of content under a name that is not there yet. If content ends in an error, or anything else goes wrong, nothing is seen under the name.
	Put(ctx context.Context, name string, content io.Reader) error
	// Get reads what is stored under a name.
	Get(ctx context.Context, name string) (io.ReadCloser, error)
	// String is for messages.
	String() string
}

// ErrPlace is wrapped by the errors of a place that cannot be reached, read or written.
var ErrPlace = errors.New("where backups are kept cannot be used")

// Options say how a backup is taken. All of them are required.
type Options struct {
	Recipients []age.Recipient
	Program    string // the version that writes
	Now        func() time.Time
	Rand       io.Reader // for the name; age has its own
}

// Receipt is what is known of a file without a key, beside its manifest. Keep it apart from the file: only whoever has it can tell that the file is the one that
// was written, since everybody who knows the recipients can write another.
type Receipt struct {
	Place    string   `json:"place"`
	Name     string   `json:"name"`
	Bytes    int64    `json:"bytes"`
	SHA256   string   `json:"sha256"`
	Manifest Manifest `json:"manifest"`
}

// fileName tells files of ours, and orders them by time.
var fileName = regexp.MustCompile(`^stellarescrow-\d{8}T\d{6}Z-[0-9a-f]{16}\.tar\.zst\.age$`)

func newName(at time.Time, rand io.Reader) (string, error) {
	var b [8]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return "", fmt.Errorf("make a name: %w", err)
	}
	return fmt.Sprintf("stellarescrow-%s-%x.tar.zst.age", at.Format("20060102T150405Z"), b), nil
}

// Take writes a backup of src to a place and reads it back. It returns a receipt only if what can be read there is, byte for byte, what was written; whether
// that can be decrypted only Verify can say, with a key. What was written and does not come back the same stays there, and the error (ErrDamaged) names it.
func Take(ctx context.Context, src Source, to Place, o Options) (Receipt, error) {
	head, err := src.Facts(ctx)
	if err != nil {
		return Receipt{}, err
	}
	head.Format, head.TakenAt, head.Program = Format, o.Now().UTC().Truncate(time.Second), o.Program
	if head.Name, err = newName(head.TakenAt, o.Rand); err != nil {
		return Receipt{}, err
	}
	r := Receipt{Place: to.String(), Name: head.Name}
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	from, into := io.Pipe()
	written := make(chan error, 1)
	go func() {
		var err error
		r.Manifest, err = write(running, src, head, into, o.Recipients)
		into.CloseWithError(err) // nil is the end of the file
		written <- err
	}()
	wrote := newSummed()
	content := &recorded{Reader: io.TeeReader(from, wrote)}
	put := to.Put(running, head.Name, content)
	from.CloseWithError(errStopped)
	cancel() // of a writer that nobody listens to any more
	err = <-written
	switch {
	case ctx.Err() != nil:
		return Receipt{}, fmt.Errorf("write %s to %s: %w", head.Name, to, ctx.Err())
	case put != nil && content.err == nil:
		return Receipt{}, fmt.Errorf("write %s to %s: %w", head.Name, to, oneLine{put})
	case err != nil:
		return Receipt{}, err
	}
	r.Bytes, r.SHA256 = wrote.result()
	return r, readBack(ctx, to, r)
}

// errStopped is what whoever writes is told when nobody takes it any more; why, Put has said.
var errStopped = errors.New("the backup is not taken any further")

// write writes all of it: the file is whole if there is no error.
func write(ctx context.Context, src Source, head Head, to io.Writer, recipients []age.Recipient) (m Manifest, err error) {
	sealed, err := newSeal(to, recipients)
	if err != nil {
		return m, err
	}
	a, err := newArchive(sealed, head)
	if err != nil {
		return m, err
	}
	m = Manifest{Head: head, Positions: []Position{}, Contents: []Content{}}
	both, running := errgroup.WithContext(ctx)
	var state store.State
	both.Go(func() (err error) {
		state, err = src.State(running)
		return err
	})
	both.Go(func() error {
		for _, t := range head.Tables {
			c, err := a.table(t.Name, func(w io.Writer) (int64, error) { return src.Copy(running, t, w) })
			if err != nil {
				return err
			}
			m.Contents = append(m.Contents, c)
		}
		return nil
	})
	if err := both.Wait(); err != nil {
		return m, err
	}
	m.State = State{Hash: hex.EncodeToString(state.Hash[:]), Trades: state.Trades, Payouts: state.Payouts}
	for _, c := range state.Contracts {
		m.Positions = append(m.Positions, Position{Contract: c.ID, Start: c.Start, Position: string(c.Position), Ledger: c.Position.Complete(), Dropped: c.Dropped})
	}
	if err := a.close(m); err != nil {
		return m, err
	}
	return m, sealed.Close()
}

// readBack compares what is in the place with what was written.
func readBack(ctx context.Context, from Place, r Receipt) error {
	is, err := sum(ctx, from, r.Name)
	if err != nil {
		return fmt.Errorf("read %s back from %s: %w", r.Name, from, err)
	}
	if bytes, sha := is.result(); bytes != r.Bytes || sha != r.SHA256 {
		return fmt.Errorf("%s in %s: %w: %d bytes come back with sha256 %s, written were %d with %s", r.Name, from, ErrDamaged, bytes, sha, r.Bytes, r.SHA256)
	}
	return nil
}

func sum(ctx context.Context, from Place, name string) (*summed, error) {
	content, err := from.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	defer content.Close() // read only: nothing can be lost
	is := newSummed()
	if _, err = io.Copy(is, until(ctx, content)); err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %w", ErrPlace, err)
	}
	return is, err
}

// recorded remembers what went wrong with reading itself, which says nothing of what was read.
type recorded struct {
	io.Reader
	err error
}

func (r *recorded) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// until reads as long as ctx lasts.
func until(ctx context.Context, r io.Reader) io.Reader {
	return readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(b)
	})
}

// summed counts and hashes what is written to it.
type summed struct {
	sum hash.Hash
	n   int64
}

func newSummed() *summed { return &summed{sum: sha256.New()} }

func (s *summed) Write(b []byte) (int, error) {
	s.n += int64(len(b))
	return s.sum.Write(b)
}

func (s *summed) result() (bytes int64, sha256 string) {
	return s.n, hex.EncodeToString(s.sum.Sum(nil))
}
