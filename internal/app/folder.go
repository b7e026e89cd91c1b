package app

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet"
)

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

// makeFolder makes the folder of --data.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("--data=%s cannot be used: %w", dir, err)
	}
	return nil
}

// ofNetwork makes the folder of a network alone. One of a platform is refused: a second network would begin beside the platform's.
func ofNetwork(dir string) error {
	for _, name := range []string{devStateFile, storeFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return fmt.Errorf("--data=%s is the folder of a platform that `dev` keeps (it has %s): give another folder, or %s for the platform's network", dir, name, filepath.Join(dir, chainFolder))
		}
	}
	return makeFolder(dir)
}

// ofPlatform makes the folder of a platform. One of a network alone is refused: the platform's would stand among its files.
func ofPlatform(dir string) error {
	if localnet.Holds(dir) {
		return fmt.Errorf("--data=%s is the folder of a network that `localnet` keeps: give another folder", dir)
	}
	return makeFolder(dir)
}
