package app

import "errors"

// folder is a path given to --data. Empty stands for none only where the flag is left out: whoever gives an empty one has a variable that is not set,
// and means to keep what would be gone.
type folder string

// UnmarshalText reads a flag's value.
func (f *folder) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		return errors.New("an empty path: name a folder, or leave --data out to keep nothing")
	}
	*f = folder(text)
	return nil
}
