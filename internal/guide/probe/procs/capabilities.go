package procs

import (
	"fmt"
	"math/bits"
	"slices"
)

// Capabilities are a set of them, as the kernel numbers them.
type Capabilities uint64

// capabilityNames is include/uapi/linux/capability.h, from 0.
var capabilityNames = [...]string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
	"NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN",
	"SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE",
	"MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE",
}

// Names are the set's, as Docker and Kubernetes write them (without CAP_), by number. A newer kernel's are told as CAP_ and the number.
func (c Capabilities) Names() []string {
	names := make([]string, 0, bits.OnesCount64(uint64(c)))
	for rest := uint64(c); rest != 0; rest &= rest - 1 {
		n := bits.TrailingZeros64(rest)
		if n < len(capabilityNames) {
			names = append(names, capabilityNames[n])
		} else {
			names = append(names, fmt.Sprintf("CAP_%d", n))
		}
	}
	return names
}

// Has tells whether a capability is in the set, by its name without CAP_.
func (c Capabilities) Has(name string) bool { return slices.Contains(c.Names(), name) }

// Whole tells that the set has every capability from 0 to last: that of a privileged container.
func (c Capabilities) Whole(last int) bool {
	every := Capabilities(1)<<(last+1) - 1
	return c&every == every
}
