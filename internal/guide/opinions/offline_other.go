//go:build unix && !linux

package opinions

import "syscall"

// offline does nothing: this system has no networks to give away, and the report says that the tool could reach one.
func offline(*syscall.SysProcAttr) bool { return false }
