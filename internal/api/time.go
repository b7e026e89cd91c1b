package api

import (
	"encoding/json"
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
	*t, err = parseTime(string(text))
	return err
}

// parseTime reads RFC 3339 with whole seconds, or unix seconds in decimal digits.
func parseTime(s string) (Time, error) {
	if s != "" && strings.Trim(s, "0123456789") == "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%s is above 2^64-1", echo(s))
		}
		return Time(n), nil
	}
	at, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is neither RFC 3339 (2026-01-31T12:00:00Z) nor unix seconds", echo(s))
	case at.Nanosecond() != 0:
		return 0, fmt.Errorf("%q has parts of a second; ledgers count whole seconds", echo(s))
	case at.Unix() < 0:
		return 0, fmt.Errorf("%q is before 1970", echo(s))
	}
	return Time(at.Unix()), nil
}

// TimeIn is a time as a client writes it: a string, or a JSON number of unix seconds. What it says is read with the other fields, so that
// every bad one is named.
type TimeIn string

// UnmarshalJSON keeps the text of the string or number.
func (t *TimeIn) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err == nil {
		*t = TimeIn(s)
		return nil
	}
	var n json.Number
	if err := json.Unmarshal(b, &n); err != nil {
		return fmt.Errorf("a time is a string or a number of seconds")
	}
	*t = TimeIn(n.String())
	return nil
}

// Schema describes both forms.
func (TimeIn) Schema(huma.Registry) *huma.Schema {
	least := 0.0
	limit := 40
	return &huma.Schema{
		Description: "RFC 3339 with whole seconds, or unix seconds",
		OneOf:       []*huma.Schema{{Type: huma.TypeString, MaxLength: &limit}, {Type: huma.TypeInteger, Minimum: &least}},
		Examples:    []any{"2026-01-31T12:00:00Z"},
	}
}

// Schema describes the one form times have in answers.
func (Time) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "RFC 3339 in UTC, whole seconds", Examples: []any{"2026-01-31T12:00:00Z"}}
}

var _, _ huma.SchemaProvider = Time(0), TimeIn("")
