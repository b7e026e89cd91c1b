package secret

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"
)

// Need says which secret a program wants, and what it must be like.
type Need struct {
	Variable string // that names its file: DATABASE_PASSWORD_FILE
	For      string // who needs it, for messages: the indexer's connection to Postgres
	Path     string // of the file; empty if the variable is not set
	MinBytes int    // the least length; 0 stands for DefaultMinBytes
	// Any takes every content but an empty one: a URL, of which only a part is secret.
	Any bool
	// Fit, if there is one, says what is wrong with a content that is no single value, such as a list of keys; its error holds nothing of it. It stands in
	// the place of MinBytes and Any.
	Fit func(value string) error
}

// The bounds of a secret's file.
const (
	DefaultMinBytes = 16
	maxBytes        = 64 << 10
)

// ErrUnfit is wrapped by every refusal of a secret's content. Its text never holds any of the content.
var ErrUnfit = errors.New("not fit to be a secret")

// File is a secret that stands in a file. It is safe for concurrent use.
type File struct {
	need Need
	now  func() time.Time

	mu       sync.Mutex
	value    Secret
	seen     stamp
	previous Secret
	changed  time.Time // when value took the place of previous
	problem  error     // why the file as it is now is not what value says
}

// stamp tells whether a file is the one that was read: a mounted secret is replaced as a whole, by another file behind the same name.
type stamp struct {
	info os.FileInfo
	size int64
	time time.Time
}

func (s stamp) is(info os.FileInfo) bool {
	return s.info != nil && os.SameFile(s.info, info) && s.size == info.Size() && s.time.Equal(info.ModTime())
}

// Open reads a secret for the first time. It fails for a file that is not set, missing, not readable by us, empty, short, larger than 64
// KiB, or holds a well-known value, and says which variable and who needs it. One line end at the end does not belong to the value.
func Open(need Need, now func() time.Time) (*File, error) {
	if need.MinBytes == 0 {
		need.MinBytes = DefaultMinBytes
	}
	if need.Path == "" {
		return nil, fmt.Errorf("%s is not set: %s; name the file that holds the secret", need.Variable, need.For)
	}
	f := &File{need: need, now: now}
	if f.refresh(); f.problem != nil {
		return nil, f.problem
	}
	return f, nil
}

// OpenAll opens every secret and reports everything that is wrong at once.
func OpenAll(now func() time.Time, needs ...Need) ([]*File, error) {
	var errs []error
	files := make([]*File, len(needs))
	for i, need := range needs {
		f, err := Open(need, now)
		if err != nil {
			errs = append(errs, err)
		}
		files[i] = f
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return files, nil
}

// Value is the secret as its file has it now. While the file is gone or holds something unfit, as in the middle of a careless rotation, it
// is the last good value, and Problem says so.
func (f *File) Value() Secret {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	return f.value
}

// Overlap is for how long after a change the previous value is still taken: the two ends of a connection see a mounted file change up to
// two minutes apart (the kubelet's sync period and its cache).
const Overlap = 10 * time.Minute

// Values are the values that are good at present: the file's, and during Overlap the one before.
func (f *File) Values() []Secret {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	if f.previous.Reveal() != "" && f.now().Sub(f.changed) < Overlap {
		return []Secret{f.value, f.previous}
	}
	return []Secret{f.value}
}

// Problem is why the file could not be taken over as it is now; nil if Value is what it says.
func (f *File) Problem() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refresh()
	return f.problem
}

// Since is when the file of the value was written: the age of the secret (docs/guide.md S6).
func (f *File) Since() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen.time
}

// Name is the variable that names the file.
func (f *File) Name() string { return f.need.Variable }

// refresh reads the file if it is another one than was read last.
func (f *File) refresh() {
	info, err := os.Stat(f.need.Path)
	if err == nil && f.seen.is(info) {
		f.problem = nil
		return
	}
	if err == nil {
		err = f.read(info)
	}
	if f.problem = err; err != nil {
		f.problem = fmt.Errorf("%s, file %s: %s: %w", f.need.Variable, f.need.Path, f.need.For, plain(err))
	}
}

func (f *File) read(info os.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("it is no file: %w", ErrUnfit)
	}
	file, err := os.Open(f.need.Path)
	if err != nil {
		return err
	}
	defer file.Close()
	// What was opened may be newer than what was looked at.
	if info, err = file.Stat(); err != nil {
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return err
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	if err := f.need.fit(value); err != nil {
		return err
	}
	f.seen = stamp{info, info.Size(), info.ModTime()}
	if value != f.value.Reveal() {
		f.value, f.previous, f.changed = New(value), f.value, f.now()
	}
	return nil
}

// plain takes the path out of an error of the file system, which is named already.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
