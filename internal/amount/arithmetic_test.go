package amount

import (
	"errors"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

// Every operation is compared with the same one on math/big, which neither wraps nor rounds by itself.

var (
	edges64  = []int64{0, 1, -1, 2, 49_999, 1_000_000, math.MaxInt64, math.MaxInt64 - 1, math.MinInt64, math.MinInt64 + 1, math.MaxUint32}
	edges128 = []Int128{{}, Int(1), Int(-1), MaxInt128(), MinInt128(), {0, math.MaxUint64}, {1, 0}, {-1, 0}, {0, 1 << 63}, Int(math.MinInt64), Int(math.MaxInt64)}
)

func anyStroops() *rapid.Generator[Stroops] {
	return rapid.Map(rapid.OneOf(rapid.SampledFrom(edges64), rapid.Int64()), func(n int64) Stroops { return Stroops(n) })
}

func anyInt128() *rapid.Generator[Int128] {
	free := rapid.Custom(func(t *rapid.T) Int128 {
		return Int128{rapid.Int64().Draw(t, "hi"), rapid.Uint64().Draw(t, "lo")}
	})
	return rapid.OneOf(rapid.SampledFrom(edges128), free, rapid.Map(rapid.Int64(), Int))
}

func TestStroopsArithmeticIsChecked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyStroops().Draw(t, "a"), anyStroops().Draw(t, "b")
		x, y := big.NewInt(int64(a)), big.NewInt(int64(b))
		for _, op := range []struct {
			name string
			got  func() (Stroops, error)
			want *big.Int
		}{
			{"+", func() (Stroops, error) { return a.Add(b) }, new(big.Int).Add(x, y)},
			{"-", func() (Stroops, error) { return a.Sub(b) }, new(big.Int).Sub(x, y)},
			{"×", func() (Stroops, error) { return a.Mul(int64(b)) }, new(big.Int).Mul(x, y)},
		} {
			got, err := op.got()
			checkStroops(t, op.name, got, err, op.want)
		}
	})
}

func checkStroops(t *rapid.T, name string, got Stroops, err error, want *big.Int) {
	t.Helper()
	switch {
	case !want.IsInt64() && !errors.Is(err, ErrOverflow):
		t.Fatalf("%s: got %d, %v; want ErrOverflow for %s", name, got, err, want)
	case want.IsInt64() && (err != nil || int64(got) != want.Int64()):
		t.Fatalf("%s: got %d, %v; want %s", name, got, err, want)
	}
}

func TestStroopsMulDivIsFloorWithAWideMiddle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyStroops().Draw(t, "s")
		num := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 1_000_000)).Draw(t, "num")
		den := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 1_000_000)).Draw(t, "den")
		got, err := s.MulDiv(num, den)
		switch {
		case den == 0:
			if !errors.Is(err, ErrDivideByZero) {
				t.Fatalf("got %d, %v", got, err)
			}
		case s < 0:
			if !errors.Is(err, ErrOverflow) {
				t.Fatalf("got %d, %v", got, err)
			}
		default:
			product := new(big.Int).Mul(big.NewInt(int64(s)), new(big.Int).SetUint64(num))
			checkStroops(t, "MulDiv", got, err, product.Quo(product, new(big.Int).SetUint64(den)))
		}
	})
}

func TestInt128ArithmeticIsChecked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyInt128().Draw(t, "a"), anyInt128().Draw(t, "b")
		for _, op := range []struct {
			name    string
			checked func() (Int128, error)
			bounded func() Int128
			want    *big.Int
		}{
			{"+", func() (Int128, error) { return a.Add(b) }, func() Int128 { return a.Plus(b) }, new(big.Int).Add(a.big(), b.big())},
			{"-", func() (Int128, error) { return a.Sub(b) }, func() Int128 { return a.Minus(b) }, new(big.Int).Sub(a.big(), b.big())},
			{"×", func() (Int128, error) { return a.mul(b) }, nil, new(big.Int).Mul(a.big(), b.big())},
		} {
			fits := op.want.BitLen() <= 127 || op.want.Cmp(MinInt128().big()) == 0
			got, err := op.checked()
			switch {
			case fits && (err != nil || got.big().Cmp(op.want) != 0):
				t.Fatalf("%s: got %s, %v; want %s", op.name, got.Units(), err, op.want)
			case !fits && !errors.Is(err, ErrOverflow):
				t.Fatalf("%s: got %s, %v; want ErrOverflow", op.name, got.Units(), err)
			}
			if op.bounded != nil && panics(func() { op.bounded() }) == fits {
				t.Fatalf("%s: the bounded form panics where the result fits, or does not where it does not", op.name)
			}
		}
		if got, want := a.Cmp(b), a.big().Cmp(b.big()); got != want || a.Less(b) != (want < 0) || a.Min(b).big().Cmp(b.big()) > 0 {
			t.Fatalf("Cmp: got %d, want %d", got, want)
		}
		if a.Sign() != a.big().Sign() {
			t.Fatalf("Sign: got %d, want %d", a.Sign(), a.big().Sign())
		}
		if s, err := a.Stroops(); (err == nil) != a.big().IsInt64() || err == nil && s.Int128() != a {
			t.Fatalf("Stroops: got %d, %v", s, err)
		}
		if hi, lo := a.Parts(); FromParts(hi, lo) != a {
			t.Fatal("Parts and FromParts disagree")
		}
	})
}

func TestInt128Shares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, num, den := anyInt128().Draw(t, "a"), anyInt128().Draw(t, "num"), anyInt128().Draw(t, "den")
		sane := a.Sign() >= 0 && num.Sign() >= 0 && den.Sign() > 0
		var want *big.Int
		if sane {
			want = new(big.Int).Mul(a.big(), num.big())
			want.Quo(want, den.big())
			sane = want.BitLen() <= 127
		}
		var got Int128
		if panicked := panics(func() { got = a.MulDiv(num, den) }); panicked == sane {
			t.Fatalf("%s × %s / %s: panicked %v, want %v", a.Units(), num.Units(), den.Units(), panicked, want)
		}
		if sane && got.big().Cmp(want) != 0 {
			t.Fatalf("%s × %s / %s: got %s, want %s", a.Units(), num.Units(), den.Units(), got.Units(), want)
		}
		n := rapid.IntRange(0, 14).Draw(t, "n")
		if small := Int(rapid.Int64().Draw(t, "small")); small.Times(n).big().Cmp(new(big.Int).Mul(small.big(), big.NewInt(int64(n)))) != 0 {
			t.Fatalf("%s × %d: got %s", small.Units(), n, small.Times(n).Units())
		}
	})
}

func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}
