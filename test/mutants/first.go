package mutants

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// KilledError names the test that told a mutant from the contract.
type KilledError struct{ Test string }

func (e *KilledError) Error() string { return "killed by " + e.Test }

var (
	hashOfCargo = regexp.MustCompile(`-[0-9a-f]{16}$`)
	failed      = regexp.MustCompile(`^test (\S+) \.\.\. FAILED`)
	failedStory = regexp.MustCompile(`/vectors/stories/(\S+)\.json \(`)
)

// runFirst runs those tests of a program that args name until the first one fails, or so much of the processor's time has passed: the error is
// then a KilledError. What the program prints goes to out. It took so much of the processor's time.
func runFirst(ctx context.Context, p program, args []string, most time.Duration, env []string, out io.Writer) (took time.Duration, err error) {
	name := hashOfCargo.ReplaceAllString(filepath.Base(p.path), "")
	running, stop := context.WithCancel(ctx)
	defer stop()
	// A mutant may go round and round. On a busy machine only the processor's time tells that from one that waits for its turn.
	limited := []string{"-c", fmt.Sprintf(`ulimit -t %d && exec "$@"`, int(most.Seconds())), "sh", p.path, "--test-threads=1"}
	cmd := procgroup.Command(running, "/bin/sh", append(limited, args...)...)
	cmd.Dir, cmd.Env = p.dir, env
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	found := make(chan string, 1)
	go func() {
		found <- firstFailed(io.TeeReader(reader, out), stop)
		_, _ = io.Copy(io.Discard, reader) // whatever it still says: it must not wait for us
	}()
	err = procgroup.Run(cmd)
	writer.Close()
	first := <-found
	took = processorTime(cmd)
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return took, fmt.Errorf("run the tests of %s: %w", name, context.Cause(ctx))
	case first != "":
		return took, &KilledError{name + " " + first}
	case errors.As(err, &exit):
		return took, &KilledError{fmt.Sprintf("%s %s, ended: %s", name, strings.Join(args, " "), exit)}
	case err != nil:
		return took, fmt.Errorf("run the tests of %s: %w", name, err)
	}
	return took, nil
}

// processorTime is what a program that has ended took of it, with all those that it started and waited for.
func processorTime(cmd *exec.Cmd) time.Duration {
	if cmd.ProcessState == nil {
		return 0
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// firstFailed is the first test that failed; nothing after it is waited for. Of the stories, which are one test, it is the story: that is
// told when the test has ended, and its run has no other.
func firstFailed(from io.Reader, stop func()) (first string) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if m := failed.FindSubmatch(lines.Bytes()); m != nil && first == "" {
			first = string(m[1])
			if !bytes.HasPrefix(m[1], []byte("stories::")) {
				stop()
				return first
			}
		}
		if m := failedStory.FindSubmatch(lines.Bytes()); m != nil && first != "" {
			stop()
			return "story " + string(m[1])
		}
	}
	return first
}
