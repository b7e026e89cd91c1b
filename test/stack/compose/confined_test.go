//go:build linux

package compose_test

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/procs"
	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// confinement is how the processes of one part are to be found.
type confinement struct {
	uid      uint32
	writable []string // where it may write, beside what the engine mounts into every container
	root     bool     // may write to its root
}

// confinements stand here once more, by hand: what docker-compose.yml says is not what is compared with.
var confinements = map[string]confinement{
	"nginx":        {uid: 101, writable: []string{"/run/nginx"}},
	"client":       {uid: 65532},
	"api":          {uid: 65532},
	"indexer":      {uid: 65532},
	"refusals":     {uid: 65532},
	"postgres":     {uid: 999, writable: []string{"/tmp", "/var/lib/postgresql/data", "/var/run/postgresql"}},
	"redis":        {uid: 999, writable: []string{"/data", "/run/redis"}},
	"prometheus":   {uid: 65534, writable: []string{"/prometheus"}},
	"alertmanager": {uid: 65534, writable: []string{"/alertmanager"}},
	"loki":         {uid: 10001, writable: []string{"/loki"}},
	"secrets": {uid: 65532, root: true, writable: []string{
		"/data", // a volume that its image, which is redis', brings with it
		"/share/alertmanager", "/share/api", "/share/backup", "/share/grafana", "/share/indexer", "/share/postgres", "/share/redis", "/tmp",
	}},
}

// engines are mounts that Docker makes in every container, beside those below /proc and /sys: /etc/hosts and its like are files that it has written.
var engines = []string{"/dev", "/dev/mqueue", "/dev/pts", "/dev/shm", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf"}

func (s *stack) proc() fs.FS { return os.DirFS(s.engine.Proc()) }

// confined looks at every process of every container (docs/guide.md N10).
func (s *stack) confined(t *testing.T) {
	proc := os.DirFS("/proc")
	for name := range s.parts {
		want, ok := confinements[name]
		if !ok {
			t.Errorf("nobody has said how %s is to be confined", name)
			continue
		}
		first, err := s.engine.Outer(s.containers[name].PID)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		pids, _, err := procs.Container(proc, first)
		if err != nil || len(pids) == 0 {
			t.Errorf("%s: processes %v, %v", name, pids, err)
			continue
		}
		for _, pid := range pids {
			p, err := procs.Look(proc, pid)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			who := fmt.Sprintf("%s, process %d (%s)", name, pid, p.Name)
			if !p.NoNewPrivileges {
				t.Errorf("%s may gain privileges", who)
			}
			if all := p.Effective | p.Permitted | p.Bounding | p.Inherited | p.Ambient; all != 0 {
				t.Errorf("%s has capabilities %v", who, all.Names())
			}
			if p.Seccomp != procs.SeccompFilter {
				t.Errorf("%s: seccomp is %s", who, p.Seccomp)
			}
			for _, id := range []procs.ID{p.RealUID, p.EffectiveUID, p.SavedUID} {
				if id.Outside != want.uid {
					t.Errorf("%s is user %d, want %d", who, id.Outside, want.uid)
				}
			}
			if p.ReadOnlyRoot() == want.root {
				t.Errorf("%s: its root is read-only: %t", who, p.ReadOnlyRoot())
			}
			var writable []string
			for _, m := range p.Mounts.Writable() {
				if m.Point != "/" && !slices.Contains(engines, m.Point) && !strings.HasPrefix(m.Point, "/proc/") && !strings.HasPrefix(m.Point, "/sys/") {
					writable = append(writable, m.Point)
				}
			}
			slices.Sort(writable)
			wanted := want.writable
			if name == "postgres" { // /var/run is a link in some images
				writable = replace(writable, "/run/postgresql", "/var/run/postgresql")
			}
			if !slices.Equal(writable, wanted) {
				t.Errorf("%s may write to %v, want %v", who, writable, wanted)
			}
			for _, variable := range p.Environment {
				for _, word := range []string{"PASSWORD", "SECRET", "KEYS", "TOKEN"} {
					if strings.Contains(variable, word) && !strings.HasSuffix(variable, "_FILE") && !strings.HasSuffix(variable, "_DIR") {
						t.Errorf("%s has %s in its environment", who, variable)
					}
				}
			}
		}
	}
}

func replace(list []string, old, new string) []string {
	for i, s := range list {
		if s == old {
			list[i] = new
		}
	}
	slices.Sort(list)
	return list
}

// published compares what listens on the machine, and what answers at its public address, with what may (docs/guide.md N8).
func (s *stack) published(t *testing.T) {
	sockets, err := ports.Listening(s.proc(), 1)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, socket := range sockets {
		address := socket.Address.String()
		if socket.Anywhere() {
			address = fmt.Sprintf("anywhere:%d", socket.Address.Port())
		}
		got = append(got, socket.Protocol+" "+address)
	}
	slices.Sort(got)
	got = slices.Compact(got)
	local := []int{5432, 6379, 9090, 9093}
	if s.parts["loki"] != "" {
		local = append(local, 3100)
	}
	want := []string{"tcp anywhere:443", "tcp anywhere:80"}
	for _, port := range local {
		want = append(want, fmt.Sprintf("tcp 127.0.0.1:%d", port))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("on the machine listens %v, want %v", got, want)
	}
	var seen []uint16
	for _, port := range []uint16{80, 443, 3000, 3001, 3002, 3100, 4000, 4001, 5432, 6379, 8080, 8081, 8443, 9090, 9093, 9145} {
		if s.open(t, fmt.Sprintf("/proc/%d/root/run/netns/outside", s.engine.PID()), fmt.Sprintf("%s:%d", outside.Box, port)) {
			seen = append(seen, port)
		}
	}
	if !slices.Equal(seen, []uint16{80, 443}) {
		t.Errorf("from outside, ports %v are open, want 80 and 443", seen)
	}
	for _, port := range local {
		if !s.open(t, s.engine.Network(), fmt.Sprintf("127.0.0.1:%d", port)) {
			t.Errorf("on the machine, port %d is not open on 127.0.0.1", port)
		}
	}
}
