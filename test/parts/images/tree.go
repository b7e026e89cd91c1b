//go:build unix

package images

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tree is what a root file system is made of.
type tree struct {
	files map[string]string // its path in the image, without the first slash -> the machine's file, or link
	texts map[string][]byte // those that stand nowhere on the machine
}

func newTree() tree { return tree{files: map[string]string{}, texts: map[string][]byte{}} }

// The machine's /bin, /sbin and /lib are links into /usr, and packages name files either way.
var merged = []string{"bin", "lib", "lib64", "sbin"}

// inside is where a file of the machine stands in an image.
func inside(file string) string {
	name := strings.TrimPrefix(path.Clean("/"+file), "/")
	first, _, _ := strings.Cut(name, "/")
	if slices.Contains(merged, first) {
		return "usr/" + name
	}
	return name
}

func (t tree) add(file string) { t.files[inside(file)] = file }

// addFolder adds every file below a folder of the machine, at another place, but for what is left out by its path below the folder.
func (t tree) addFolder(from, to string, leave func(rel string, dir bool) bool) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		if leave(filepath.ToSlash(rel), d.IsDir()) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		t.files[path.Join(to, filepath.ToSlash(rel))] = file
		return nil
	})
}

// key is the hash of names, sizes, times and links: reading all that goes in would take longer than a test may wait.
func (t tree) key() (string, error) {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(t.files)) {
		info, err := os.Lstat(t.files[name])
		if err != nil {
			return "", err
		}
		link, _ := os.Readlink(t.files[name]) // empty for what is no link
		fmt.Fprintf(h, "%q %v %d %d %q\n", name, info.Mode(), info.Size(), info.ModTime().UnixNano(), link)
	}
	for _, name := range slices.Sorted(maps.Keys(t.texts)) {
		fmt.Fprintf(h, "%q %x\n", name, sha256.Sum256(t.texts[name]))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// write writes it as a tar, with the folders that it needs. All belongs to root: whatever a user of its own owns, a Dockerfile says.
func (t tree) write(file string) error {
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	w := tar.NewWriter(out)
	made := map[string]bool{".": true}
	for _, name := range merged {
		if err := errors.Join(folders(w, "usr/"+name, made), w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: "usr/" + name, Mode: 0o777})); err != nil {
			return err
		}
	}
	all := append(slices.Collect(maps.Keys(t.files)), slices.Collect(maps.Keys(t.texts))...)
	slices.Sort(all)
	for _, name := range slices.Compact(all) {
		if err := folders(w, path.Dir(name), made); err != nil {
			return err
		}
		if err := t.writeOne(w, name); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
	}
	return errors.Join(w.Close(), out.Close())
}

func folders(w *tar.Writer, dir string, made map[string]bool) error {
	if made[dir] {
		return nil
	}
	made[dir] = true
	if err := folders(w, path.Dir(dir), made); err != nil {
		return err
	}
	return w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir + "/", Mode: 0o755})
}

func (t tree) writeOne(w *tar.Writer, name string) error {
	text, ok := t.texts[name]
	mode := fs.FileMode(0o644)
	if !ok {
		info, err := os.Lstat(t.files[name])
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			link, err := os.Readlink(t.files[name])
			if err != nil {
				return err
			}
			return w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: link, Mode: 0o777})
		}
		if !info.Mode().IsRegular() {
			return errors.New("it is neither a file nor a link")
		}
		mode = info.Mode().Perm()
		if text, err = os.ReadFile(t.files[name]); err != nil {
			return err
		}
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: int64(mode), Size: int64(len(text))}); err != nil {
		return err
	}
	_, err := bytes.NewReader(text).WriteTo(w)
	return err
}
