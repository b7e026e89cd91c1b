package vectors

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
)

// Amount is an i128 in decimal: whole units of the asset's smallest part.
type Amount string

// Big is the amount as a number. The parser has checked that it is one.
func (a Amount) Big() *big.Int {
	n, ok := new(big.Int).SetString(string(a), 10)
	if !ok {
		return new(big.Int)
	}
	return n
}

// Int64 is the amount, and whether it fits.
func (a Amount) Int64() (int64, bool) {
	n := a.Big()
	return n.Int64(), n.IsInt64()
}

// UnmarshalJSON accepts a string with a decimal i128 in its shortest form, and nothing else.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%s is not an amount: write a decimal string", data)
	}
	n, ok := new(big.Int).SetString(s, 10)
	if !ok || n.String() != s {
		return fmt.Errorf("%q is not an amount: write a decimal integer without sign +, zeros in front or point", s)
	}
	if n.BitLen() > 127 && n.Cmp(minI128) != 0 {
		return fmt.Errorf("%s is no i128", s)
	}
	*a = Amount(s)
	return nil
}

var minI128 = new(big.Int).Neg(new(big.Int).Lsh(big.NewInt(1), 127))

// Time is seconds after the story's start, or Max.
type Time int64

// Max stands for 2^64-1, the latest time there is.
const Max Time = math.MaxInt64

// Unix is the time when the story starts at start, in unix seconds.
func (t Time) Unix(start uint64) uint64 {
	if t == Max {
		return math.MaxUint64
	}
	return start + uint64(int64(t)) // a negative t wraps back below start
}

// UnmarshalJSON accepts a number, or the string "max".
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == `"max"` {
		*t = Max
		return nil
	}
	n, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return fmt.Errorf("%s is not a time: write seconds after the start, or \"max\"", data)
	}
	*t = Time(n)
	return nil
}

// Hash is 32 bytes.
type Hash [32]byte

// UnmarshalJSON accepts "hash:TEXT" (the SHA-256 of TEXT) and "zero".
func (h *Hash) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return fmt.Errorf("%s is not a 32-byte value: write \"hash:TEXT\" or \"zero\"", data)
	}
	v, ok := hashNamed(s)
	if !ok {
		return fmt.Errorf("%q is not a 32-byte value: write \"hash:TEXT\" or \"zero\"", s)
	}
	*h = v
	return nil
}

func hashNamed(s string) (Hash, bool) {
	if s == "zero" {
		return Hash{}, true
	}
	text, ok := strings.CutPrefix(s, "hash:")
	if !ok || text == "" {
		return Hash{}, false
	}
	return sha256.Sum256([]byte(text)), true
}

// expected turns a value written in a story into canonical form: hashes become hex, times unix seconds.
func expected(v any, start uint64) (any, error) {
	switch v := v.(type) {
	case string:
		if h, ok := hashNamed(v); ok {
			return hex.EncodeToString(h[:]), nil
		}
		if strings.HasPrefix(v, "+") {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%q is not a time: %w", v, err)
			}
			return json.Number(strconv.FormatUint(Time(n).Unix(start), 10)), nil
		}
		return v, nil
	case nil, bool, json.Number:
		return v, nil
	case []any:
		return mapList(v, func(e any) (any, error) { return expected(e, start) })
	case map[string]any:
		return mapObject(v, func(e any) (any, error) { return expected(e, start) })
	}
	return nil, fmt.Errorf("a %T cannot stand in a story", v)
}

// canonical turns what a driver answered into the same form: names and amounts are strings, bytes hex, and every other number a json.Number.
func canonical(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, json.Number:
		return v, nil
	case Amount:
		return string(v), nil
	case *big.Int:
		return v.String(), nil
	case int:
		return json.Number(strconv.Itoa(v)), nil
	case uint32:
		return json.Number(strconv.FormatUint(uint64(v), 10)), nil
	case uint64:
		return json.Number(strconv.FormatUint(v, 10)), nil
	case Hash:
		return hex.EncodeToString(v[:]), nil
	case [32]byte:
		return hex.EncodeToString(v[:]), nil
	case []any:
		return mapList(v, canonical)
	case map[string]any:
		return mapObject(v, canonical)
	}
	return nil, fmt.Errorf("a driver answered with a %T, which no story can name", v)
}

func mapList(in []any, f func(any) (any, error)) (any, error) {
	out := make([]any, len(in))
	var errs []error
	for i, e := range in {
		var err error
		out[i], err = f(e)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

func mapObject(in map[string]any, f func(any) (any, error)) (any, error) {
	out := make(map[string]any, len(in))
	var errs []error
	for k, e := range in {
		var err error
		out[k], err = f(e)
		errs = append(errs, err)
	}
	return out, errors.Join(errs...)
}

func same(a, b any) bool { return reflect.DeepEqual(a, b) }

func show(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprintf("%v", v)
	}
	return string(data)
}
