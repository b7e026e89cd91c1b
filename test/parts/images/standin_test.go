//go:build unix

package images

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// container is an image that is unpacked, to run programs in.
type container struct {
	store store
	name  string
}

func open(t *testing.T, image Image) container {
	t.Helper()
	w := newWorkshop(t)
	c := container{store: store{buildah: w.buildah, work: t.TempDir()}, name: image.Name}
	if err := c.store.run(t.Context(), "from", "--quiet", "--name", image.Name, "oci-archive:"+image.Archive); err != nil {
		t.Fatal(err)
	}
	return c
}

// run runs a command as a user, with folders of the machine at places of theirs, and returns what it wrote to standard output. It goes by a file: of what a
// short command writes to a pipe, buildah loses some.
func (c container) run(ctx context.Context, user string, volumes []string, script string) (string, error) {
	said, err := os.CreateTemp(c.store.work, "said-")
	if err != nil {
		return "", err
	}
	defer os.Remove(said.Name())
	defer said.Close()
	if err := os.Chmod(said.Name(), 0o666); err != nil {
		return "", err
	}
	args := []string{"run", "--isolation", "chroot", "--user", user, "--volume", said.Name() + ":/said"}
	for _, v := range volumes {
		args = append(args, "--volume", v)
	}
	err = c.store.run(ctx, append(args, c.name, "--", "/bin/sh", "-c", "exec >/said\n"+script)...)
	out, fail := io.ReadAll(said)
	return string(out), errors.Join(err, fail)
}

func TestStandInsRunAsTheirUser(t *testing.T) {
	building(t)
	for name, tt := range map[string]struct {
		user     string
		commands map[string]string // what is run -> part of what it says
	}{
		"nginx": {"101:101", map[string]string{
			"nginx -v 2>&1": "nginx version: nginx/1.", "openssl version": "OpenSSL 3", "curl --version": "curl ", "id -un": "nginx",
			"openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=x -keyout /dev/null": "BEGIN CERTIFICATE",
		}},
		"redis":        {"999:999", map[string]string{"redis-server --version": "Redis server v=7", "redis-cli --version": "redis-cli 7", "printf x | sha256sum | cut -c 1-4": "2d71", "id -un": "redis"}},
		"secrets":      {"65532:65532", map[string]string{"printf 'b\\na\\n' | sort -u | wc -l": "2", "printf ab | fold -w 1 | tr a-z A-Z": "A\nB"}},
		"prometheus":   {"65534:65534", map[string]string{"/bin/prometheus --version 2>&1": "prometheus, version 2.", "wget --version": "GNU Wget", "touch /prometheus/x && echo written": "written"}},
		"alertmanager": {"65534:65534", map[string]string{"/bin/alertmanager --version": "alertmanager, version", "wget --version": "GNU Wget", "touch /alertmanager/x && echo written": "written"}},
		"loki":         {"10001:10001", map[string]string{"/usr/bin/loki -version": "loki", "touch /loki/x && echo written": "written"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, Build(t, name)[name])
			for command, want := range tt.commands {
				if out, err := c.run(t.Context(), tt.user, nil, command); err != nil || !strings.Contains(out, want) {
					t.Errorf("%s: %v, said %q, want %q", command, err, out, want)
				}
			}
		})
	}
}

// TestPostgresStandInStartsFirst makes the database as docker-compose.yml does, and comes in as the programs' user.
func TestPostgresStandInStartsFirst(t *testing.T) {
	building(t)
	c := open(t, Build(t, "postgres")["postgres"])
	given := t.TempDir()
	const password = "given by a test"
	if err := errors.Join(os.Chmod(given, 0o755), os.WriteFile(filepath.Join(given, "POSTGRES_PASSWORD"), []byte(password), 0o644)); err != nil {
		t.Fatal(err)
	}
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	volumes := []string{given + ":/run/secrets/stellar-escrow:ro", filepath.Join(root, "k8s/base/config/postgres/10-user.sh") + ":/docker-entrypoint-initdb.d/10-user.sh:ro"}
	// A socket of its own alone: other tests have the port.
	const script = `
set -e
export PGDATA=/var/lib/postgresql/data/made POSTGRES_PASSWORD_FILE=/run/secrets/stellar-escrow/POSTGRES_PASSWORD POSTGRES_INITDB_ARGS="--auth-host=scram-sha-256 --auth-local=peer --data-checksums"
start() { stand-in-entrypoint.sh -c listen_addresses= -c "cluster_name=it's ours" & server=$!; }
answer() { for _ in $(seq 200); do [ "$(head -n 8 $PGDATA/postmaster.pid 2>/dev/null | tail -n 1 | tr -d ' ')" = ready ] && [ "$(head -n 1 $PGDATA/postmaster.pid)" = "$server" ] && break; sleep 0.1; done; psql -X -A -t -U postgres -c "$1"; }
start
answer "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = 'stellarescrow'"
answer "SELECT pg_get_userbyid(datdba), current_setting('data_checksums'), current_setting('cluster_name') FROM pg_database WHERE datname = 'stellarescrow'"
kill -INT $server; wait $server
start
answer "SELECT 'again', version()"
kill -INT $server; wait $server`
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := c.run(ctx, "999:999", volumes, script)
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"running /docker-entrypoint-initdb.d/10-user.sh", "\nf|f\n", "\nstellarescrow|on|it's ours\n", "\nagain|PostgreSQL 15"} {
		if !strings.Contains(out, want) {
			t.Errorf("it did not say %q: %s", want, out)
		}
	}
	if strings.Count(out, "running /docker") != 1 {
		t.Errorf("its second start made the database again: %s", out)
	}
	if out, err := c.run(ctx, "999:999", nil, "PGDATA=/tmp/other stand-in-entrypoint.sh postgres"); err == nil {
		t.Errorf("it started without a password: %s", out)
	}
}

// TestArchivesSayWhatTheyAre: everybody who reads one finds the same image under its name, and a stand-in says that it is one.
func TestArchivesSayWhatTheyAre(t *testing.T) {
	building(t)
	for _, name := range []string{"redis", "client"} {
		image := Build(t, name)[name]
		entries := map[string][]byte{}
		f, err := os.Open(image.Archive)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for r := tar.NewReader(f); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if entries[h.Name], err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
		var in index
		var docker []struct {
			Config   string
			RepoTags []string
			Layers   []string
		}
		if err := errors.Join(json.Unmarshal(entries["index.json"], &in), json.Unmarshal(entries["manifest.json"], &docker)); err != nil {
			t.Fatal(err)
		}
		if len(in.Manifests) != 1 || in.Manifests[0].Digest != image.Digest || in.Manifests[0].Annotations["io.containerd.image.name"] != image.Reference {
			t.Errorf("%s: the index has %+v, and Build said %+v", name, in.Manifests, image)
		}
		if len(docker) != 1 || len(docker[0].RepoTags) != 1 || docker[0].RepoTags[0] != image.Reference || entries[docker[0].Config] == nil || entries[docker[0].Layers[0]] == nil {
			t.Errorf("%s: docker load would find %+v", name, docker)
		}
		var config struct {
			Config struct{ Labels map[string]string }
		}
		if err := json.Unmarshal(entries[docker[0].Config], &config); err != nil {
			t.Fatal(err)
		}
		if says := strings.Contains(config.Config.Labels["org.opencontainers.image.title"], "stand-in"); says != (name == "redis") {
			t.Errorf("%s: its labels are %v", name, config.Config.Labels)
		}
	}
}

func TestUnknownImagesAreRefused(t *testing.T) {
	if _, err := newWorkshop(t).image(t.Context(), "grafana"); err == nil || !strings.Contains(err.Error(), "none of the stack's: api, client, indexer, backup, alertmanager") {
		t.Errorf("grafana: %v", err)
	}
}

// TestSlowProgramsAreMissingUntilPrepared: a test never waits for them.
func TestSlowProgramsAreMissingUntilPrepared(t *testing.T) {
	var missing *missingError
	if err := loki.present(t.TempDir()); !errors.As(err, &missing) || !strings.Contains(err.Error(), "go run ./test/parts/images/prepare") {
		t.Errorf("loki that nobody has built: %v", err)
	}
}

// TestStandInsHaveTheVersionsOfTheLock holds what is built from modules against images/lock.json.
func TestStandInsHaveTheVersionsOfTheLock(t *testing.T) {
	root, err := parts.Repository()
	if err != nil {
		t.Fatal(err)
	}
	text, err := fs.ReadFile(os.DirFS(root), "images/lock.json")
	if err != nil {
		t.Fatal(err)
	}
	for repository, p := range map[string]program{"docker.io/prom/alertmanager:": alertmanager, "docker.io/grafana/loki:": loki} {
		if !strings.Contains(string(text), repository+p.version+`"`) && !strings.Contains(string(text), repository+strings.TrimPrefix(p.version, "v")+`"`) {
			t.Errorf("the stand-in for %s is %s, and images/lock.json has another version", repository, p.version)
		}
	}
}
