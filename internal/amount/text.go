package amount

import (
	"fmt"
	"math/big"
	"strings"
)

// maxDecimals bounds what ParseDecimals and Format take: 10^38 is the largest power of ten an i128 holds.
const maxDecimals = 38

// maxText bounds what a parser looks at: 39 digits, a point and zeros before and after; longer is refused, not scanned.
const maxText = 128

// A ParseError says which text is no amount, and why, in words for the person who typed it.
type ParseError struct {
	Text string // at most 40 characters of it
	Why  string
}

func (e *ParseError) Error() string { return fmt.Sprintf("amount %q: %s", e.Text, e.Why) }

// Parse reads an amount with up to seven decimals, such as "12.5" or "0.0000001". Signs, exponents, separators, spaces, an eighth decimal (even a zero) and
// more than MaxStroops are refused with a *ParseError that says which.
func Parse(text string) (Stroops, error) { return ParseDecimals(text, Decimals) }

// ParseDecimals is Parse for an asset with the given number of decimals, 0 to 38.
func ParseDecimals(text string, decimals int) (Stroops, error) {
	units, err := parseUnits(text, decimals, false)
	if err != nil {
		return 0, err
	}
	if !units.IsInt64() {
		return 0, refuse(text, fmt.Sprintf("more than %s, the largest amount the contract takes", MaxStroops.Format(decimals)))
	}
	return Stroops(units.Int64()), nil
}

// ParseInt128 reads what Int128.String prints: as Parse, but a leading minus and anything up to the ends of i128 is read too.
func ParseInt128(text string) (Int128, error) {
	units, err := parseUnits(text, Decimals, true)
	if err != nil {
		return Int128{}, err
	}
	a, err := fromBig(units)
	if err != nil {
		return Int128{}, refuse(text, "does not fit the contract's 128 bits")
	}
	return a, nil
}

// ParseUnits reads a plain integer of smallest units, with a leading minus where it is negative: what Int128.Units prints.
func ParseUnits(text string) (Int128, error) {
	units, err := parseUnits(text, 0, true)
	if err != nil {
		return Int128{}, err
	}
	a, err := fromBig(units)
	if err != nil {
		return Int128{}, refuse(text, "does not fit the contract's 128 bits")
	}
	return a, nil
}

// parseUnits reads digits[.digits] as a number of units of 10^-decimals.
func parseUnits(text string, decimals int, signed bool) (*big.Int, error) {
	if decimals < 0 || decimals > maxDecimals {
		return nil, fmt.Errorf("amount %q: %d decimals: an asset has 0 to %d", shorten(text), decimals, maxDecimals)
	}
	if len(text) > maxText {
		return nil, refuse(text, fmt.Sprintf("longer than %d characters", maxText))
	}
	digits, negative := text, false
	if signed {
		digits, negative = strings.CutPrefix(text, "-")
	}
	whole, fraction, point := strings.Cut(digits, ".")
	if why := badDigits(digits); why != "" {
		return nil, refuse(text, why)
	}
	switch {
	case digits == "":
		return nil, refuse(text, "empty: write digits, such as 12.5")
	case whole == "":
		return nil, refuse(text, "no digit before the point: write 0.5, not .5")
	case point && decimals == 0:
		return nil, refuse(text, "has decimals, the asset has none")
	case point && fraction == "":
		return nil, refuse(text, "no digit after the point")
	case len(fraction) > decimals:
		return nil, refuse(text, fmt.Sprintf("%d decimals, the asset has %d", len(fraction), decimals))
	}
	units, ok := new(big.Int).SetString(whole+fraction+strings.Repeat("0", decimals-len(fraction)), 10)
	if !ok {
		return nil, refuse(text, "not a number")
	}
	if negative {
		units.Neg(units)
	}
	return units, nil
}

// badDigits says what stands where only digits and one point may.
func badDigits(digits string) string {
	points := 0
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
		case c == '.':
			if points++; points > 1 {
				return "more than one point"
			}
		case c == '-' || c == '+':
			return "has a sign: write it without"
		case (c == 'e' || c == 'E') && i > 0:
			return "has an exponent: write all digits"
		case c == ',' || c == '_' || c == '\'':
			return fmt.Sprintf("has a separator %q: write digits and one point", c)
		default:
			return fmt.Sprintf("%q is not a digit", c)
		}
	}
	return ""
}

func refuse(text, why string) error { return &ParseError{Text: shorten(text), Why: why} }

func shorten(text string) string {
	if len(text) <= 40 {
		return text
	}
	return strings.ToValidUTF8(text[:40], "") + "…"
}

// String prints the amount with seven decimals, "12.5000000".
func (s Stroops) String() string { return s.Format(Decimals) }

// Format prints the amount with the given number of decimals, all of them.
func (s Stroops) Format(decimals int) string { return s.Int128().Format(decimals) }

// String prints the amount with seven decimals, "-12.5000000".
func (a Int128) String() string { return a.Format(Decimals) }

// Units prints the plain integer of smallest units.
func (a Int128) Units() string { return a.big().String() }

// Format prints the amount with the given number of decimals, all of them; below 1 it prints the integer.
func (a Int128) Format(decimals int) string {
	digits, minus := a.Units(), ""
	if decimals < 1 {
		return digits
	}
	if digits[0] == '-' {
		digits, minus = digits[1:], "-"
	}
	if short := decimals + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	at := len(digits) - decimals
	return minus + digits[:at] + "." + digits[at:]
}

// MarshalText gives the form Parse reads, also in JSON; a negative amount is an error, since it could not be read back.
func (s Stroops) MarshalText() ([]byte, error) {
	if s < 0 {
		return nil, fmt.Errorf("writing amount %s: negative", s)
	}
	return []byte(s.String()), nil
}

// UnmarshalText is Parse.
func (s *Stroops) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// MarshalText gives the form ParseInt128 reads, also in JSON.
func (a Int128) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText is ParseInt128.
func (a *Int128) UnmarshalText(text []byte) error {
	parsed, err := ParseInt128(string(text))
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}
