//go:build linux

package cluster

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// Output starts a command with start, which calls its Start in whatever place it is meant for, hands it the input, and returns what it prints. The error
// holds what it complains of.
func Output(cmd *exec.Cmd, input []byte, start func() error) ([]byte, error) {
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &complaint
	err := start()
	if err == nil {
		err = cmd.Wait()
	}
	if err != nil {
		err = fmt.Errorf("%s %s: %w: %s", filepath.Base(cmd.Path), strings.Join(cmd.Args[1:], " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return out.Bytes(), err
}
