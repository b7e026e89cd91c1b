package store

import (
	"errors"
	"fmt"
)

// ErrNoneFree is returned for a lease when everything that was asked for is somebody's.
var ErrNoneFree = errors.New("none of them is free")

// Lease is one thing of several, such as a channel account, for one process until a time; should the process die, it is anybody's after that.
type Lease struct {
	Name   string
	Holder string // a value that only this lease has
	Until  uint64 // wall time, unix seconds
}

// CheckLease refuses what makes no sense to ask for: it bounds the names to MaxPage (ErrLimit), and wants a holder, and a time ahead.
func CheckLease(names []string, holder string, now, until uint64) error {
	switch {
	case len(names) > MaxPage:
		return fmt.Errorf("lease one of %d names: %w: they are 1 to %d", len(names), ErrLimit, MaxPage)
	case holder == "":
		return errors.New("lease: there is no holder")
	case until <= now:
		return fmt.Errorf("lease from %d until %d: that is not ahead", now, until)
	}
	return nil
}
