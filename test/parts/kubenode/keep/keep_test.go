//go:build linux

package keep_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
	"github.com/Abdullahi130/StellarEscrow/test/parts/kubenode/keep"
)

func keeper(t *testing.T) (program string) {
	t.Helper()
	program = filepath.Join(t.TempDir(), "keeper")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./keeper").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// servers is a folder that a keeper may remove.
func servers(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), fmt.Sprintf("keep-test-%d", os.Getpid()))
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// run starts a script as a server.
func run(t *testing.T, k *keep.Keeper, name, script string) {
	t.Helper()
	if err := k.Run(keep.Command{Name: name, Path: "/bin/sh", Args: []string{"-c", script}, Env: os.Environ()}); err != nil {
		t.Fatal(err)
	}
}

// within tries again for some seconds.
func within(t *testing.T, what string, try func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !try(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// told waits for what a server says.
func told(t *testing.T, dir, name string) (words []string) {
	t.Helper()
	within(t, name+" says something", func() bool {
		text, err := os.ReadFile(keep.Log(dir, name))
		words = strings.Fields(string(text))
		return err == nil && strings.HasSuffix(string(text), "\n")
	})
	return words
}

// alive tells whether a process is there, by what its arguments are: a number is given anew.
func alive(pid, argument string) bool {
	args, err := os.ReadFile("/proc/" + pid + "/cmdline")
	return err == nil && strings.Contains(string(args), argument)
}

func TestServersEnd(t *testing.T) {
	program := keeper(t)
	for name, let := range map[string]func(*testing.T, *keep.Keeper){
		"when they are stopped": func(t *testing.T, k *keep.Keeper) {
			if err := k.Stop(); err != nil {
				t.Error(err)
			}
		},
		"when their keeper is killed": func(t *testing.T, k *keep.Keeper) {
			p, err := os.FindProcess(k.PID)
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := k.Stop(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Errorf("stopping it says %v", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := servers(t)
			k, err := keep.Start(program, keep.Job{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			run(t, k, "stays", "echo $$; exec sleep 602")
			pid := told(t, dir, "stays")[0]
			within(t, "it sleeps", func() bool { return alive(pid, "602") })
			let(t, k)
			within(t, "it ends", func() bool { return !alive(pid, "602") })
			if _, err := os.Stat(dir); name == "when they are stopped" && err == nil {
				t.Error("the folder is left")
			}
		})
	}
}

func TestAServerThatEndsByItself(t *testing.T) {
	dir := servers(t)
	k, err := keep.Start(keeper(t), keep.Job{Dir: dir, Stays: true})
	if err != nil {
		t.Fatal(err)
	}
	run(t, k, "fails", "echo a reason; exit 3")
	run(t, k, "dies", "kill -KILL $$")
	run(t, k, "stays", "exec sleep 603")
	for name, want := range map[string]string{"fails": "fails has ended, exit status 3: a reason", "dies": "dies has ended, by signal killed"} {
		within(t, name, func() bool {
			err := keep.Ended(dir, name)
			return err != nil && strings.HasPrefix(err.Error(), want)
		})
	}
	if err := keep.Ended(dir, "stays"); err != nil {
		t.Error(err)
	}
	if err := k.Run(keep.Command{Name: "none", Path: "/no/such/program"}); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a program that is not there: %v", err)
	}
	if err := k.Stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(keep.Log(dir, "fails")); err != nil {
		t.Errorf("a folder that stays: %v", err)
	}
}

func TestABox(t *testing.T) {
	if os.Geteuid() != 0 {
		parts.Missing(t, "a box", "run the test as root")
	}
	parts.Program(t, "ip", "apt-get install iproute2")
	if _, err := os.Stat("/sys/fs/cgroup/cgroup.controllers"); err == nil {
		parts.Missing(t, "control groups of version 1", "the machine has version 2 alone")
	}
	program, dir := keeper(t), servers(t)
	shown := filepath.Join(dir, "shown")
	if err := os.WriteFile(shown, []byte("10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	group := filepath.Base(dir)
	box := &keep.Box{
		Host: "inside", CGroup: group, Tmp: []string{"/run"}, Bind: map[string]string{"/proc/sys/kernel/panic": shown},
		IP:    []string{"link set lo up", "addr add 192.0.2.7/32 dev lo"},
		Write: map[string]string{"/proc/sys/net/ipv4/ip_forward": "1", "/proc/sys/net/ipv4/no_such_setting": "1"},
	}
	k, err := keep.Start(program, keep.Job{Dir: dir, Box: box})
	if errors.Is(err, keep.ErrRefused) {
		parts.Missing(t, "a box", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	run(t, k, "looks", `echo $$ $(hostname) $(ls /run | wc -l) $(cat /proc/sys/kernel/panic /proc/sys/net/ipv4/ip_forward) $(ip -o addr show | grep -c 192.0.2.7) $(grep -c /`+group+`/sys /proc/self/cgroup) $(ls /proc | grep -c '^[0-9]')`)
	words := told(t, dir, "looks")
	if len(words) != 8 {
		t.Fatalf("it says %q", words)
	}
	controllers, err := filepath.Glob("/sys/fs/cgroup/*/" + group + "/sys")
	if err != nil || len(controllers) == 0 {
		t.Fatalf("cgroups: %q, %v", controllers, err)
	}
	if want := []string{"inside", "0", "10", "1", "1", strconv.Itoa(len(controllers))}; strings.Join(words[1:7], " ") != strings.Join(want, " ") {
		t.Errorf("inside: %q, want %q", words[1:7], want)
	}
	if processes, err := strconv.Atoi(words[7]); err != nil || processes > 10 {
		t.Errorf("it sees %s processes: those of the machine", words[7])
	}
	if pid, err := strconv.Atoi(words[0]); err != nil || pid > 50 {
		t.Errorf("its number is %s: one of the machine's", words[0])
	}
	// Somebody who has left its parent: nobody lists it.
	run(t, k, "forks", "setsid sleep 604 & exit 0")
	within(t, "its child is there", func() bool { return named(t, "sleep\x00604") })
	if err := k.Stop(); err != nil {
		t.Fatal(err)
	}
	if named(t, "sleep\x00604") {
		t.Error("somebody is left")
	}
	for _, path := range append(controllers, dir) {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is left", path)
		}
	}

	again := servers(t)
	box.Bind, box.IP = nil, []string{"link set no-such-link up"}
	if _, err := keep.Start(program, keep.Job{Dir: again, Box: box}); err == nil || !strings.Contains(err.Error(), "no-such-link") {
		t.Errorf("a box that cannot be furnished: %v", err)
	}
	if _, err := os.Stat(again); err == nil {
		t.Error("its folder is left")
	}
}

// named tells whether a process with such arguments runs.
func named(t *testing.T, arguments string) bool {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if args, err := os.ReadFile(path); err == nil && strings.Contains(string(args), arguments) {
			return true
		}
	}
	return false
}
