package amount

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
)

// Int128 is the contract's i128, an amount in whole units of its asset's smallest part. The zero value is 0, == compares. Its text and JSON form is a
// decimal string with seven decimals, with a leading minus where it is negative; Units is the plain integer.
type Int128 struct {
	hi int64
	lo uint64
}

// MaxInt128 and MinInt128 are the ends of the range.
func MaxInt128() Int128 { return Int128{math.MaxInt64, math.MaxUint64} }

// MinInt128 is the lowest i128.
func MinInt128() Int128 { return Int128{math.MinInt64, 0} }

// Int returns n.
func Int(n int64) Int128 { return Int128{n >> 63, uint64(n)} }

// FromParts returns the i128 whose upper and lower 64 bits are hi and lo, as in XDR's Int128Parts.
func FromParts(hi int64, lo uint64) Int128 { return Int128{hi, lo} }

// Parts returns the upper and the lower 64 bits.
func (a Int128) Parts() (hi int64, lo uint64) { return a.hi, a.lo }

// Sign is -1, 0 or 1.
func (a Int128) Sign() int {
	switch {
	case a.hi < 0:
		return -1
	case a.hi == 0 && a.lo == 0:
		return 0
	default:
		return 1
	}
}

// Cmp is -1, 0 or 1 for a below, equal to or above b.
func (a Int128) Cmp(b Int128) int {
	switch {
	case a.hi < b.hi || (a.hi == b.hi && a.lo < b.lo):
		return -1
	case a == b:
		return 0
	default:
		return 1
	}
}

// Less says whether a < b.
func (a Int128) Less(b Int128) bool { return a.Cmp(b) < 0 }

// Stroops returns the same amount in 64 bits, or ErrOverflow.
func (a Int128) Stroops() (Stroops, error) {
	if a.hi != int64(a.lo)>>63 {
		return 0, fmt.Errorf("%s units in 64 bits: %w", a.Units(), ErrOverflow)
	}
	return Stroops(a.lo), nil
}

// Add returns a+b, or ErrOverflow.
func (a Int128) Add(b Int128) (Int128, error) {
	lo, carry := bits.Add64(a.lo, b.lo, 0)
	hi, _ := bits.Add64(uint64(a.hi), uint64(b.hi), carry)
	sum := Int128{int64(hi), lo}
	if (a.hi < 0) == (b.hi < 0) && (sum.hi < 0) != (a.hi < 0) {
		return Int128{}, fmt.Errorf("adding %s to %s units: %w", b.Units(), a.Units(), ErrOverflow)
	}
	return sum, nil
}

// Sub returns a-b, or ErrOverflow.
func (a Int128) Sub(b Int128) (Int128, error) {
	lo, borrow := bits.Sub64(a.lo, b.lo, 0)
	hi, _ := bits.Sub64(uint64(a.hi), uint64(b.hi), borrow)
	diff := Int128{int64(hi), lo}
	if (a.hi < 0) != (b.hi < 0) && (diff.hi < 0) != (a.hi < 0) {
		return Int128{}, fmt.Errorf("subtracting %s from %s units: %w", b.Units(), a.Units(), ErrOverflow)
	}
	return diff, nil
}

// Plus is Add for amounts already bounded, and Minus is Sub: they panic where Add and Sub return ErrOverflow. A rule that adds amounts the contract
// has taken cannot get there: it would need 2^64 deposits of 2^63-1 each.
func (a Int128) Plus(b Int128) Int128 { return must(a.Add(b)) }

// Minus is Sub for amounts already bounded; see Plus.
func (a Int128) Minus(b Int128) Int128 { return must(a.Sub(b)) }

// Times returns a×n for amounts already bounded; see Plus.
func (a Int128) Times(n int) Int128 { return must(a.mul(Int(int64(n)))) }

// Min returns the lower of the two.
func (a Int128) Min(b Int128) Int128 {
	if b.Less(a) {
		return b
	}
	return a
}

// MulDiv returns floor(a×num/den) for bounded a ≥ 0, num ≥ 0 and den > 0, however large the product. It panics where they are not so, or where the result is no
// i128: the rules divide by amounts and counts they have checked.
func (a Int128) MulDiv(num, den Int128) Int128 {
	if a.Sign() < 0 || num.Sign() < 0 || den.Sign() <= 0 {
		panic(fmt.Sprintf("amount: share %s/%s of %s", num.Units(), den.Units(), a.Units()))
	}
	if a.hi == 0 && num.hi == 0 && den.hi == 0 {
		hi, lo := bits.Mul64(a.lo, num.lo)
		if hi < den.lo {
			quo, _ := bits.Div64(hi, lo, den.lo)
			return Int128{0, quo}
		}
	}
	product := new(big.Int).Mul(a.big(), num.big())
	return must(fromBig(product.Quo(product, den.big())))
}

func (a Int128) mul(b Int128) (Int128, error) {
	if a.hi == int64(a.lo)>>63 && b.hi == int64(b.lo)>>63 {
		x, y := int64(a.lo), int64(b.lo)
		hi, lo := bits.Mul64(uint64(x), uint64(y))
		// The unsigned product of two's complements is too large by the other factor in its upper half, once for each negative one.
		if x < 0 {
			hi -= uint64(y)
		}
		if y < 0 {
			hi -= uint64(x)
		}
		return Int128{int64(hi), lo}, nil
	}
	return fromBig(new(big.Int).Mul(a.big(), b.big()))
}

func (a Int128) big() *big.Int {
	out := big.NewInt(a.hi)
	out.Lsh(out, 64)
	return out.Add(out, new(big.Int).SetUint64(a.lo))
}

func fromBig(n *big.Int) (Int128, error) {
	lo := new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64))
	hi := new(big.Int).Rsh(n, 64)
	if !hi.IsInt64() {
		return Int128{}, fmt.Errorf("%s units in 128 bits: %w", n, ErrOverflow)
	}
	return Int128{hi.Int64(), lo.Uint64()}, nil
}

func must(a Int128, err error) Int128 {
	if err != nil {
		panic("amount: " + err.Error())
	}
	return a
}
