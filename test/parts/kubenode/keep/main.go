//go:build linux

package keep

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
)

// Main is the whole of a keeper's process. Its arguments are "keep" or, for the first process in a box, "box", and a Job; what it says goes
// to stdout, for Start to read, and what went wrong in the end to stderr.
func Main(args []string, in io.Reader, out, stderr io.Writer) (code int) {
	// The kernel kills our children when the thread that started them ends: this one stays as long as the process.
	runtime.LockOSThread()
	if err := run(args, in, out); err != nil {
		fmt.Fprintln(stderr, "keeper:", err)
		return 1
	}
	return 0
}

func run(args []string, in io.Reader, out io.Writer) error {
	var j Job
	if len(args) != 2 || args[0] != "keep" && args[0] != "box" {
		return errors.New("this program is started by package keep, with a job")
	}
	if err := json.Unmarshal([]byte(args[1]), &j); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	if args[0] == "box" {
		if err := j.Box.furnish(); err != nil {
			return errors.Join(err, tell(out, answer{Error: err.Error()}))
		}
		if err := tell(out, answer{Ready: true}); err != nil { // our number is not known from in here: our parent tells it
			return err
		}
		return serve(j.Dir, in, out)
	}
	var err error
	if j.Box != nil {
		err = j.box(args[1], in, out)
	} else if err = tell(out, answer{PID: os.Getpid(), Ready: true}); err == nil {
		err = serve(j.Dir, in, out)
	}
	if !j.Stays {
		err = errors.Join(err, os.RemoveAll(j.Dir))
	}
	return err
}

func tell(out io.Writer, a answer) error {
	text, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write an answer: %w", err)
	}
	if _, err := out.Write(append(text, '\n')); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}
