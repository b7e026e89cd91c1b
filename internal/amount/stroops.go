package amount

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
)

// Decimals is how many decimals an amount has unless its asset says otherwise: every classic Stellar asset has seven.
const Decimals = 7

// MaxStroops is the largest amount an account can hold and the contract takes in one trade's terms (contract: TotalTooLarge).
const MaxStroops Stroops = math.MaxInt64

// ErrOverflow is returned instead of a wrapped amount.
var ErrOverflow = errors.New("amount does not fit its bits")

// ErrDivideByZero is returned for a share of nothing.
var ErrDivideByZero = errors.New("amount divided by zero")

// Stroops is an amount in whole units of its asset's smallest part, 1/10,000,000 for classic assets. Its text and JSON form is a decimal
// string with seven decimals, "12.5000000"; a negative one (a difference) prints, but is neither parsed nor marshalled.
type Stroops int64

// Add returns s+b, or ErrOverflow.
func (s Stroops) Add(b Stroops) (Stroops, error) {
	sum := s + b
	if (b > 0 && sum < s) || (b < 0 && sum > s) {
		return 0, fmt.Errorf("adding %s to %s: %w", b, s, ErrOverflow)
	}
	return sum, nil
}

// Sub returns s-b, or ErrOverflow. A negative difference is a valid result.
func (s Stroops) Sub(b Stroops) (Stroops, error) {
	diff := s - b
	if (b > 0 && diff > s) || (b < 0 && diff < s) {
		return 0, fmt.Errorf("subtracting %s from %s: %w", b, s, ErrOverflow)
	}
	return diff, nil
}

// Mul returns s×n, or ErrOverflow.
func (s Stroops) Mul(n int64) (Stroops, error) {
	product, err := s.Int128().mul(Int(n))
	if err != nil {
		return 0, fmt.Errorf("multiplying %s by %d: %w", s, n, ErrOverflow)
	}
	out, err := product.Stroops()
	if err != nil {
		return 0, fmt.Errorf("multiplying %s by %d: %w", s, n, ErrOverflow)
	}
	return out, nil
}

// MulDiv returns floor(s×num/den) with 128 bits in between, as the contract shares money. s must not be negative (shares of
// a debt are not defined): a negative one and a result above MaxStroops are ErrOverflow, a den of 0 is ErrDivideByZero.
func (s Stroops) MulDiv(num, den uint64) (Stroops, error) {
	if den == 0 {
		return 0, fmt.Errorf("share of %s: %w", s, ErrDivideByZero)
	}
	if s < 0 {
		return 0, fmt.Errorf("share of %s: negative: %w", s, ErrOverflow)
	}
	hi, lo := bits.Mul64(uint64(s), num)
	if hi >= den {
		return 0, fmt.Errorf("share %d/%d of %s: %w", num, den, s, ErrOverflow)
	}
	quo, _ := bits.Div64(hi, lo, den)
	if quo > math.MaxInt64 {
		return 0, fmt.Errorf("share %d/%d of %s: %w", num, den, s, ErrOverflow)
	}
	return Stroops(quo), nil
}

// Int128 returns the same amount in the contract's width.
func (s Stroops) Int128() Int128 { return Int(int64(s)) }
