package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// maxProcesses bounds how many of the machine's are looked through.
const maxProcesses = 1 << 15

// Container returns the ids of the processes of a container, given its main one, in order. They are those with its mount namespace: each
// container has one of its own, and whatever an engine starts in it later joins that. Who has this program's own is in no container.
//
// unseen are processes in its control groups whose namespaces we may not read: they may be the container's.
func Container(proc fs.FS, main int) (pids, unseen []int, err error) {
	if pids, unseen, err = container(proc, main); err != nil {
		return nil, nil, fmt.Errorf("find the container of process %d: %w", main, err)
	}
	return pids, unseen, nil
}

func container(proc fs.FS, main int) (pids, unseen []int, err error) {
	mounts := func(pid string) (string, error) { return fs.ReadLink(proc, path.Join(pid, "ns/mnt")) }
	groups := func(pid string) (string, error) { return readFile(proc, path.Join(pid, "cgroup")) }
	wanted, err := mounts(strconv.Itoa(main))
	if err != nil {
		return nil, nil, err
	}
	own, err := mounts("self")
	if err != nil {
		return nil, nil, err
	}
	if wanted == own {
		return nil, nil, errors.New("it has the mounts of this program, so it is in no container")
	}
	its, err := groups(strconv.Itoa(main))
	if err != nil {
		return nil, nil, err
	}
	entries, err := fs.ReadDir(proc, ".")
	if err != nil {
		return nil, nil, err
	}
	count := 0
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if count++; count > maxProcesses {
			return nil, nil, fmt.Errorf("the machine has more than %d processes", maxProcesses)
		}
		switch found, err := mounts(e.Name()); {
		case err == nil && found == wanted:
			pids = append(pids, pid)
		case err == nil || gone(err):
		default:
			if group, err := groups(e.Name()); err == nil && below(group, its) || err != nil && !gone(err) {
				unseen = append(unseen, pid)
			}
		}
	}
	slices.Sort(pids)
	slices.Sort(unseen)
	return pids, unseen, nil
}

// below tells whether a process with these control groups (proc_pid_cgroup: a hierarchy and a path a line) is in each of the others or
// below it.
func below(groups, others string) bool {
	paths := map[string]string{}
	for line := range strings.Lines(groups) {
		if i := strings.LastIndexByte(line, ':'); i >= 0 {
			paths[line[:i]] = strings.TrimSpace(line[i+1:])
		}
	}
	for line := range strings.Lines(others) {
		if i := strings.LastIndexByte(line, ':'); i >= 0 && !within(paths[line[:i]], strings.TrimSpace(line[i+1:])) {
			return false
		}
	}
	return true
}
