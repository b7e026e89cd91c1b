package procs

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Mount is a file system where the process sees it.
type Mount struct {
	ID     int    // within the mount namespace
	Parent int    // the mount that it stands on; one that is not told has none
	Point  string // where
	Root   string // which folder of the file system: that of a bind mount
	Type   string // tmpfs, overlay, ext4, proc …
	Source string // a device, or a name
	// ReadOnly tells that nothing can be written through it: the mount or the whole file system is read-only.
	ReadOnly bool
	Options  []string // of the mount: nosuid, noexec …
}

// Kernel tells a file system that shows the kernel's state and keeps no files of anybody's.
func (m Mount) Kernel() bool {
	return slices.Contains([]string{"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs", "bpf", "pstore", "fusectl", "configfs", "binfmt_misc", "nsfs"}, m.Type)
}

// Memory tells a file system that never reaches a disk but by swapping.
func (m Mount) Memory() bool { return m.Type == "tmpfs" || m.Type == "ramfs" }

// Mounts are a process's, as the kernel lists them.
type Mounts []Mount

// Visible are those that a path leads to. A mount is hidden by one on top of it, and by one that was made later on a folder above it.
func (m Mounts) Visible() (seen Mounts) {
	byID, on := map[int]Mount{}, map[int]Mounts{}
	for _, mount := range m {
		byID[mount.ID] = mount
		on[mount.Parent] = append(on[mount.Parent], mount)
	}
	for _, mount := range m {
		if !mount.hidden(byID, on, len(m)) {
			seen = append(seen, mount)
		}
	}
	return seen
}

func (m Mount) hidden(byID map[int]Mount, on map[int]Mounts, most int) bool {
	if slices.ContainsFunc(on[m.ID], func(top Mount) bool { return top.ID != m.ID && top.Point == m.Point }) {
		return true
	}
	for range most { // up to the root, which stands on nothing
		above := func(other Mount) bool {
			return other.ID != m.ID && other.Point != m.Point && within(m.Point, other.Point)
		}
		parent, ok := byID[m.Parent]
		if !ok || parent.ID == m.ID {
			return false
		}
		if slices.ContainsFunc(on[m.Parent], above) {
			return true
		}
		m = parent
	}
	return false
}

// At is the mount that a path lies in.
func (m Mounts) At(place string) (Mount, bool) {
	var best Mount
	for _, mount := range m.Visible() {
		if within(place, mount.Point) && len(mount.Point) >= len(best.Point) {
			best = mount
		}
	}
	return best, best.Point != ""
}

// Under are the visible mounts at or below a folder.
func (m Mounts) Under(folder string) (below Mounts) {
	for _, mount := range m.Visible() {
		if within(mount.Point, folder) {
			below = append(below, mount)
		}
	}
	return below
}

// Writable are the visible mounts that files can be written to. The kernel's own are not told: capabilities and the engine's masks guard them.
func (m Mounts) Writable() (writable Mounts) {
	for _, mount := range m.Visible() {
		if !mount.ReadOnly && !mount.Kernel() {
			writable = append(writable, mount)
		}
	}
	return writable
}

// within tells whether place is folder or lies in it. Both are absolute.
func within(place, folder string) bool {
	place, folder = path.Clean(place), path.Clean(folder)
	return folder == "/" || place == folder || strings.HasPrefix(place, folder+"/")
}

const maxMounts = 1 << 12

// parseMounts reads mountinfo (proc_pid_mountinfo(5)):
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
func parseMounts(text string) (mounts Mounts, err error) {
	const id, parent, root, point, options, optional = 0, 1, 3, 4, 5, 6
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		dash := slices.Index(fields, "-")
		if dash < optional || len(fields) < dash+4 {
			return nil, fmt.Errorf("a line of mountinfo: %.80q", line)
		}
		if len(mounts) == maxMounts {
			return nil, fmt.Errorf("mountinfo has more than %d lines", maxMounts)
		}
		m := Mount{Root: unescape(fields[root]), Point: unescape(fields[point]), Type: fields[dash+1], Source: unescape(fields[dash+2]), Options: strings.Split(fields[options], ",")}
		var bad1, bad2 error
		m.ID, bad1 = strconv.Atoi(fields[id])
		m.Parent, bad2 = strconv.Atoi(fields[parent])
		if err := errors.Join(bad1, bad2); err != nil {
			return nil, fmt.Errorf("a line of mountinfo: %.80q: %w", line, err)
		}
		whole := strings.Split(fields[dash+3], ",") // of the file system, whoever mounts it
		m.ReadOnly = slices.Contains(m.Options, "ro") || slices.Contains(whole, "ro")
		mounts = append(mounts, m)
	}
	return mounts, nil
}

// unescape turns \040 into a blank: mountinfo writes blanks, tabs, line ends and backslashes in octal.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+4 <= len(text) {
			if n, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
