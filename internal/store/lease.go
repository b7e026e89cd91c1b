package store

import "errors"

// ErrNoneFree is returned for a lease when everything that was asked for is somebody's.
var ErrNoneFree = errors.New("none of them is free")

// Lease is one thing of several, such as a channel account, for one process until a time; should the process die, it is anybody's after that.
type Lease struct {
	Name   string
	Holder string // a value that only this lease has
	Until  uint64 // wall time, unix seconds
}
