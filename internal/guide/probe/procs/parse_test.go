package procs

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const goodStatus = `Name:	escrow
Uid:	1000	1000	1000	1000
Gid:	1000	1000	1000	1000
Groups:	1000 2000
NSpid:	77	1
CapInh:	0000000000000000
CapPrm:	0000000000000400
CapEff:	0000000000000400
CapBnd:	000001ffffffffff
CapAmb:	0000000000000000
NoNewPrivs:	1
Seccomp:	2
`

const goodMounts = `100 99 0:50 / / ro,relatime master:1 - overlay overlay rw,lowerdir=/a
101 100 0:51 / /proc rw,nosuid - proc proc rw
102 100 0:52 / /run/secrets rw,relatime - tmpfs tmpfs ro,size=4k
103 100 8:1 /var/data /var/lib/the\040data rw - ext4 /dev/sda1 rw
`

func link(to string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink}
}

// machineWith is a /proc with one good process, 77, changed by files.
func machineWith(files map[string]string) fstest.MapFS {
	proc := fstest.MapFS{"self/ns/user": link("user:[1]"), "self/ns/mnt": link("mnt:[1]")}
	all := map[string]string{
		"sys/kernel/cap_last_cap": "40\n", "77/status": goodStatus, "77/mountinfo": goodMounts, "77/environ": "PATH=/bin\x00TOKEN=hush\x00",
		"77/stat": "77 (a) b) S 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 5 0 4242 1 1\n", "77/uid_map": "0 100000 65536\n", "77/gid_map": "1000 1000 1\n",
	}
	maps.Copy(all, files)
	for name, text := range all {
		if text != "missing" {
			proc[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	for _, kind := range namespaceKinds() {
		proc["77/ns/"+kind] = link(kind + ":[2]")
	}
	return proc
}

func TestWhatIsReadOfAProcess(t *testing.T) {
	got, err := Look(machineWith(map[string]string{"77/status": strings.Replace(goodStatus, "Uid:	1000", "Uid:	100000", 1)}), 77)
	if err != nil {
		t.Fatal(err)
	}
	want := Process{
		PID: 77, Name: "escrow", Started: 4242, InnerPID: 1, NoNewPrivileges: true, Seccomp: SeccompFilter, LastCapability: 40,
		Effective: 0x400, Permitted: 0x400, Bounding: 0x1ffffffffff,
		RealUID: ID{100000, 0, true}, EffectiveUID: ID{Outside: 1000}, SavedUID: ID{Outside: 1000},
		RealGID: ID{1000, 1000, true}, EffectiveGID: ID{1000, 1000, true}, SavedGID: ID{1000, 1000, true},
		Groups: []ID{{1000, 1000, true}, {Outside: 2000}}, Namespaces: got.Namespaces, Environment: []string{"PATH", "TOKEN"},
		Mounts: Mounts{
			{100, 99, "/", "/", "overlay", "overlay", true, []string{"ro", "relatime"}},
			{101, 100, "/proc", "/", "proc", "proc", false, []string{"rw", "nosuid"}},
			{102, 100, "/run/secrets", "/", "tmpfs", "tmpfs", true, []string{"rw", "relatime"}},
			{103, 100, "/var/lib/the data", "/var/data", "ext4", "/dev/sda1", false, []string{"rw"}},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !got.Root() || !got.ReadOnlyRoot() || !got.Bounding.Whole(40) || got.Effective.Whole(40) {
		t.Errorf("root %t, read-only root %t", got.Root(), got.ReadOnlyRoot())
	}
	if strings.Contains(fmt.Sprintf("%+v", got), "hush") {
		t.Error("a value of the environment is kept")
	}
}

func TestHalfTheFactsAreNone(t *testing.T) {
	files := []string{"sys/kernel/cap_last_cap", "77/status", "77/mountinfo", "77/environ", "77/stat", "77/uid_map", "77/gid_map"}
	changed := map[string]map[string]string{
		"no last capability": {files[0]: "many"},
		"no start":           {"77/stat": "77 (x) S 1 2 3"},
		"no name's end":      {"77/stat": strings.Repeat("1 ", 40)},
		"half a mount":       {"77/mountinfo": "100 99 0:50 / / ro,relatime - overlay"},
		"a mount of none":    {"77/mountinfo": "x 99 0:50 / / ro,relatime - overlay overlay rw\n"},
		"too many mounts":    {"77/mountinfo": strings.Repeat(goodMounts, maxMounts)},
		"half a map":         {"77/uid_map": "0 100000\n"},
		"a map of words":     {"77/uid_map": "a b c\n"},
		"too many maps":      {"77/uid_map": strings.Repeat("0 1 1\n", maxRanges+1)},
		"a huge environment": {"77/environ": strings.Repeat("A=b\x00", maxFile)},
	}
	for _, file := range files {
		changed["without "+file] = map[string]string{file: "missing"}
	}
	for line := range strings.Lines(goodStatus) {
		if name, _, _ := strings.Cut(line, ":"); name != "Name" && name != "Groups" && name != "NSpid" {
			changed["status without "+name] = map[string]string{"77/status": strings.Replace(goodStatus, line, "", 1)}
		}
		if name, value, _ := strings.Cut(line, ":"); name != "Name" {
			changed["status with another "+name] = map[string]string{"77/status": strings.Replace(goodStatus, line, name+":\tx"+value, 1)}
		}
	}
	for name, files := range changed {
		if got, err := Look(machineWith(files), 77); err == nil || !cmp.Equal(got, Process{}) {
			t.Errorf("%s: %v, %+v", name, err, got)
		}
	}
	for _, pid := range []int{0, -1} {
		if _, err := Look(machineWith(nil), pid); err == nil {
			t.Errorf("process %d", pid)
		}
	}
	if _, err := Look(machineWith(nil), 78); !errors.Is(err, ErrGone) {
		t.Errorf("process 78: %v", err)
	}
	if _, err := Look(machineWith(map[string]string{files[0]: "missing"}), 77); errors.Is(err, ErrGone) {
		t.Errorf("a machine without the file: %v", err)
	}
}

// reused is a /proc whose process is another one when it is looked at for the second time.
type reused struct {
	fstest.MapFS
	opened int
}

func (r *reused) Open(name string) (fs.File, error) {
	if name == "77/stat" {
		if r.opened++; r.opened == 2 {
			return r.MapFS.Open("77/stat.later")
		}
	}
	return r.MapFS.Open(name)
}

func TestAnotherProcessByTheSameNumber(t *testing.T) {
	proc := machineWith(map[string]string{"77/stat.later": "77 (new) S 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 5 0 9999 1 1\n"})
	if got, err := Look(&reused{MapFS: proc}, 77); !errors.Is(err, ErrGone) {
		t.Errorf("%v, %+v", err, got)
	}
}

// denied is a /proc whose links of some processes may not be read.
type denied struct {
	fstest.MapFS
	pids []string
}

func (d denied) ReadLink(name string) (string, error) {
	if pid, _, _ := strings.Cut(name, "/"); slices.Contains(d.pids, pid) {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrPermission}
	}
	return d.MapFS.ReadLink(name)
}

func TestTheProcessesOfAContainer(t *testing.T) {
	proc := machineWith(nil)
	for pid, its := range map[string]struct{ mounts, group string }{
		"77": {"mnt:[2]", "0::/kube/pod\n"}, "8": {"mnt:[2]", "0::/kube/pod\n"}, "9": {"mnt:[1]", "0::/kube/pod\n"}, "10": {"mnt:[3]", "0::/kube/podother\n"},
		"11": {"mnt:[2]", "0::/kube/pod/below\n"}, "12": {"mnt:[1]", "0::/\n"}, "13": {"mnt:[3]", "0::/kube/podother\n"},
	} {
		proc[pid+"/ns/mnt"], proc[pid+"/cgroup"] = link(its.mounts), &fstest.MapFile{Data: []byte(its.group)}
	}
	proc["14/comm"] = &fstest.MapFile{} // has ended in the meantime
	for _, c := range []struct{ denied, pids, unseen string }{
		{"", "[8 11 77]", "[]"}, {"11 12 13", "[8 77]", "[11]"}, {"8 9 10", "[11 77]", "[8 9]"},
	} {
		pids, unseen, err := Container(denied{proc, strings.Fields(c.denied)}, 77)
		if err != nil || fmt.Sprint(pids) != c.pids || fmt.Sprint(unseen) != c.unseen {
			t.Errorf("without those of %q: %v and %v, %v; want %s and %s", c.denied, pids, unseen, err, c.pids, c.unseen)
		}
	}
	for _, pid := range []int{9, 14, 99} {
		if pids, _, err := Container(proc, pid); err == nil {
			t.Errorf("the container of %d: %v", pid, pids)
		}
	}
}

func TestCapabilitiesHaveNames(t *testing.T) {
	for set, want := range map[Capabilities][]string{
		0: {}, 1: {"CHOWN"}, 1<<10 | 1<<21: {"NET_BIND_SERVICE", "SYS_ADMIN"}, 1<<40 | 1<<41: {"CHECKPOINT_RESTORE", "CAP_41"}, 1 << 63: {"CAP_63"},
	} {
		if got := set.Names(); !slices.Equal(got, want) {
			t.Errorf("%x: %v, want %v", uint64(set), got, want)
		}
	}
	if !Capabilities(0x3ff).Whole(9) || Capabilities(0x3fe).Whole(9) {
		t.Error("whole sets are not told")
	}
}

func TestMountsOnMounts(t *testing.T) {
	mount := func(id, parent int, point string) Mount { return Mount{ID: id, Parent: parent, Point: point} }
	for name, c := range map[string]struct {
		mounts Mounts
		want   []int
	}{
		"beside each other":  {Mounts{mount(1, 0, "/"), mount(2, 1, "/a"), mount(3, 1, "/ab")}, []int{1, 2, 3}},
		"on top":             {Mounts{mount(1, 0, "/"), mount(2, 1, "/a"), mount(3, 2, "/a")}, []int{1, 3}},
		"below another":      {Mounts{mount(1, 0, "/"), mount(2, 1, "/a"), mount(3, 2, "/a/b")}, []int{1, 2, 3}},
		"a folder above":     {Mounts{mount(1, 0, "/"), mount(2, 1, "/a/b"), mount(3, 2, "/a/b/c"), mount(4, 1, "/a")}, []int{1, 4}},
		"what stood on it":   {Mounts{mount(1, 0, "/"), mount(2, 1, "/a"), mount(3, 2, "/a/b"), mount(4, 2, "/a")}, []int{1, 4}},
		"going round":        {Mounts{mount(1, 2, "/a"), mount(2, 1, "/b")}, []int{1, 2}},
		"standing on itself": {Mounts{mount(1, 1, "/")}, []int{1}},
	} {
		var got []int
		for _, m := range c.mounts.Visible() {
			got = append(got, m.ID)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestEnvironmentNames(t *testing.T) {
	names, others := environmentNames([]byte("A=1\x00b.c-d=2\x00=x\x009Z=3\x00nginx: master process\x00secret stuff=1\x00" + strings.Repeat("L", 300) + "=1\x00E=\x00\x00"))
	if !slices.Equal(names, []string{"A", "b.c-d", "E"}) || others != 5 {
		t.Errorf("%v and %d", names, others)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(goodStatus, goodMounts, "0 100000 65536\n", "77 (a) b) S 1 77 77 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 5 0 4242 1 1\n", "A=b\x00")
	f.Fuzz(func(t *testing.T, status, mounts, ids, stat, environment string) {
		p, err := Look(machineWith(map[string]string{"77/status": status, "77/mountinfo": mounts, "77/uid_map": ids, "77/stat": stat, "77/environ": environment}), 77)
		if err != nil {
			return
		}
		if len(p.Mounts.Visible()) > len(p.Mounts) || p.Seccomp == "" || len(p.Environment)+p.Unnamed > len(environment) {
			t.Fatalf("%+v", p)
		}
	})
}
