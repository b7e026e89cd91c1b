//go:build !linux

package ports

import (
	"context"
	"fmt"
)

// Forwarded cannot look here.
func Forwarded(context.Context) ([]Forward, error) {
	return nil, fmt.Errorf("%w: they can on Linux only", ErrRules)
}
