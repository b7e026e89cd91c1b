package store

import "errors"

// ErrUnavailable is wrapped by the error of a call that did not reach the database, or lost it. Asking again may help.
var ErrUnavailable = errors.New("the database cannot be asked now")
