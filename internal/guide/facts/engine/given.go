package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Of is what the engine of the targets file runs, looked at once. It fails if that is nothing.
func Of(ctx context.Context, s *facts.System) (Facts, error) {
	return facts.Look(ctx, s, "engine", func(ctx context.Context) (Facts, error) {
		f, err := Look(ctx, s.Targets.Engine)
		if err == nil && len(f.Containers) == 0 {
			err = fmt.Errorf("%s: no container of the project %s runs", f.Name, s.Targets.Engine.Project)
		}
		return f, err
	})
}

// given is the folder in which a container has its secrets, from its root.
const given = "run/secrets"

// The bounds of what is read there.
const (
	maxGiven      = 200     // files of a container
	maxGivenBytes = 1 << 16 // of a file
)

// Given is a file that a container has in /run/secrets, and what is wrong with its content. The content is not kept.
type Given struct {
	Container, Service string
	Name, Path         string // of the file, as the container has it
	Wrong              error
}

// Given has judge look at each file that a container has in /run/secrets, as its first process sees it: the file's name, and what stands in it, which judge must
// not keep either. The error says which containers could not be looked at; what was seen of others is returned beside it.
func (f Facts) Given(judge func(name, text string) error) (all []Given, err error) {
	var errs []error
	for _, c := range f.Containers {
		found, err := c.given(f.peer, judge)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: the secrets of container %s could not be looked at: %w", f.Name, c.Name, err))
		}
		all = append(all, found...)
	}
	return all, errors.Join(errs...)
}

func (c Container) given(peer int, judge func(name, text string) error) (all []Given, err error) {
	if peer == 0 {
		return nil, errNoPeer
	}
	if err := member(procOf(peer), c.pid, c.ID); err != nil {
		return nil, err
	}
	// A Root: a link in a container leads nowhere else.
	root, err := os.OpenRoot("/proc/" + strconv.Itoa(peer) + "/root/proc/" + strconv.Itoa(c.pid) + "/root")
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return read(root.FS(), Given{Container: c.Name, Service: c.Service}, judge)
}

// read judges the files below the folder; whose says of which container they are.
func read(files fs.FS, whose Given, judge func(name, text string) error) (all []Given, err error) {
	err = fs.WalkDir(files, given, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == given {
			return nil // it has none
		}
		if err != nil {
			return err
		}
		info, err := fs.Stat(files, path) // of what a link leads to
		switch {
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return nil
		case len(all) == maxGiven:
			return fmt.Errorf("there are more than %d files in /%s", maxGiven, given)
		}
		text, err := content(files, path)
		if err != nil {
			return err
		}
		one := whose
		one.Name, one.Path = d.Name(), "/"+path
		one.Wrong = judge(one.Name, text)
		all = append(all, one)
		return nil
	})
	return all, err
}

func content(files fs.FS, path string) (string, error) {
	f, err := files.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxGivenBytes+1))
	if err == nil && len(text) > maxGivenBytes {
		err = fmt.Errorf("/%s has more than %d bytes", path, maxGivenBytes)
	}
	return string(text), err
}
