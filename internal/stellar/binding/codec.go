package binding

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/stellar/go-stellar-sdk/xdr"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
)

// Int128 is the contract's i128.
type Int128 = amount.Int128

// Pair is a tuple of two, as the contract's views use them: (buyer, seller), (role, vote).
type Pair[A, B any] struct {
	First  A
	Second B
}

// FieldError says which part of a value is not what the contract's interface says.
type FieldError struct {
	Path   string // "milestones[3].amount"; empty for the value itself
	Reason error
}

func (e *FieldError) Error() string {
	if e.Path == "" {
		return e.Reason.Error()
	}
	return e.Path + ": " + e.Reason.Error()
}

func (e *FieldError) Unwrap() error { return e.Reason }

// at puts step in front of the path of err.
func at(step string, err error) error {
	var inner *FieldError
	if !errors.As(err, &inner) {
		return &FieldError{Path: step, Reason: err}
	}
	if inner.Path == "" || strings.HasPrefix(inner.Path, "[") {
		return &FieldError{Path: step + inner.Path, Reason: inner.Reason}
	}
	return &FieldError{Path: step + "." + inner.Path, Reason: inner.Reason}
}

func index(i int) string { return "[" + strconv.Itoa(i) + "]" }

// wrongType names the type that v has, in the words of the interface.
func wrongType(v xdr.ScVal, want string) error {
	got, known := scTypes[v.Type]
	if !known {
		got = "of type " + strconv.Itoa(int(v.Type))
	}
	return &FieldError{Reason: fmt.Errorf("is %s, not %s", got, want)}
}

var scTypes = map[xdr.ScValType]string{
	xdr.ScValTypeScvBool: "bool", xdr.ScValTypeScvVoid: "void", xdr.ScValTypeScvError: "an error", xdr.ScValTypeScvU32: "u32",
	xdr.ScValTypeScvI32: "i32", xdr.ScValTypeScvU64: "u64", xdr.ScValTypeScvI64: "i64", xdr.ScValTypeScvTimepoint: "a timepoint",
	xdr.ScValTypeScvDuration: "a duration", xdr.ScValTypeScvU128: "u128", xdr.ScValTypeScvI128: "i128", xdr.ScValTypeScvU256: "u256",
	xdr.ScValTypeScvI256: "i256", xdr.ScValTypeScvBytes: "bytes", xdr.ScValTypeScvString: "a string", xdr.ScValTypeScvSymbol: "a symbol",
	xdr.ScValTypeScvVec: "a vec", xdr.ScValTypeScvMap: "a map", xdr.ScValTypeScvAddress: "an address",
}

// Encoders: one for each type of the interface, and one that makes a new one for each type that holds others.

func toBool(b bool) xdr.ScVal { return xdr.ScVal{Type: xdr.ScValTypeScvBool, B: &b} }

func toU32(n uint32) xdr.ScVal {
	v := xdr.Uint32(n)
	return xdr.ScVal{Type: xdr.ScValTypeScvU32, U32: &v}
}

func toU64(n uint64) xdr.ScVal {
	v := xdr.Uint64(n)
	return xdr.ScVal{Type: xdr.ScValTypeScvU64, U64: &v}
}

func toI128(n Int128) xdr.ScVal {
	hi, lo := n.Parts()
	return xdr.ScVal{Type: xdr.ScValTypeScvI128, I128: &xdr.Int128Parts{Hi: xdr.Int64(hi), Lo: xdr.Uint64(lo)}}
}

func toBytes32(b [32]byte) xdr.ScVal {
	v := xdr.ScBytes(b[:])
	return xdr.ScVal{Type: xdr.ScValTypeScvBytes, Bytes: &v}
}

func toSymbol(s string) xdr.ScVal {
	v := xdr.ScSymbol(s)
	return xdr.ScVal{Type: xdr.ScValTypeScvSymbol, Sym: &v}
}

func toVec(items ...xdr.ScVal) xdr.ScVal {
	v := xdr.ScVec(items)
	p := &v
	return xdr.ScVal{Type: xdr.ScValTypeScvVec, Vec: &p}
}

func vecOf[T any](item func(T) xdr.ScVal) func([]T) xdr.ScVal {
	return func(values []T) xdr.ScVal {
		items := make([]xdr.ScVal, len(values))
		for i, v := range values {
			items[i] = item(v)
		}
		return toVec(items...)
	}
}

func optionOf[T any](some func(T) xdr.ScVal) func(*T) xdr.ScVal {
	return func(v *T) xdr.ScVal {
		if v == nil {
			return xdr.ScVal{Type: xdr.ScValTypeScvVoid}
		}
		return some(*v)
	}
}

func pairOf[A, B any](first func(A) xdr.ScVal, second func(B) xdr.ScVal) func(Pair[A, B]) xdr.ScVal {
	return func(p Pair[A, B]) xdr.ScVal { return toVec(first(p.First), second(p.Second)) }
}

// toMap takes the fields in the order of their names, as the host demands it.
func toMap(fields ...xdr.ScMapEntry) xdr.ScVal {
	m := xdr.ScMap(fields)
	p := &m
	return xdr.ScVal{Type: xdr.ScValTypeScvMap, Map: &p}
}

func field(name string, v xdr.ScVal) xdr.ScMapEntry {
	return xdr.ScMapEntry{Key: toSymbol(name), Val: v}
}

// Decoders: the same in the other direction. Each refuses whatever the encoder of its type would not have written, so that for every
// value that is accepted, decoding and encoding again gives the same bytes. A trade's id is a hash over such bytes.

func fromBool(v xdr.ScVal) (bool, error) {
	if v.Type != xdr.ScValTypeScvBool || v.B == nil {
		return false, wrongType(v, "bool")
	}
	return *v.B, nil
}

func fromU32(v xdr.ScVal) (uint32, error) {
	if v.Type != xdr.ScValTypeScvU32 || v.U32 == nil {
		return 0, wrongType(v, "u32")
	}
	return uint32(*v.U32), nil
}

func fromU64(v xdr.ScVal) (uint64, error) {
	if v.Type != xdr.ScValTypeScvU64 || v.U64 == nil {
		return 0, wrongType(v, "u64")
	}
	return uint64(*v.U64), nil
}

func fromI128(v xdr.ScVal) (Int128, error) {
	if v.Type != xdr.ScValTypeScvI128 || v.I128 == nil {
		return Int128{}, wrongType(v, "i128")
	}
	return amount.FromParts(int64(v.I128.Hi), uint64(v.I128.Lo)), nil
}

func fromBytes32(v xdr.ScVal) ([32]byte, error) {
	var b [32]byte
	if v.Type != xdr.ScValTypeScvBytes || v.Bytes == nil {
		return b, wrongType(v, "32 bytes")
	}
	if len(*v.Bytes) != len(b) {
		return b, &FieldError{Reason: fmt.Errorf("is %d bytes, not 32", len(*v.Bytes))}
	}
	copy(b[:], *v.Bytes)
	return b, nil
}

// fromVoid is the result of a function that returns nothing.
func fromVoid(v xdr.ScVal) error {
	if v.Type != xdr.ScValTypeScvVoid {
		return wrongType(v, "void")
	}
	return nil
}

func fromVec(v xdr.ScVal) (xdr.ScVec, error) {
	if v.Type != xdr.ScValTypeScvVec || v.Vec == nil || *v.Vec == nil {
		return nil, wrongType(v, "a vec")
	}
	return **v.Vec, nil
}

func vecFrom[T any](item func(xdr.ScVal) (T, error)) func(xdr.ScVal) ([]T, error) {
	return func(v xdr.ScVal) ([]T, error) {
		items, err := fromVec(v)
		if err != nil {
			return nil, err
		}
		values := make([]T, len(items))
		for i := range items {
			if values[i], err = item(items[i]); err != nil {
				return nil, at(index(i), err)
			}
		}
		return values, nil
	}
}

func optionFrom[T any](some func(xdr.ScVal) (T, error)) func(xdr.ScVal) (*T, error) {
	return func(v xdr.ScVal) (*T, error) {
		if v.Type == xdr.ScValTypeScvVoid {
			return nil, nil
		}
		value, err := some(v)
		if err != nil {
			return nil, err
		}
		return &value, nil
	}
}

func pairFrom[A, B any](first func(xdr.ScVal) (A, error), second func(xdr.ScVal) (B, error)) func(xdr.ScVal) (Pair[A, B], error) {
	return func(v xdr.ScVal) (Pair[A, B], error) {
		var p Pair[A, B]
		err := fromTuple(v, into("0", &p.First, first), into("1", &p.Second, second))
		return p, err
	}
}

// A slot is a named place that one value is decoded into.
type slot struct {
	name string
	set  func(xdr.ScVal) error
}

func into[T any](name string, place *T, decode func(xdr.ScVal) (T, error)) slot {
	return slot{name, func(v xdr.ScVal) error {
		value, err := decode(v)
		if err != nil {
			return at(name, err)
		}
		*place = value
		return nil
	}}
}

// fromMap fills slots from a map that has exactly their names, in order.
func fromMap(v xdr.ScVal, slots ...slot) error {
	if v.Type != xdr.ScValTypeScvMap || v.Map == nil || *v.Map == nil {
		return wrongType(v, "a map")
	}
	entries := **v.Map
	for i, s := range slots {
		if i >= len(entries) {
			return at(s.name, errors.New("is missing"))
		}
		key := entries[i].Key
		if key.Type != xdr.ScValTypeScvSymbol || key.Sym == nil {
			return wrongType(key, "a symbol as the name of field "+s.name)
		}
		switch name := string(*key.Sym); {
		case name > s.name:
			return at(s.name, errors.New("is missing, or the fields are out of order"))
		case name < s.name:
			return &FieldError{Reason: fmt.Errorf("field %q is unknown, double or out of order (expected %s)", name, s.name)}
		}
		if err := s.set(entries[i].Val); err != nil {
			return err
		}
	}
	if len(entries) > len(slots) {
		return &FieldError{Reason: fmt.Errorf("%d fields, not %d", len(entries), len(slots))}
	}
	return nil
}

// fromTuple fills slots from a vec of exactly as many values.
func fromTuple(v xdr.ScVal, slots ...slot) error {
	items, err := fromVec(v)
	if err != nil {
		return err
	}
	return fromList(items, slots...)
}

func fromList(items []xdr.ScVal, slots ...slot) error {
	if len(items) != len(slots) {
		return &FieldError{Reason: fmt.Errorf("%d values, not %d", len(items), len(slots))}
	}
	for i, s := range slots {
		if err := s.set(items[i]); err != nil {
			return err
		}
	}
	return nil
}
