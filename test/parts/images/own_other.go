//go:build unix && !linux

package images

import "syscall"

// procAttr: buildah is for Linux only, so this is never used elsewhere.
func procAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
