package secrets

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1" //nolint:gosec // git names objects by it
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// commitEnvironment adds a branch to the repository whose only commit holds a .env, as loose objects.
func commitEnvironment(d *guide.Draft) error {
	object := func(kind string, text []byte) ([20]byte, error) {
		whole := append(fmt.Appendf(nil, "%s %d\x00", kind, len(text)), text...)
		name := sha1.Sum(whole)
		var packed bytes.Buffer
		w := zlib.NewWriter(&packed)
		if _, err := w.Write(whole); err != nil {
			return name, err
		}
		if err := w.Close(); err != nil {
			return name, err
		}
		return name, d.Write(fmt.Sprintf(".git/objects/%x/%x", name[:1], name[1:]), packed.Bytes())
	}
	blob, err := object("blob", []byte("A_SETTING=of an environment\n"))
	if err != nil {
		return err
	}
	tree, err := object("tree", append([]byte("100644 .env\x00"), blob[:]...))
	if err != nil {
		return err
	}
	commit, err := object("commit", fmt.Appendf(nil, "tree %x\nauthor a committer <> 1 +0000\ncommitter a committer <> 1 +0000\n\nby accident\n", tree))
	if err != nil {
		return err
	}
	return d.Write(".git/refs/heads/mutation-env-committed", fmt.Appendf(nil, "%x\n", commit))
}
