package network

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// What people put over the stack for good reasons holds, and what takes something back does not, by its name.
func TestFilesOverTheStack(t *testing.T) {
	ours, err := os.ReadFile("../../../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		over string
		want []string
	}{
		"more memory, logs elsewhere":     {"services:\n  api: {mem_limit: 1g, cpus: 2, logging: {driver: syslog}, deploy: {replicas: 2}}\n", nil},
		"bounds by deploy":                {"services:\n  api: {pids_limit: 200, mem_limit: 512m, deploy: {resources: {limits: {memory: 512m, pids: 200}}}}\n", nil},
		"a debugger's port":               {"services:\n  api: {ports: [\"127.0.0.1:2345:2345\"], networks: {mine: {}}, stdin_open: true, tty: true}\nnetworks: {mine: {}}\n", nil},
		"a certificate of the machine's":  {"services:\n  nginx:\n    volumes: [\"/etc/letsencrypt/live/site:/etc/nginx/tls:ro\"]\n", nil},
		"which nginx could write":         {"services:\n  nginx:\n    volumes: [\"/etc/letsencrypt/live/site:/etc/nginx/tls\"]\n", []string{"shares-the-machine"}},
		"backups on a disk of their own":  {"services:\n  backup:\n    volumes: [\"/srv/backups:/backups\"]\n", nil},
		"a volume that is there already":  {"volumes:\n  postgres-data: {external: true, name: old-data}\n", nil},
		"one more service, as it must be": {"services:\n  mail: {image: \"mail:1\", user: \"7:7\", read_only: true, cap_drop: [ALL], security_opt: [\"no-new-privileges:true\"], pids_limit: 9, mem_limit: 9m, network_mode: none}\n", nil},
		"and as most write it":            {"services:\n  mail: {image: \"mail:1\", network_mode: none}\n", []string{"has-capabilities", "new-privileges", "runs-as-root", "unbounded", "writable-root"}},
		"the checkout, to be written":     {"services:\n  api:\n    volumes: [\".:/data/source\"]\n", []string{unknownMount}},
		"a runtime of its own":            {"services:\n  api: {runtime: mine}\n", []string{unknownSetting}},
		"more rights while it is built":   {"services:\n  api: {build: {context: ., privileged: true}}\n", []string{unknownSetting}},
	} {
		t.Run(name, func(t *testing.T) {
			tree := facts.Open(fstest.MapFS{stackfile.Name: {Data: ours}, "docker-compose.more.yml": {Data: []byte(c.over)}})
			stacks, err := stackfile.Stacks(t.Context(), tree)
			if err != nil || len(stacks) != 2 {
				t.Fatal(len(stacks), err)
			}
			var got []string
			for _, r := range []guide.Result{judgeHardened(stacks[1].Project), judgePublished(stacks[1].Project, nil)} {
				for _, f := range r.Findings() {
					got = append(got, f.Mode)
				}
			}
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
