package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// lastRFC3339 is the last second of the year 9999, the end of what RFC 3339 can write.
const lastRFC3339 = 253402300799

// Time is a ledger time: unix seconds. It is written as RFC 3339 in UTC, beyond the year 9999 as a decimal number in a string; it is read from either,
// and from a plain JSON number.
type Time uint64

// String is the time as it stands in answers and summaries.
func (t Time) String() string {
	if t > lastRFC3339 {
		return strconv.FormatUint(uint64(t), 10)
	}
	return time.Unix(int64(t), 0).UTC().Format(time.RFC3339)
}

// MarshalText writes what String says.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText writes, for clients in Go.
func (t *Time) UnmarshalText(text []byte) (err error) {
	if *t, err = parseTime(string(text)); err != nil {
		return fmt.Errorf("%q: %w", echo(string(text)), err)
	}
	return nil
}

var (
	errTimeForm     = errors.New("neither RFC 3339 (2026-01-31T12:00:00Z) nor unix seconds, in digits alone")
	errTimeTooLarge = errors.New("above 2^64-1 seconds")
	errTimeFraction = errors.New("has parts of a second; ledgers count whole seconds")
	errTimeTooEarly = errors.New("before 1970")
)

// parseTime reads RFC 3339 with whole seconds, or unix seconds in decimal digits. Its errors do not repeat what it was given.
func parseTime(s string) (Time, error) {
	if s != "" && strings.Trim(s, "0123456789") == "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, errTimeTooLarge
		}
		return Time(n), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		return 0, errTimeForm
	case at.Nanosecond() != 0:
		return 0, errTimeFraction
	case at.Unix() < 0:
		return 0, errTimeTooEarly
	}
	return Time(at.Unix()), nil
}

// TimeIn is a time as a client writes it: a string, or a JSON number of unix seconds. What it says is read with the other fields, so that
// every bad one is named; until then it is the string's text, or the JSON of whatever else was sent.
type TimeIn string

// UnmarshalJSON keeps the text.
func (t *TimeIn) UnmarshalJSON(b []byte) error {
	var s string
	if len(b) > 0 && b[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = TimeIn(s)
		return nil
	}
	*t = TimeIn(b)
	return nil
}

// Schema describes both forms. It does so in an extension, which huma documents and does not judge: of oneOf it would only say that nothing matched.
func (TimeIn) Schema(huma.Registry) *huma.Schema {
	const longest = 40
	return &huma.Schema{
		Description: "RFC 3339 with whole seconds, or unix seconds",
		Examples:    []any{"2026-01-31T12:00:00Z"},
		Extensions: map[string]any{"oneOf": []map[string]any{
			{"type": huma.TypeString, "maxLength": longest}, {"type": huma.TypeInteger, "minimum": 0},
		}},
	}
}

// Schema describes the one form times have in answers.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "RFC 3339 in UTC, whole seconds", Examples: []any{"2026-01-31T12:00:00Z"}}
}

var _, _ huma.SchemaProvider = Time(0), TimeIn("")
