package opinions

import (
	"os"
	"syscall"
)

// offline gives a program a network that leads nowhere, in a user namespace of its own so that nobody needs to be root for it. It tells whether there is such a thing.
func offline(a *syscall.SysProcAttr) bool {
	a.Cloneflags = syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET
	a.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	a.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	return true
}
