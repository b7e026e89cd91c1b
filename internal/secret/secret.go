package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// hidden is what everybody sees instead.
const hidden = "[secret]"

// Secret is a value that shows itself only to Reveal and Equal. The zero Secret is empty, and equal to none.
type Secret struct {
	// Behind a pointer: in an unexported field of another type, and for %p, fmt prints what is here without asking our methods.
	value *string
}

// New makes a secret of a value that is known already, as tests and local networks do.
func New(value string) Secret { return Secret{&value} }

// Reveal is the value itself. Whoever calls it keeps it out of logs, errors and answers.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// Equal compares in constant time. An empty secret equals nothing, not even another empty one.
func (s Secret) Equal(offered string) bool {
	value := s.Reveal()
	return value != "" && subtle.ConstantTimeCompare([]byte(value), []byte(offered)) == 1
}

// String hides the value.
func (Secret) String() string { return hidden }

// GoString hides the value.
func (Secret) GoString() string { return hidden }

// Format hides the value whatever the verb, %d and %x of its field included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hidden)) }

// LogValue hides the value.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText hides the value, in JSON too.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
