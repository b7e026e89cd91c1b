package cli

import "errors"

// What a program ends with, the same for every command of both programs and for every format of their output. A script that acts on 1 can
// rely on it that what it asked about was looked at.
const (
	ExitHolds     = 0 // what was asked for is done, or holds
	ExitFails     = 1 // it is refused, or does not hold
	ExitNotLooked = 2 // it could not be looked at: nothing is known
	ExitMisused   = 3 // the program was called wrongly: nothing was tried
)

// ExitCode is what a program ends with after err, of which notLooked are the kinds that say nothing about what was asked.
func ExitCode(err error, notLooked ...error) int {
	switch {
	case err == nil:
		return ExitHolds
	case errors.Is(err, ErrUsage):
		return ExitMisused
	}
	for _, kind := range notLooked {
		if errors.Is(err, kind) {
			return ExitNotLooked
		}
	}
	return ExitFails
}
