package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// CacheDir makes the folder for Options.CacheDir that all of a user's processes share, and returns it: below the user's cache folder, or, where
// there is no home, below the temporary one. What is in it is run as native code, so it is one that nobody else can write to, or move away, and
// that nobody else has made. Where there is none of that kind the error says what is wrong with each: compile without a cache then.
func CacheDir() (string, error) {
	dir, err := "", error(nil)
	if base, berr := os.UserCacheDir(); berr != nil {
		err = fmt.Errorf("find the user's cache folder: %w", berr)
	} else if dir, err = privateDir(base, "stellarescrow", "compiled-host"); err == nil {
		return dir, nil
	}
	if os.Getuid() < 0 { // Windows: the temporary folder is the user's own, or nobody can tell
		return "", err
	}
	dir, terr := privateDir(os.TempDir(), "stellarescrow-"+strconv.Itoa(os.Getuid()), "compiled-host")
	if terr != nil {
		return "", fmt.Errorf("%w; %w", err, terr)
	}
	return dir, nil
}

// privateDir makes the folders names below base, each in the one before, for their owner alone. It fails if anyone else can change what is in the
// last of them, or put another in the place of one on the way.
func privateDir(base string, names ...string) (string, error) {
	if err := os.MkdirAll(base, 0o700); err != nil {
		return "", fmt.Errorf("make the folder %s: %w", base, cause(err))
	}
	dir, err := filepath.EvalSymlinks(base) // where links lead counts, and those who made them own that, too
	if err == nil {
		dir, err = filepath.Abs(dir)
	}
	if err != nil {
		return "", fmt.Errorf("find the folder %s: %w", base, cause(err))
	}
	for _, name := range names {
		dir = filepath.Join(dir, name)
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return "", fmt.Errorf("make the folder %s: %w", dir, cause(err))
		}
	}
	return dir, checkPrivate(dir, len(names))
}

// checkPrivate fails unless the last own elements of a path without links are the user's, and none of it can be changed by anyone else.
func checkPrivate(dir string, own int) error {
	for at, i := dir, 0; ; at, i = filepath.Dir(at), i+1 {
		info, err := os.Lstat(at)
		if err != nil {
			return fmt.Errorf("look at the folder %s: %w", at, cause(err))
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder", at)
		}
		if err := checkOwner(info, i < own); err != nil {
			return fmt.Errorf("the folder %s %w", at, err)
		}
		if at == filepath.Dir(at) {
			return nil
		}
	}
}

// cause leaves out the path that errors of the os package carry: the caller has named it.
func cause(err error) error {
	if pe := (*os.PathError)(nil); errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
