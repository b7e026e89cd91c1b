package api

import (
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
)

// The relay's XDR travels as base64. This package imports no XDR types (internal/arch): internal/stellar hands out values of them, and these two
// decode more of the same kind.

type binary[T any] interface {
	*T
	UnmarshalBinary([]byte) error
}

// decodeLike decodes one value of like's type. like is not looked at and may be nil; what names the value in errors.
func decodeLike[T any, P binary[T]](what, text string, _ *T) (T, error) {
	var out T
	err := stellar.Decode(what, text, P(&out))
	return out, err
}

// resultOf is the type that a function of internal/stellar returns, for decodeLike.
func resultOf[A, B, T any](func(A, B) (T, error)) *T { return nil }

// decodeAll is decodeLike for a list.
func decodeAll[T any, P binary[T]](what string, texts []string, _ []T) ([]T, error) {
	out := make([]T, len(texts))
	for i, text := range texts {
		if err := stellar.Decode(fmt.Sprintf("%s %d", what, i), text, P(&out[i])); err != nil {
			return nil, err
		}
	}
	return out, nil
}
