// Package engine asks a container engine, by Docker's API on its socket, which containers of a Compose project run, what they publish and how they are confined; and the kernel
// how the processes in them are. It reads, and asks for nothing that changes anything; values of an environment are dropped as they come, and
// files of secrets as soon as they are judged (Given).
//
// It speaks the API by net/http: two questions and a dozen fields are asked for, and Moby's own client brings some forty modules for them. Podman answers the same.
//
// An engine that stalls, or talks nonsense, costs its time limit and is reported.
package engine
