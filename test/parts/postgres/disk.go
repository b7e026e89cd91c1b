//go:build unix

package postgres

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// Disk is a file system in memory, small enough to be full.
type Disk struct {
	Path string // belongs to the server's user
}

// SmallDisk mounts one of so many MiB until the test ends. Where nobody may mount, it is a missing part.
func SmallDisk(t testing.TB, mebibytes int) Disk {
	t.Helper()
	if os.Geteuid() != 0 {
		parts.Missing(t, "a small disk", "mounting one takes root")
	}
	bin, missing := installed()
	if missing != nil {
		Missing(t, missing)
	}
	f, err := newFiles(bin) // a folder, and the server's user
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(f.dir); err != nil {
			t.Error(err)
		}
	})
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm,mode=700,uid=%d,gid=%d", mebibytes, f.as.Uid, f.as.Gid), "tmpfs", f.dir).CombinedOutput()
	if err != nil {
		parts.Missing(t, "a small disk", fmt.Sprintf("mounting one is refused here: %v: %s", err, out))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", f.dir).CombinedOutput(); err != nil {
			t.Errorf("unmount %s: %v: %s", f.dir, err, out)
		}
	})
	return Disk{Path: f.dir}
}

// Resize makes room, or takes it.
func (d Disk) Resize(t testing.TB, mebibytes int) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", fmt.Sprintf("remount,size=%dm", mebibytes), d.Path).CombinedOutput(); err != nil {
		t.Fatalf("resize %s: %v: %s", d.Path, err, out)
	}
}
