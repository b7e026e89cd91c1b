package stellar_test

import (
	"fmt"
	"reflect"
	"strings"

	"pgregory.net/rapid"

	"github.com/Abdullahi130/StellarEscrow/internal/amount"
	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// any32 draws what a hash, an id or a key may be.
func any32(t *rapid.T, label string) [32]byte {
	var b [32]byte
	copy(b[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
	return b
}

func anyAddress(t *rapid.T, label string) stellar.Address {
	return stellar.Address{Contract: rapid.Bool().Draw(t, label+" is a contract"), Key: any32(t, label)}
}

// fill draws a value of any of the rules' types, so that no field is forgotten when one is added.
func fill(t *rapid.T, path string, v reflect.Value) {
	switch v.Interface().(type) {
	case amount.Int128:
		v.Set(reflect.ValueOf(amount.FromParts(rapid.Int64().Draw(t, path), rapid.Uint64().Draw(t, path))))
		return
	case escrow.Address:
		v.SetString(anyAddress(t, path).String())
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, path))
	case reflect.Uint32:
		v.SetUint(uint64(rapid.Uint32().Draw(t, path)))
	case reflect.Uint64:
		v.SetUint(rapid.Uint64().Draw(t, path))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, path+" is there") {
			v.Set(reflect.New(v.Type().Elem()))
			fill(t, path, v.Elem())
		}
	case reflect.Array:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			b := any32(t, path)
			reflect.Copy(v, reflect.ValueOf(b))
			return
		}
		for i := range v.Len() {
			fill(t, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
		if v.Type() == reflect.TypeFor[[]escrow.Role]() { // on the wire a set: each once, in their order
			set := rapid.Uint32().Draw(t, path)
			for r := range escrow.Role(32) {
				if set&(1<<r) != 0 {
					v.Set(reflect.Append(v, reflect.ValueOf(r)))
				}
			}
			return
		}
		for i := range rapid.IntRange(0, 4).Draw(t, path+" length") {
			item := reflect.New(v.Type().Elem()).Elem()
			fill(t, fmt.Sprintf("%s[%d]", path, i), item)
			v.Set(reflect.Append(v, item))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, strings.TrimPrefix(path+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	default:
		t.Fatalf("%s: this test cannot draw a %s", path, v.Type())
	}
}

// drawn is a value of type T with every field drawn.
func drawn[T any](t *rapid.T) T {
	var out T
	fill(t, reflect.TypeFor[T]().Name(), reflect.ValueOf(&out).Elem())
	return out
}
