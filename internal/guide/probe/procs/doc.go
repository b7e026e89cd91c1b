// Package procs tells how a process is confined, as the kernel says in /proc: privileges, capabilities, users, seccomp, namespaces, what it
// may write to, where secrets are mounted, and the names in its environment (docs/guide.md N10, P1, S4, M9, M10). Given a container's main
// process it finds the others of that container.
//
// It reads what the engine or the kubelet was told to do where it counts: at the process. The values of the environment are dropped as
// they are read.
package procs
