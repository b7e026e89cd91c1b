package keys

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// Caller is whose key it was.
type Caller struct {
	Name string // as the file has it
	Kind Kind
}

// Why a key is refused.
var (
	// ErrUnknown is of a key that stands in neither file: it never did, or it was revoked.
	ErrUnknown = errors.New("no such key")
	// ErrAddress is of a key that may not be used from the address that it was offered from. The caller is returned with it.
	ErrAddress = errors.New("the key may not be used from this address")
)

// maxKey is the most bytes that a key can have.
const maxKey = 512

// set is both files, as they were last read.
type set struct{ by map[[sha256.Size]byte]entry }

// hidden is what everybody sees of a Ring: whose keys there are is nobody's business, and a hash may be that of a weak key.
const hidden = "[keys]"

// Ring is the keys of both files. It is safe for concurrent use, and hides itself as a secret does.
type Ring struct {
	// Behind a function: in an unexported field of another type fmt asks no method of ours, and prints what a pointer leads to.
	held func() *held
}

type held struct {
	api, admin *secret.File

	mu   sync.Mutex
	read [2]string // what was looked at last
	set  set       // of the last that fitted together
	err  error     // why what was looked at last does not
}

// Paths are where the files stand. An empty one is a variable that is not set.
type Paths struct{ API, Admin string }

// Open reads both files for the first time. Its error says everything that is wrong at once, with the variable and who needs it; it never holds what
// stands in a file. A key that stands in both is refused: what is taken for an integrator's must open nothing else.
func Open(p Paths, now func() time.Time) (Ring, error) {
	needs := []secret.Need{
		{Variable: "API_KEYS_FILE", For: "the api knows integrators by their keys", Path: p.API, Fit: func(text string) error { _, err := parse(API, text); return err }},
		{Variable: "ADMIN_KEYS_FILE", For: "the api knows administrators by their keys", Path: p.Admin, Fit: func(text string) error { _, err := parse(Admin, text); return err }},
	}
	files, err := secret.OpenAll(now, needs...)
	if err != nil {
		return Ring{}, err
	}
	h := &held{api: files[0], admin: files[1]}
	if _, err := h.current(); err != nil {
		return Ring{}, err
	}
	return Ring{func() *held { return h }}, nil
}

// Watched is one of the files, for whoever watches how old it is and whether it could be taken over.
type Watched struct {
	*secret.File
	ring Ring
}

// Problem is why the file could not be taken over as it is now; nil if its keys are those that count.
func (w Watched) Problem() error {
	if err := w.File.Problem(); err != nil {
		return err
	}
	_, err := w.ring.held().current()
	return err
}

// Files are the two files.
func (r Ring) Files() [2]Watched { return [2]Watched{{r.held().api, r}, {r.held().admin, r}} }

// current is the keys of both files as they are now. While a key stands in both, the set before counts, and the error says so.
func (h *held) current() (set, error) {
	texts := [2]string{h.api.Value().Reveal(), h.admin.Value().Reveal()}
	h.mu.Lock()
	defer h.mu.Unlock()
	if texts != h.read {
		next, err := together(texts)
		if h.read, h.err = texts, err; err == nil {
			h.set = next
		}
	}
	return h.set, h.err
}

func together(texts [2]string) (set, error) {
	next := set{map[[sha256.Size]byte]entry{}}
	for i, kind := range []Kind{API, Admin} {
		entries, err := parse(kind, texts[i])
		if err != nil { // Fit has let it through
			return set{}, err
		}
		for _, e := range entries {
			if other, twice := next.by[e.hash]; twice {
				return set{}, fmt.Errorf("ADMIN_KEYS_FILE, line %d: its key stands in API_KEYS_FILE too, line %d: give an administrator a key of their own", e.line, other.line)
			}
			next.by[e.hash] = e
		}
	}
	return next, nil
}

// Whose tells whose key is offered from an address; ErrUnknown, or ErrAddress with the caller that the key belongs to.
func (r Ring) Whose(key string, from netip.Addr) (Caller, error) {
	if len(key) > maxKey || secret.Check(key) != nil { // a key that can be guessed is nobody's, whatever hash stands in the file
		return Caller{}, ErrUnknown
	}
	s, _ := r.held().current() // what is wrong, Watched tells
	e, known := s.by[sha256.Sum256([]byte(key))]
	if !known {
		return Caller{}, ErrUnknown
	}
	c := Caller{e.name, e.kind}
	if e.from == nil {
		return c, nil
	}
	from = from.Unmap()
	for _, n := range e.from {
		if n.Contains(from) {
			return c, nil
		}
	}
	return c, ErrAddress
}

// String hides the keys.
func (Ring) String() string { return hidden }

// GoString hides the keys.
func (Ring) GoString() string { return hidden }

// Format hides the keys whatever the verb.
func (Ring) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the keys.
func (Ring) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the keys, in JSON too.
func (Ring) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// keyBytes are random in each key: what nobody guesses however fast SHA-256 is.
const keyBytes = 32

// New makes a key and the line that makes it known: the key is shown to its owner once, the line goes into the file. from may be empty for an
// integrator's key alone. The key begins with its kind, so that one that got lost is found and known for what it is.
func New(kind Kind, name string, from []netip.Prefix, random io.Reader) (key secret.Secret, line string, err error) {
	var b [keyBytes]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return secret.Secret{}, "", fmt.Errorf("make a key: %w", err)
	}
	text := Prefix(kind) + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
	hash := sha256.Sum256([]byte(text))
	line = name + " " + hex.EncodeToString(hash[:])
	if len(from) > 0 {
		parts := make([]string, len(from))
		for i, p := range from {
			if parts[i] = p.String(); p.IsSingleIP() {
				parts[i] = p.Addr().String()
			}
		}
		line += " from=" + strings.Join(parts, ",")
	}
	if _, err := parse(kind, line); err != nil {
		return secret.Secret{}, "", errors.New(strings.TrimPrefix(err.Error(), "line 1: "))
	}
	return secret.New(text), line, nil
}

// Prefix is what every key of the kind that New makes begins with.
func Prefix(kind Kind) string { return "stellarescrow_" + string(kind) + "_" }
