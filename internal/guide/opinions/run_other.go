//go:build !unix

package opinions

import (
	"context"
	"errors"
)

// run starts nothing here: a program that has started others could not be ended with them.
func (m Machine) run(context.Context, string, map[string][]byte, ...string) (output, error) {
	return output{}, errors.New("tools are asked on Unix only")
}
