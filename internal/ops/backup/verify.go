package backup

import (
	"context"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// ErrDamaged is wrapped by everything that is wrong with a backup itself.
var ErrDamaged = errors.New("not a backup as it was written")

// ErrNoKey is returned for a backup that none of the keys opens: nothing is known of it.
var ErrNoKey = errors.New("cannot be opened")

// Verify reads a whole backup and throws it away: it decrypts, unpacks, hashes and counts everything and compares it with the manifest. name is the file's; one
// that says another name of itself was put in its place. The receipt's Place is left to the caller.
func Verify(ctx context.Context, name string, content io.Reader, identities []age.Identity) (Receipt, error) {
	return Read(ctx, name, content, identities, nothing{})
}

// Read is Verify that hands on what it reads. Whoever takes it must undo what it did with it if the error is not nil: ErrDamaged if something is wrong with
// the backup, ErrNoKey, ErrPlace if it could not be read, or the sink's own.
func Read(ctx context.Context, name string, content io.Reader, identities []age.Identity, into Sink) (Receipt, error) {
	r := Receipt{Name: name}
	read := newSummed()
	from := &recorded{Reader: until(ctx, content)}
	taken := &taker{Sink: into}
	m, err := readSealed(io.TeeReader(from, read), identities, taken)
	switch {
	case ctx.Err() != nil:
		return r, fmt.Errorf("%s: %w", name, ctx.Err())
	case from.err != nil:
		return r, fmt.Errorf("read %s: %w: %w", name, ErrPlace, from.err)
	case taken.err != nil:
		return r, taken.err
	case errors.Is(err, errKey):
		return r, fmt.Errorf("%s %w: %w; give the one of a recipient that it was written for", name, ErrNoKey, err)
	case err != nil:
		return r, fmt.Errorf("%s is %w: %w", name, ErrDamaged, oneLine{err})
	case m.Name != name:
		return r, fmt.Errorf("%s is %w: it is %s under another name", name, ErrDamaged, m.Name)
	}
	r.Manifest = m
	r.Bytes, r.SHA256 = read.result()
	return r, nil
}

func readSealed(from io.Reader, identities []age.Identity, into Sink) (Manifest, error) {
	inside, err := unseal(from, identities)
	if err != nil {
		return Manifest{}, err
	}
	defer inside.Close()
	return readArchive(inside, into)
}

// taker remembers what a sink has refused.
type taker struct {
	Sink
	err error
}

func (t *taker) Begin(h Head) error {
	t.err = t.Sink.Begin(h)
	return t.err
}

func (t *taker) Rows(of Table, piece []byte) error {
	t.err = t.Sink.Rows(of, piece)
	return t.err
}

// nothing is a sink that keeps nothing.
type nothing struct{}

func (nothing) Begin(Head) error { return nil }

func (nothing) Rows(Table, []byte) error { return nil }
