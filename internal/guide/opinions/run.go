//go:build unix

package opinions

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/Abdullahi130/StellarEscrow/internal/procgroup"
)

// run starts a program in a folder that has the files and nothing else, and waits for it. home is beside it and has the files of settings, all of ours. It fails if the program does not end
// within toolWithin, is ended by a signal, or prints more than maxOutput.
func (m Machine) run(ctx context.Context, program string, files map[string][]byte, args ...string) (output, error) {
	box, err := os.MkdirTemp("", "second-opinion-")
	if err != nil {
		return output{}, err
	}
	defer os.RemoveAll(box)
	work, home := filepath.Join(box, "work"), filepath.Join(box, "home")
	for _, dir := range []string{work, home, filepath.Join(box, "tmp")} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return output{}, err
		}
	}
	if err := lay(work, files); err != nil {
		return output{}, err
	}
	if err := os.WriteFile(filepath.Join(home, emptySettings), []byte("{}\n"), 0o600); err != nil {
		return output{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, m.within())
	defer cancel()
	args = slices.Clone(args)
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, settingsHere, filepath.Join(home, emptySettings))
	}
	start := func(alone bool) (output, error) {
		cmd := procgroup.Command(ctx, program, args...)
		alone = alone && offline(cmd.SysProcAttr)
		cmd.Dir, cmd.Env = work, m.environment(box)
		out, said := &bounded{limit: maxOutput, strict: true}, &bounded{limit: maxNotes}
		cmd.Stdout, cmd.Stderr = out, said
		err := procgroup.Run(cmd)
		o := output{out: out.text, err: said.text, online: !alone}
		if cmd.ProcessState == nil {
			return o, fmt.Errorf("it cannot be started: %w", err)
		}
		o.exit = cmd.ProcessState.ExitCode()
		switch exit := (*exec.ExitError)(nil); {
		case out.full:
			return o, fmt.Errorf("it prints more than %d bytes", maxOutput)
		case ctx.Err() != nil:
			return o, fmt.Errorf("it did not end within %s", m.within())
		case o.exit < 0:
			return o, fmt.Errorf("it was ended: %s", cmd.ProcessState)
		case err != nil && !errors.As(err, &exit):
			return o, err
		}
		return o, nil
	}
	o, err := start(true)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSPC) { // this machine gives nobody a network of their own
		return start(false)
	}
	return o, err
}

// lay writes the files below a folder.
func lay(dir string, files map[string][]byte) error {
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// environment has nothing of the caller's but where programs are, without what is relative or in the audited tree: variables would be settings too.
func (m Machine) environment(box string) []string {
	var path []string
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if filepath.IsAbs(dir) && !m.inTree(dir) {
			path = append(path, dir)
		}
	}
	env := []string{"PATH=" + strings.Join(path, string(os.PathListSeparator)), "LANG=C.UTF-8", "TMPDIR=" + filepath.Join(box, "tmp"), "NO_COLOR=1",
		"PYTHONDONTWRITEBYTECODE=1", "PYTHONNOUSERSITE=1", "CKV_IGNORE_HIDDEN_DIRECTORIES=False", "LOG_LEVEL=ERROR"}
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		env = append(env, name+"="+filepath.Join(box, "home"))
	}
	return env
}

// bounded keeps what is written, up to a limit. What is written beyond it is dropped; where dropping would change what was said, it is an error, which ends who writes.
type bounded struct {
	text   []byte // no bytes.Buffer: it would be read into past Write
	limit  int
	strict bool
	full   bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := min(len(p), b.limit-len(b.text))
	b.text = append(b.text, p[:room]...)
	if room < len(p) {
		if b.full = true; b.strict {
			return room, errors.New("too much output")
		}
	}
	return len(p), nil
}
