package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// sumSuffix ends the name of the file with the SHA-256 of another. The library that reads a cache of compiled code checks only a part of it (the
// code, by CRC-32, not where functions begin) and fails for ever if that is wrong.
const sumSuffix = ".sha256"

// dropDamaged removes the compiled code in dir that has changed since sumAll, and says how much that was. What has no sum is of a process
// that was stopped in between, or has not come to it yet: it goes too, and is no damage.
func dropDamaged(dir string) (damaged int, err error) {
	err = eachCode(dir, func(path string) error {
		want, err := os.ReadFile(path + sumSuffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		got, err := sum(path)
		if err != nil || got == string(want) {
			return ignoreGone(err)
		}
		if len(want) > 0 {
			damaged++
		}
		return errors.Join(ignoreGone(os.Remove(path+sumSuffix)), ignoreGone(os.Remove(path))) // code without a sum is never used
	})
	if err != nil {
		return damaged, fmt.Errorf("check the compiled code in %s: %w", dir, err)
	}
	return damaged, nil
}

// sumAll writes the sums in dir that are missing, or older than the code.
func sumAll(dir string) error {
	err := eachCode(dir, func(path string) error {
		if code, err := os.Stat(path); err != nil {
			return ignoreGone(err)
		} else if known, err := os.Stat(path + sumSuffix); err == nil && !known.ModTime().Before(code.ModTime()) {
			return nil
		}
		text, err := sum(path)
		if err != nil {
			return ignoreGone(err)
		}
		return writeWhole(path+sumSuffix, text)
	})
	if err != nil {
		return fmt.Errorf("write the sums of the compiled code in %s: %w", dir, err)
	}
	return nil
}

// eachCode calls f with the files that the library keeps code in: their names are hashes, in a folder for each of its versions.
func eachCode(dir string, f func(path string) error) error {
	paths, err := filepath.Glob(filepath.Join(escaped(dir), "*", strings.Repeat("[0-9a-f]", 2*sha256.Size)))
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := f(path); err != nil {
			return err
		}
	}
	return nil
}

// escaped is a path as a pattern of itself.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func sum(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeWhole makes a file that is whole or not there.
func writeWhole(path, text string) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// ignoreGone is for files that another process has removed meanwhile.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
