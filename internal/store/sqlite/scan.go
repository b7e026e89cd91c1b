package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"math"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// hash scans 32 bytes.
type hash store.Hash

func (h *hash) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(h) {
		return fmt.Errorf("%d bytes are expected, this is %T", len(h), v)
	}
	copy(h[:], b)
	return nil
}

// optionalHash scans 32 bytes or NULL.
type optionalHash struct{ to **store.Hash }

func (o optionalHash) Scan(v any) error {
	if v == nil {
		*o.to = nil
		return nil
	}
	*o.to = new(store.Hash)
	return (*hash)(*o.to).Scan(v)
}

// hashOrNull is the argument for a column that optionalHash scans.
func hashOrNull(h *store.Hash) any {
	if h == nil {
		return nil
	}
	return h[:]
}

// seconds is a time as SQLite can hold it: the contract's u64 times go beyond, in theory. No ledger will close so late.
func seconds(t uint64) int64 { return int64(min(t, math.MaxInt64)) }

// units scans and writes an amount as an INTEGER of smallest units; an amount of more than 64 bits is an error.
type units amount.Int128

func (u *units) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("an amount is expected, this is %T", v)
	}
	*u = units(amount.Int(n))
	return nil
}

func (u units) Value() (driver.Value, error) {
	n, err := amount.Int128(u).Stroops()
	return int64(n), err
}

// wide scans and writes an amount as the TEXT of its smallest units.
type wide amount.Int128

func (w *wide) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("an amount as text is expected, this is %T", v)
	}
	a, err := amount.ParseUnits(text)
	*w = wide(a)
	return err
}

func (w wide) Value() (driver.Value, error) { return amount.Int128(w).Units(), nil }

// document scans and writes a value as JSON.
type document[T any] struct{ of *T }

func (d document[T]) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("JSON is expected, this is %T", v)
	}
	return json.Unmarshal([]byte(text), d.of)
}

func (d document[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(d.of)
	return string(text), err
}
