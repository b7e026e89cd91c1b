//go:build linux

package csifiles

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// volumes are where the kubelet wants them: in memory, each with what its class holds.
type volumes interface {
	// write makes the volume at target hold just these files. Each is the old one or the new one, never half of one.
	write(target string, files map[string][]byte) error
	// remove takes it away; one that is not there is gone.
	remove(target string) error
}

// onNode are volumes that are mounted inside the node.
type onNode struct {
	inside func(func() error) error
}

func (v onNode) write(target string, files map[string][]byte) error {
	return v.inside(func() error {
		if err := os.MkdirAll(target, 0o750); err != nil {
			return err
		}
		mounted, err := isMount(target)
		if err != nil {
			return err
		}
		if !mounted {
			if err := unix.Mount("tmpfs", target, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=755,size=1m"); err != nil {
				return fmt.Errorf("mount memory at %s: %w", target, err)
			}
		}
		return fill(target, files)
	})
}

// isMount tells whether something is mounted at a folder: then it is of another device than the folder above. The list of mounts, in /proc, is of whoever asks
// from a process of the node, and this one is none.
func isMount(dir string) (bool, error) {
	var here, above unix.Stat_t
	if err := errors.Join(unix.Stat(dir, &here), unix.Stat(filepath.Dir(dir), &above)); err != nil {
		return false, fmt.Errorf("look what is mounted at %s: %w", dir, err)
	}
	return here.Dev != above.Dev, nil
}

func (v onNode) remove(target string) error {
	return v.inside(func() error {
		if err := unix.Unmount(target, 0); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) { // no mount, no folder
			return fmt.Errorf("unmount %s: %w", target, err)
		}
		if err := os.Remove(target); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// fill makes a folder hold just these files.
func fill(dir string, files map[string][]byte) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, ok := files[e.Name()]; !ok {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
			continue
		}
		if err := os.WriteFile(path+".new", text, 0o644); err != nil { // as the driver's: the pod's user is not known here
			return err
		}
		if err := os.Rename(path+".new", path); err != nil {
			return err
		}
	}
	return nil
}
