//go:build unix

package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// checkOwner fails if anyone but the user, and root, can change what is in a folder. In one with the sticky bit, as /tmp, others can make
// entries but not touch those of the user, so it may stand on the way; own tells a folder that must be the user's.
func checkOwner(info fs.FileInfo, own bool) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return errors.New("has no owner that can be found out")
	}
	if uid := uint32(os.Getuid()); stat.Uid != uid && (own || stat.Uid != 0) {
		return fmt.Errorf("belongs to the user %d, not to %d", stat.Uid, uid)
	}
	if others := info.Mode().Perm() & 0o022; others != 0 && (own || info.Mode()&fs.ModeSticky == 0) {
		return fmt.Errorf("can be written to by others than its owner (mode %04o)", info.Mode().Perm())
	}
	return nil
}
