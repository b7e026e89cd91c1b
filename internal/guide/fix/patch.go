package fix

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// Patch is the edits as one unified diff that `git apply` and `patch -p1` take: what each is for stands before it, in lines that they pass over.
func (o Outcome) Patch() []byte {
	var b bytes.Buffer
	for _, m := range o.Mended {
		fmt.Fprintf(&b, "# %s/%s, %s: %s\n", m.Clause, m.Finding.Mode, oneLine(m.Finding.Subject), m.What)
	}
	for _, l := range o.Left {
		fmt.Fprintf(&b, "# left: %s/%s, %s: %s\n", l.Clause, l.Finding.Mode, oneLine(l.Finding.Subject), oneLine(l.Why))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Changed)) {
		from := "a/" + name
		fmt.Fprintf(&b, "diff --git a/%s b/%s\n", name, name)
		if o.was[name] == nil {
			from = "/dev/null"
			b.WriteString("new file mode 100644\n")
		}
		_, hunks, _ := bytes.Cut(diff.Diff(from, o.was[name], "b/"+name, o.Changed[name]), []byte("\n")) // its own first line is no tool's
		b.Write(hunks)
	}
	return b.Bytes()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// Write puts the edits into the tree: each file whole or not at all, and none if one of them is no longer what was read, or is no file of the tree's own.
func (o Outcome) Write(root *os.Root) error {
	mode := map[string]fs.FileMode{}
	for name := range o.Changed {
		is, err := root.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			if mode[name] = 0o644; o.was[name] != nil {
				return fmt.Errorf("write %s: it is gone: run the audit again", name)
			}
			continue
		}
		if err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
		if !is.Mode().IsRegular() {
			return fmt.Errorf("write %s: it is a link, or no file: apply the patch by hand", name)
		}
		if text, err := facts.File(root.FS(), name); err != nil || o.was[name] == nil || !bytes.Equal(text, o.was[name]) {
			return errors.Join(fmt.Errorf("write %s: it is not what was looked at any more: run the audit again", name), err)
		}
		mode[name] = is.Mode().Perm()
	}
	for _, name := range slices.Sorted(maps.Keys(o.Changed)) {
		beside := path.Join(path.Dir(name), ".fix-"+rand.Text())
		err := root.WriteFile(beside, o.Changed[name], mode[name])
		if err == nil {
			err = root.Chmod(beside, mode[name])
		}
		if err == nil {
			err = root.Rename(beside, name)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("write %s: %w", name, err), root.RemoveAll(beside))
		}
	}
	return nil
}
