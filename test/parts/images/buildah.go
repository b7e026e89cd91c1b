//go:build unix

package images

import (
	"context"
	"path/filepath"
)

// store is a storage of buildah's of its own, gone with its folder: what other people's builds have left on the machine is not seen.
type store struct {
	buildah string
	work    string
}

func (s store) run(ctx context.Context, args ...string) error {
	// vfs: it mounts nothing, and works on whatever the folder is on.
	all := append([]string{"--root", filepath.Join(s.work, "storage"), "--runroot", filepath.Join(s.work, "run"), "--storage-driver", "vfs"}, args...)
	_, err := run(ctx, s.work, []string{"TMPDIR=" + s.work}, s.buildah, all...)
	return err
}

// builtAt is the time of all that images hold: a release takes that of its commit.
const builtAt = "1767225600" // 1 January 2026

// bud builds a Dockerfile. What it is built of stays in the store by its tag. The format is OCI's, which has no HEALTHCHECK: in the other one buildah writes
// a random name, and no two builds are the same. Compose and the cluster have their own.
func (s store) bud(ctx context.Context, tag, dockerfile, folder string, args ...string) error {
	all := []string{"bud", "--isolation", "chroot", "--format", "oci", "--timestamp", builtAt, "--pull-never", "--tag", tag, "--file", dockerfile}
	return s.run(ctx, append(append(all, args...), folder)...)
}

// export writes an OCI layout.
func (s store) export(ctx context.Context, tag, out string) error {
	return s.run(ctx, "push", "--quiet", "--format", "oci", tag, "oci:"+out+":"+tag)
}
