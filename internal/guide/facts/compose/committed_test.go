package compose_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
)

// root is the checkout that this test is part of.
func root() fs.FS { return os.DirFS("../../../..") }

const dev = "docker-compose.dev.yml"

// ours is the committed project with a stand-in for each variable that it requires.
func ours(t *testing.T, files ...string) *compose.Project {
	t.Helper()
	all, err := compose.Variables(root(), files...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := compose.Load(t.Context(), root(), compose.StandIns(all), files...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestEachPort is the list of what is published, and to whom (docs/guide.md N8).
func TestEachPort(t *testing.T) {
	world := map[string]string{
		"nginx 0.0.0.0:80 8080": "", "nginx 0.0.0.0:443 8443": "", "postgres 127.0.0.1:5432 5432": "", "redis 127.0.0.1:6379 6379": "", "prometheus 127.0.0.1:9090 9090": "",
		"alertmanager 127.0.0.1:9093 9093": "", "grafana 127.0.0.1:3002 3000": "", "loki 127.0.0.1:3100 3100": "",
	}
	published := func(p *compose.Project) (all []string) {
		for name, s := range p.Model.Services {
			for _, port := range s.Ports {
				host := port.HostIP
				if host == "" {
					host = "0.0.0.0"
				}
				all = append(all, name+" "+host+":"+port.Published+" "+itoa(port.Target))
			}
		}
		slices.Sort(all)
		return all
	}
	if got, want := published(ours(t, file)), slices.Sorted(maps.Keys(world)); !slices.Equal(got, want) {
		t.Errorf("published:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, p := range published(ours(t, file, dev)) {
		if !strings.Contains(p, " 127.0.0.1:") {
			t.Errorf("on a developer's machine others reach %s", p)
		}
	}
}

func itoa(n uint32) string {
	text, _ := json.Marshal(n) // a number is always text
	return string(text)
}

// TestEachServiceIsHardened: docs/guide.md N10, with the exceptions that the file gives reasons for.
func TestEachServiceIsHardened(t *testing.T) {
	writable := []string{"secrets"}
	numbers := regexp.MustCompile(`^[1-9][0-9]*:[1-9][0-9]*$`)
	for _, files := range [][]string{{file}, {file, dev}} {
		p := ours(t, files...)
		if len(p.Model.Services) != 13 {
			t.Errorf("%d services", len(p.Model.Services))
		}
		for name, s := range p.Model.Services {
			wrong := map[string]bool{
				"its root can be written":     s.ReadOnly == slices.Contains(writable, name),
				"it may gain privileges":      !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}),
				"it keeps capabilities":       !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged,
				"no user by number":           !numbers.MatchString(s.User),
				"no bound on processes":       s.PidsLimit < 1 || s.PidsLimit > 256,
				"no bound on memory":          s.MemLimit < 16<<20 || s.MemLimit > 1<<30,
				"the machine's own namespace": s.NetworkMode == "host" || s.Pid != "" || s.Ipc != "" || s.UserNSMode != "" || s.Uts != "" || s.Cgroup != "",
				"a device":                    len(s.Devices) > 0,
				"no restart policy":           s.Restart != "unless-stopped" && name != "backup",
				"logs without an end":         s.Logging == nil || s.Logging.Options["max-size"] == "" || s.Logging.Options["max-file"] == "",
				"no health":                   (s.HealthCheck == nil || len(s.HealthCheck.Test) == 0) && name != "backup",
			}
			for what, is := range wrong {
				if is {
					t.Errorf("%s: %s (%s)", name, what, p.At("services", name))
				}
			}
			for _, m := range s.Tmpfs {
				for _, want := range []string{"size=", "mode=", "uid=", "noexec", "nosuid", "nodev"} {
					if !strings.Contains(m, want) {
						t.Errorf("%s: tmpfs %s has no %s", name, m, want)
					}
				}
			}
			for _, v := range s.Volumes {
				if v.Type == types.VolumeTypeBind && !v.ReadOnly || strings.Contains(v.Source, "docker.sock") {
					t.Errorf("%s can write %s of the machine", name, v.Source)
				}
				if strings.HasPrefix(v.Source, "secrets-") && !v.ReadOnly && name != "secrets" {
					t.Errorf("%s can write its secrets", name)
				}
			}
		}
	}
}

// TestTheNetworksRepeatTheTable compares who shares a network with whom with the guide's table (docs/guide.md N2 to N7), both ways.
func TestTheNetworksRepeatTheTable(t *testing.T) {
	pairs := map[string]string{ // with why
		"client nginx": "N2", "api nginx": "N3", "api postgres": "N3, N5", "api indexer": "N3, N4", "indexer postgres": "N4, N5", "indexer redis": "N4, N6", "backup postgres": "N5",
		"indexer prometheus": "N4, N7",
		"api prometheus":     "M1, M3, M8", "nginx prometheus": "M3, M6, M7", "alertmanager prometheus": "M11", "grafana prometheus": "what it shows", "grafana loki": "what it shows",
	}
	p := ours(t, file)
	on := map[string][]string{} // services of a network
	for name, s := range p.Model.Services {
		for n := range s.Networks {
			on[n] = append(on[n], name)
		}
		switch name {
		case "secrets":
			if s.NetworkMode != "none" {
				t.Errorf("secrets has a network: %q", s.NetworkMode)
			}
		case "refusals":
			if s.NetworkMode != "service:nginx" {
				t.Errorf("others than nginx can tell refusals something: %q", s.NetworkMode)
			}
		default:
			if s.NetworkMode != "" || len(s.Networks) == 0 {
				t.Errorf("%s: mode %q, networks %v", name, s.NetworkMode, s.Networks)
			}
		}
	}
	seen := map[string]bool{}
	for network, members := range on {
		slices.Sort(members)
		n, declared := p.Model.Networks[network]
		switch {
		case !declared:
			t.Errorf("%s is not declared", network)
		case len(members) == 2:
			pair := strings.Join(members, " ")
			if pairs[pair] == "" || seen[pair] {
				t.Errorf("%s joins %s: not in the table, or twice", network, pair)
			}
			if seen[pair] = true; !n.Internal {
				t.Errorf("%s has a way out", network)
			}
		case len(members) != 1:
			t.Errorf("%s joins %v: a network is of two", network, members)
		case strings.HasSuffix(network, "-local"):
			if n.Internal || n.DriverOpts["com.docker.network.bridge.enable_ip_masquerade"] != "false" || !strings.HasPrefix(network, members[0]) {
				t.Errorf("%s: %v of %v", network, n.DriverOpts, members)
			}
		case !slices.Contains([]string{"nginx", "indexer", "alertmanager"}, members[0]):
			t.Errorf("%s has a way out: %s", members[0], network)
		case n.DriverOpts["com.docker.network.bridge.name"] == "":
			t.Errorf("%s has no name on the machine for its firewall", network)
		}
	}
	for pair, why := range pairs {
		if !seen[pair] {
			t.Errorf("%s share no network (%s)", pair, why)
		}
	}
	for name := range p.Model.Networks {
		if len(on[name]) == 0 {
			t.Errorf("nobody is on %s", name)
		}
	}
}

// TestSecretsAreFiles: no container has one in its environment, and each part has its own folder with its own values.
func TestSecretsAreFiles(t *testing.T) {
	p := ours(t, file, dev)
	for name, s := range p.Model.Services {
		for variable, value := range s.Environment {
			secret := regexp.MustCompile(`PASSWORD|SECRET|KEY|TOKEN|DATABASE_URL|CONTRACT_ID`).MatchString(variable)
			if value == nil || strings.Contains(*value, "stand-in-for-") && variable != "NETWORK_PASSPHRASE" || secret && !strings.HasPrefix(*value, "/run/secrets/") {
				t.Errorf("%s has %s in its environment", name, variable)
			}
		}
		for _, used := range append(append(slices.Clone(s.Command), s.Entrypoint...), s.Labels.AsList()...) {
			if strings.Contains(used, "stand-in-for-") {
				t.Errorf("%s shows a value to everybody: %s", name, used)
			}
		}
		if len(s.Secrets) > 0 && name != "secrets" {
			t.Errorf("%s takes secrets from Compose, which cannot write into a read-only container", name)
		}
		mounted := slices.DeleteFunc(slices.Clone(s.Volumes), func(v types.ServiceVolumeConfig) bool { return !strings.HasPrefix(v.Source, "secrets-") })
		if len(mounted) > 1 && name != "secrets" || len(mounted) == 1 && mounted[0].Source != "secrets-"+name {
			t.Errorf("%s mounts %v", name, mounted)
		}
		if _, waits := s.DependsOn["secrets"]; len(mounted) == 1 && !waits {
			t.Errorf("%s starts before its secrets are there", name)
		}
	}
	for name, v := range p.Model.Volumes {
		if strings.HasPrefix(name, "secrets-") != (v.DriverOpts["type"] == "tmpfs") {
			t.Errorf("volume %s: %v", name, v.DriverOpts)
		}
	}
}

// TestWhatMustBeFilledIn: docs/guide.md S9, S11, N9. Each variable that is required is asked for in .env.example, with no value, and without one it is named.
func TestWhatMustBeFilledIn(t *testing.T) {
	want := []string{"ADMIN_KEYS", "ALERT_CRITICAL_URL", "ALERT_WARNING_URL", "API_KEYS", "CONTRACT_ID", "GRAFANA_ADMIN_PASSWORD", "NETWORK_PASSPHRASE", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "RELAY_SECRET", "STELLAR_RPC_URLS"}
	_, err := compose.Load(t.Context(), root(), nil, file)
	var missing *compose.MissingError
	if !errors.As(err, &missing) {
		t.Fatalf("it starts without anything: %v", err)
	}
	var names []string
	for _, v := range missing.Variables {
		names = append(names, v.Name)
	}
	if !slices.Equal(names, want) {
		t.Errorf("required: %v, want %v", names, want)
	}
	for _, name := range want {
		values := map[string]string{}
		for _, other := range want {
			values[other] = "stand-in"
		}
		delete(values, name)
		if _, err := compose.Load(t.Context(), root(), values, file); err == nil || !strings.HasSuffix(err.Error(), "no value for "+name) {
			t.Errorf("without %s: %v", name, err)
		}
	}

	text, err := fs.ReadFile(root(), ".env.example")
	if err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{} // and whether it is required
	required, comment := false, ""
	for lines := bufio.NewScanner(strings.NewReader(string(text))); lines.Scan(); {
		line := lines.Text()
		switch name, value, isSet := strings.Cut(line, "="); {
		case strings.HasPrefix(line, "# ----"):
			required, comment = strings.Contains(line, "required"), ""
		case strings.HasPrefix(line, "#"):
			comment += line
		case line == "":
			comment = ""
		case !isSet || value != "" || comment == "":
			t.Errorf(".env.example: %q: a name, no value, and a comment before it", line)
		default:
			if _, twice := asked[name]; twice {
				t.Errorf(".env.example asks for %s twice", name)
			}
			asked[name] = required
		}
	}
	p := ours(t, file)
	used := map[string]bool{}
	for _, v := range p.Variables {
		used[v.Name] = true
	}
	for _, s := range p.Model.Secrets {
		used[s.Environment] = true
	}
	for name := range used {
		if _, ok := asked[name]; !ok && !strings.HasPrefix(name, "IMAGE_") && name != "BACKUPS" {
			t.Errorf(".env.example does not ask for %s", name)
		}
	}
	for name, required := range asked {
		if !used[name] {
			t.Errorf(".env.example asks for %s, which nothing uses", name)
		}
		if required != slices.Contains(want, name) {
			t.Errorf(".env.example calls %s required: %t", name, required)
		}
	}
}

// TestImagesComeFromTheLock: what is not built here is images/lock.json's, in the words of its reference, and the builders are too.
func TestImagesComeFromTheLock(t *testing.T) {
	text, err := fs.ReadFile(root(), "images/lock.json")
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Images []struct{ Name, Reference, Digest string }
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		t.Fatal(err)
	}
	unused := map[string]bool{}
	for _, i := range lock.Images {
		unused[i.Reference] = true
		if !regexp.MustCompile(`^(sha256:[0-9a-f]{64})?$`).MatchString(i.Digest) || !regexp.MustCompile(`^[a-z.]+/[a-z/]+:[0-9A-Za-z.-]+$`).MatchString(i.Reference) {
			t.Errorf("%+v", i)
		}
	}
	known := maps.Clone(unused)
	p := ours(t, file)
	built := map[string]string{"api": "/stellarescrow", "client": "/stellarescrow", "indexer": "/stellarescrow", "backup": "/escrowctl"}
	for name, s := range p.Model.Services {
		if built[name] == "" && name != "refusals" {
			if !known[s.Image] {
				t.Errorf("%s: %s is not in the lock", name, s.Image)
			}
			delete(unused, s.Image)
			continue
		}
		if name != "refusals" && (s.Build == nil || s.Build.Dockerfile != "images/"+name+"/Dockerfile" || s.Image != "stellar-escrow-"+name+":latest") {
			t.Errorf("%s: %s built by %+v", name, s.Image, s.Build)
		}
	}
	for name, program := range built {
		text, err := fs.ReadFile(root(), "images/"+name+"/Dockerfile")
		if err != nil {
			t.Fatal(err)
		}
		builder := regexp.MustCompile(`(?m)^ARG GO_IMAGE=(\S+)$`).FindSubmatch(text)
		if builder == nil || !known[string(builder[1])] {
			t.Errorf("%s: its builder %q is not in the lock", name, builder)
			continue
		}
		delete(unused, string(builder[1]))
		_, final, _ := strings.Cut(string(text), "\nFROM scratch\n")
		for _, line := range strings.Split(strings.TrimSpace(final), "\n") {
			word, rest, _ := strings.Cut(line, " ")
			if !slices.Contains([]string{"#", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}, word) || word == "COPY" && !strings.HasPrefix(rest, "--from=build ") {
				t.Errorf("%s: the final stage has %q", name, line)
			}
		}
		for _, want := range []string{"\nUSER 65532:65532\n", "\nENTRYPOINT [\"" + program + "\"]\n", "\nHEALTHCHECK "} {
			if !strings.Contains(final, want) {
				t.Errorf("%s: the final stage has no %q", name, want)
			}
		}
		for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-buildvcs=false", "-buildid=", "GOTOOLCHAIN=local"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s is not built with %s", name, want)
			}
		}
	}
	if len(unused) > 0 {
		t.Errorf("in the lock and used by nothing: %v", slices.Sorted(maps.Keys(unused)))
	}
}

// TestWhatIsMountedIsThere: a bind mount of a file that is not there would make a folder of that name.
func TestWhatIsMountedIsThere(t *testing.T) {
	for name, s := range ours(t, file).Model.Services {
		for _, v := range s.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := fs.Stat(root(), strings.TrimPrefix(v.Source, "./")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
