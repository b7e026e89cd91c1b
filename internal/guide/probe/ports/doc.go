// Package ports lists what listens on this machine, or in a container's network namespace, from the kernel's own tables: address, port,
// owner, and the processes that hold the socket (docs/guide.md N8: databases and monitoring on 127.0.0.1 only).
//
// A port that packet rules forward without a socket (Docker with userland-proxy off) is in no such table; Forwarded reads those rules.
package ports
