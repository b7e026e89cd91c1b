package api

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// The relay's XDR travels as base64. This package imports no XDR types (internal/arch): it decodes into those that functions of internal/stellar take.

type binary[T any] interface {
	*T
	UnmarshalBinary([]byte) error
}

// decode decodes text and hands it to f, which says what it is. what names it in errors.
func decode[T, R any, P binary[T]](what, text string, f func(T) (R, error)) (R, error) {
	var v T
	if err := stellar.Decode(what, text, P(&v)); err != nil {
		var none R
		return none, err
	}
	return f(v)
}

// decodeOf is decode for what a contract says.
func decodeOf[T, R any, P binary[T]](contract stellar.Address, what, text string, f func(stellar.Address, T) (R, error)) (R, error) {
	return decode[T, R, P](what, text, func(v T) (R, error) { return f(contract, v) })
}

// decodeLike decodes a value of like's type. like is not looked at and may be nil.
func decodeLike[T any, P binary[T]](what, text string, _ *T) (T, error) {
	return decode[T, T, P](what, text, func(v T) (T, error) { return v, nil })
}

// elementOf is a type for decodeLike: that of a list's elements.
func elementOf[T any]([]T) *T { return nil }

// decodeAll is decodeLike for a list.
func decodeAll[T any, P binary[T]](what string, texts []string, _ []T) ([]T, error) {
	out := make([]T, len(texts))
	for i, text := range texts {
		var err error
		if out[i], err = decodeLike[T, P](fmt.Sprintf("%s %d", what, i), text, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}
