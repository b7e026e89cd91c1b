// Package keep is the process that stands between a test and the servers it starts. It alone starts them, as its own children, and it ends them
// when the pipe to it ends, because the test let go of it or has ended in whatever way: nothing is left behind then, no process, no cgroup, no
// folder. It can give them a box of their own, which is a mount, network, PID, UTS and IPC namespace and a cgroup: there it is the first process,
// so that the kernel ends whatever is left in the box with it.
//
// The process is the program keep/keeper, which has nothing to do but call Main; Start is the other end of the pipe. It stands apart from the test
// binary because a test binary cannot be run again as something else without a hook in each package that uses it.
package keep
