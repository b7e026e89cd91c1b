package procs

import (
	"fmt"
	"strconv"
	"strings"
)

// Seccomp is the mode that a process runs in.
type Seccomp string

const (
	SeccompOff    Seccomp = "off"
	SeccompStrict Seccomp = "strict"
	SeccompFilter Seccomp = "filter"
)

// status is what /proc/<pid>/status says.
type status struct {
	name                            string
	uids, gids                      [4]uint32 // real, effective, saved, of the file system
	groups                          []uint32
	inherited, permitted, effective Capabilities
	bounding, ambient               Capabilities
	noNewPrivileges                 bool
	seccomp                         Seccomp
	pids                            []int // in each pid namespace, the outermost first
}

// parseStatus reads the file. Each line that is asked for must be there: a kernel that does not say is not one that says no.
func parseStatus(text string) (s status, err error) {
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			lines[name] = strings.TrimSpace(value)
		}
	}
	numbers := func(name string, into []uint32) {
		fields := strings.Fields(lines[name])
		for i := range into {
			if i >= len(fields) {
				err = fmt.Errorf("line %s has %d numbers, fewer than %d", name, len(fields), len(into))
				return
			}
			n, bad := strconv.ParseUint(fields[i], 10, 32)
			if bad != nil {
				err = fmt.Errorf("line %s: %w", name, bad)
			}
			into[i] = uint32(n)
		}
	}
	set := func(name string) Capabilities {
		n, bad := strconv.ParseUint(lines[name], 16, 64)
		if bad != nil {
			err = fmt.Errorf("line %s: %w", name, bad)
		}
		return Capabilities(n)
	}
	s.name = lines["Name"]
	numbers("Uid", s.uids[:])
	numbers("Gid", s.gids[:])
	s.groups = make([]uint32, len(strings.Fields(lines["Groups"])))
	numbers("Groups", s.groups)
	s.inherited, s.permitted, s.effective, s.bounding, s.ambient = set("CapInh"), set("CapPrm"), set("CapEff"), set("CapBnd"), set("CapAmb")
	switch lines["NoNewPrivs"] {
	case "0", "1":
		s.noNewPrivileges = lines["NoNewPrivs"] == "1"
	default:
		err = fmt.Errorf("line NoNewPrivs is %q", lines["NoNewPrivs"])
	}
	if s.seccomp = map[string]Seccomp{"0": SeccompOff, "1": SeccompStrict, "2": SeccompFilter}[lines["Seccomp"]]; s.seccomp == "" {
		err = fmt.Errorf("line Seccomp is %q", lines["Seccomp"])
	}
	for _, field := range strings.Fields(lines["NSpid"]) {
		pid, bad := strconv.Atoi(field)
		if bad != nil {
			err = fmt.Errorf("line NSpid: %w", bad)
		}
		s.pids = append(s.pids, pid)
	}
	return s, err
}

// startTime is field 22 of /proc/<pid>/stat: with the id, it names a process for good. The name before it may hold anything, so the fields
// are counted from its last parenthesis.
func startTime(stat string) (uint64, error) {
	const started, afterName = 22, 3
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) <= started-afterName {
		return 0, fmt.Errorf("stat has no start time: %.60q", stat)
	}
	return strconv.ParseUint(fields[started-afterName], 10, 64)
}

// environmentNames are the names that an environment sets; the values are not looked at. A program may write other things where its
// environment was: what has no name like one is counted, and not told.
func environmentNames(raw []byte) (names []string, others int) {
	for entry := range strings.SplitSeq(string(raw), "\x00") {
		name, _, ok := strings.Cut(entry, "=")
		switch {
		case entry == "":
		case ok && isName(name):
			names = append(names, name)
		default:
			others++
		}
	}
	return names, others
}

const maxEnvironmentName = 256

func isName(text string) bool {
	for i, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || !(c >= '0' && c <= '9' || c == '.' || c == '-')) {
			return false
		}
	}
	return text != "" && len(text) <= maxEnvironmentName
}
