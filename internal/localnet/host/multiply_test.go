package host

import (
	"encoding/binary"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// The module multiplies 128 bits in its own way (shim/src/multiply.rs), which the compiler calls wherever a product of 64 bits may overflow: a mistake there
// would be one in every fee. Its export is the function itself.
func TestModuleMultiplies(t *testing.T) {
	m, err := compiler()
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.instantiate(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer in.module.Close(t.Context())
	multiply := in.module.ExportedFunction("__multi3")
	if multiply == nil {
		t.Fatal("the module has no multiplication of its own")
	}
	room := [1]uint64{16}
	if err := in.buffer.CallWithStack(t.Context(), room[:]); err != nil {
		t.Fatal(err)
	}
	// Halves of 32 bits decide which way it goes, and what is carried.
	half := rapid.OneOf(rapid.SampledFrom([]uint64{0, 1, 2, 1<<31 - 1, 1 << 31, 1<<32 - 2, 1<<32 - 1}), rapid.Uint64Max(1<<32-1))
	number := rapid.Custom(func(t *rapid.T) (n [2]uint64) {
		for i := range n {
			n[i] = half.Draw(t, "upper")<<32 | half.Draw(t, "lower")
		}
		return n
	})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := number.Draw(rt, "a"), number.Draw(rt, "b")
		if rapid.Bool().Draw(rt, "small") {
			a, b = [2]uint64{a[0] >> 32}, [2]uint64{b[0] >> 32}
		}
		stack := [5]uint64{room[0], a[0], a[1], b[0], b[1]}
		if err := multiply.CallWithStack(t.Context(), stack[:]); err != nil {
			rt.Fatal(err)
		}
		out, ok := in.module.Memory().Read(uint32(room[0]), 16)
		if !ok {
			rt.Fatalf("the product is outside the memory, at %d", room[0])
		}
		got := whole([2]uint64{binary.LittleEndian.Uint64(out), binary.LittleEndian.Uint64(out[8:])})
		want := new(big.Int).Mul(whole(a), whole(b))
		if want.And(want, mask128); got.Cmp(want) != 0 {
			rt.Errorf("%s times %s is %s, want %s", whole(a), whole(b), got, want)
		}
	})
}

var mask128 = new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 128), big.NewInt(1))

// whole is a number of 128 bits, of its lower and upper half.
func whole(n [2]uint64) *big.Int {
	upper := new(big.Int).Lsh(new(big.Int).SetUint64(n[1]), 64)
	return upper.Or(upper, new(big.Int).SetUint64(n[0]))
}
