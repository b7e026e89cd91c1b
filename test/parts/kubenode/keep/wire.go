//go:build linux

package keep

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Job says what a keeper keeps.
type Job struct {
	// Dir is the folder of the servers. It must exist, and is removed in the end unless Stays.
	Dir   string
	Stays bool
	// Box gives the servers namespaces and a cgroup of their own.
	Box *Box `json:",omitempty"`
}

// Box is what a box looks like from inside. Paths are the machine's.
type Box struct {
	Host   string // the name of the host
	CGroup string // the name of the cgroup, one for each controller
	// Tmp are folders that are empty inside, and in memory; Bind shows a folder or file of the machine (value) at a path inside (key). They are made in
	// this order: Tmp, then Bind, sorted by path.
	Tmp  []string
	Bind map[string]string
	// IP are lines for ip -batch, once there is a network with nothing but a loopback that is down.
	IP []string
	// Write are files to write then (key) and what into them; one that does not exist is left out, since kernels differ in what they can be told.
	Write map[string]string
}

// Command is a server to start. Its output goes to Log.
type Command struct {
	Name string // of the server, in Log and Ended
	Path string
	Args []string
	Env  []string // the whole environment
}

// Log is the file that a server's output goes to.
func Log(dir, name string) string { return filepath.Join(dir, "logs", name+".log") }

// ended is the file that says how a server ended; there is none while it runs.
func ended(dir, name string) string { return filepath.Join(dir, "logs", name+".ended") }

// tail is how much of a log an error quotes, in bytes.
const tail = 2000

// Ended is an error if the server has ended by itself, with the last of what it said.
func Ended(dir, name string) error {
	how, err := os.ReadFile(ended(dir, name))
	if err != nil {
		return nil
	}
	return fmt.Errorf("%s has ended, %s: %s", name, strings.TrimSpace(string(how)), Told(dir, name))
}

// Told is the end of a server's log.
func Told(dir, name string) string {
	text, err := os.ReadFile(Log(dir, name))
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-tail):])
}

// The pipe carries a line of JSON each way: a Command, and the answer to it. Before the first come the answers to the Job: in a box one process says
// its number and another that it is ready.
type answer struct {
	PID     int    `json:",omitempty"` // to the Job: of the process whose namespaces are the servers'
	Ready   bool   `json:",omitempty"` // to the Job: servers can be started
	Error   string `json:",omitempty"`
	Refused bool   `json:",omitempty"` // the Error is that the machine lets nobody make a box
}

func (j Job) encode() (string, error) {
	text, err := json.Marshal(j)
	if err != nil {
		return "", fmt.Errorf("write down what is to be kept: %w", err)
	}
	return string(text), nil
}
