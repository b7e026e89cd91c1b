package compose_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
)

const file = "docker-compose.yml"

func tree(texts ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i := 0; i < len(texts); i += 2 {
		files[texts[i]] = &fstest.MapFile{Data: []byte(texts[i+1])}
	}
	return files
}

func TestTheModelIsWhatComposeMakesOfIt(t *testing.T) {
	files := tree(file, `
name: shop
x-safe: &safe
  read_only: true
  security_opt: ["no-new-privileges:true"]
services:
  store:
    <<: *safe
    image: ${STORE:-store:1}
    ports:
      - "127.0.0.1:5432:5432"
      - 80
    environment: {PASSWORD_FILE: /run/secrets/P}
  app:
    extends: {service: store}
    image: app:${TAG}
    profiles: [later]
`, "over.yml", `
services:
  store:
    ports: !override
      - "8080:80"
`)
	p, err := compose.Load(t.Context(), files, map[string]string{"TAG": "3"}, file)
	if err != nil {
		t.Fatal(err)
	}
	store, app := p.Model.Services["store"], p.Model.Services["app"]
	if p.Model.Name != "shop" || !store.ReadOnly || store.Image != "store:1" || app.Image != "app:3" || !app.ReadOnly || len(store.Ports) != 2 || store.Ports[0].HostIP != "127.0.0.1" ||
		store.Ports[1].HostIP != "" {
		t.Errorf("%+v", p.Model)
	}
	for path, line := range map[string]int{"services.store.ports.1": 12, "services.store.read_only": 4, "services.store.image": 9, "services.app.profiles.0": 17, "services.store.pids_limit": 7, "nothing": 1} {
		if at := p.At(strings.Split(path, ".")...); at.File != file || at.Line != line {
			t.Errorf("%s is at %s, want line %d", path, at, line)
		}
	}
	p, err = compose.Load(t.Context(), files, nil, file, "over.yml")
	if err != nil {
		t.Fatal(err)
	}
	if ports := p.Model.Services["store"].Ports; len(ports) != 1 || ports[0].Published != "8080" || p.At("services", "store", "ports", "0").String() != "over.yml:5" {
		t.Errorf("overridden: %+v at %s", ports, p.At("services", "store", "ports", "0"))
	}
}

func TestMissingVariablesAreNamed(t *testing.T) {
	files := tree(file, `
x-required: ["${B:?say b}", "${A?say a}", "${C:-${D:?say d}}"]
services:
  s: {image: "s:$E", labels: {x: "$${F:?no}", y: "${G:-}"}}
`)
	var missing *compose.MissingError
	_, err := compose.Load(t.Context(), files, map[string]string{"B": ""}, file)
	if !errors.As(err, &missing) || !strings.Contains(err.Error(), "no value for A, B, D") || !strings.Contains(err.Error(), file) {
		t.Fatalf("%v", err)
	}
	if at := missing.Variables[0].At; at.String() != file+":2" {
		t.Errorf("A is at %s", at)
	}
	if _, err := compose.Load(t.Context(), files, map[string]string{"A": "1", "B": "2", "D": "3"}, file); err != nil {
		t.Error(err)
	}
	all, err := compose.Variables(files, file)
	var names []string
	for _, v := range all {
		names = append(names, v.Name)
	}
	if strings.Join(names, " ") != "A B C D E G" || err != nil {
		t.Errorf("%v %v", names, err)
	}
}

// TestNothingOfTheMachine: an audit is of the files, whatever this process has in its environment or the tree in its .env.
func TestNothingOfTheMachine(t *testing.T) {
	t.Setenv("FROM_THE_MACHINE", "yes")
	secret := filepath.Join(t.TempDir(), "outside.yml")
	if err := os.WriteFile(secret, []byte("services: {s: {image: outside}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	files := tree(".env", "FROM_THE_FILE=yes", file, `
services:
  s:
    image: "a:${FROM_THE_MACHINE:-no}-${FROM_THE_FILE:-no}"
    env_file: `+secret+`
    environment: [FROM_THE_MACHINE]
    volumes: ["~/x:/x", "./y:/y"]
`)
	p, err := compose.Load(t.Context(), files, nil, file)
	if err != nil {
		t.Fatal(err)
	}
	s := p.Model.Services["s"]
	if s.Image != "a:no-no" || s.Environment["FROM_THE_MACHINE"] != nil || len(s.EnvFiles) != 1 || s.Volumes[0].Source != "~/x" || s.Volumes[1].Source != "./y" {
		t.Errorf("%+v", s)
	}
	for what, text := range map[string]string{
		"include":       "include: [" + secret + "]\nservices: {s: {image: a}}",
		"extends":       "services: {s: {extends: {file: " + secret + ", service: s}}}",
		"merged":        "x: &x {extends: {service: s, <<: {file: " + secret + "}}}\nservices: {t: {<<: *x}}",
		"label_file":    "services: {s: {image: a, label_file: " + secret + "}}",
		"a later label": "services: {s: {<<: [{image: a}, {label_file: [" + secret + "]}]}}",
	} {
		if _, err := compose.Load(t.Context(), tree(file, text), nil, file); !errors.Is(err, compose.ErrNotFollowed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestBadFilesGiveAnErrorWithinBounds(t *testing.T) {
	var laughs strings.Builder
	laughs.WriteString("x0: &x0 [a, a, a, a, a, a, a, a, a]\n")
	for i := 1; i < 12; i++ {
		ref := "*x" + string(rune('a'+i-1))
		if i == 1 {
			ref = "*x0"
		}
		laughs.WriteString("x" + string(rune('a'+i)) + ": &x" + string(rune('a'+i)) + " [" + strings.Repeat(ref+", ", 9) + "]\n")
	}
	var keys, tower strings.Builder
	keys.WriteString("x-many:\n")
	for i := range 50_000 {
		keys.WriteString("  k" + strings.Repeat("i", i%7) + string(rune('a'+i%26)) + ": \"" + string(rune('a'+i%26)) + "\"\n")
	}
	tower.WriteString("x-0: &t0 {a: b}\n")
	for i := range 200 {
		n := []byte{byte('a' + i/26), byte('a' + i%26)}
		before := "t0"
		if i > 0 {
			before = string([]byte{byte('a' + (i-1)/26), byte('a' + (i-1)%26)})
		}
		tower.WriteString("x-" + string(n) + ": &" + string(n) + " {a: *" + before + "}\n")
	}
	for what, c := range map[string]struct{ text, want string }{
		"empty":               {" \n", "is empty"},
		"no YAML":             {"services: [", "docker-compose.yml"},
		"half written":        {"services:\n  a:\n    image: x\n   ports: [", "docker-compose.yml"},
		"a list":              {"- a\n- b", "no mapping"},
		"a number":            {"3", "no mapping"},
		"two documents":       {"services: {a: {image: a}}\n---\nservices: {b: {image: b}}", "second document"},
		"a key twice":         {"services:\n  a: {image: x}\n  a: {image: y}", "already defined"},
		"a key twice, deeper": {"services:\n  a: {image: x, image: y}", "already defined"},
		"no such attribute":   {"services: {a: {imagine: x}}", "imagine"},
		"a wrong type":        {"services: {a: {image: x, read_only: [3]}}", "read_only"},
		"no such network":     {"services: {a: {image: x, networks: [n]}}", "undefined network"},
		"billion laughs":      {laughs.String(), "aliases written out"},
		"an alias to itself":  {"x-a: &a [*a]\nservices: {a: {image: x}}", "alias"},
		"deep":                {"x-d: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000), "levels"},
		"a tower of aliases":  {tower.String(), "levels"},
		"many keys":           {keys.String(), "keys"},
		"a long text":         {"x-t: \"" + strings.Repeat("a", 70_000) + "\"", "a text of more than"},
		"many variables":      {"x-t: \"" + strings.Repeat("${A:-", 300) + strings.Repeat("}", 300) + "\"", "variables"},
		"large":               {"x-t: [" + strings.Repeat("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", ", 30_000) + "]", "more than 1048576 bytes"},
		"null services":       {"services: null", "docker-compose.yml"},
		"a bad variable":      {"services: {a: {image: \"${\"}}", "docker-compose.yml"},
	} {
		began := time.Now()
		_, err := compose.Load(t.Context(), tree(file, c.text), nil, file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %.300v, want it to say %q and the file", what, err, c.want)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: took %s", what, took)
		}
	}
	for what, files := range map[string]fs.FS{"none": tree(), "a folder": tree(file+"/x", "y")} {
		if _, err := compose.Load(t.Context(), files, nil, file); err == nil {
			t.Errorf("%s is read", what)
		}
	}
	if _, err := compose.Load(t.Context(), tree(file, "services: {}"), nil); err == nil {
		t.Error("no file at all is a project")
	}
}

// TestTheObsoleteVersion is in most files that are older than 2023; compose-go tells of it on standard error, once a process.
func TestTheObsoleteVersion(t *testing.T) {
	p, err := compose.Load(t.Context(), tree(file, "version: '3.8'\nservices:\n  a:\n    image: x\n"), nil, file)
	if err != nil {
		t.Fatal(err)
	}
	if at := p.At("services", "a", "image"); p.Model.Services["a"].Image != "x" || at.Line != 4 {
		t.Errorf("%v at %s", p.Model.Services, at)
	}
}

func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"services: {a: {image: \"${A:?x}\", ports: [\"1:2\", {target: 3}]}}", "x: &x {a: [b]}\nservices: {s: {<<: *x, image: y, networks: {n: }}}\nnetworks: {n: {internal: true}}",
		"services: {a: {image: x, ports: !reset [], volumes: [a:/b:ro], secrets: [s]}}\nsecrets: {s: {environment: E}}\nvolumes: {a: {}}", "version: 3\nservices: {a: {build: .}}",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := compose.Load(t.Context(), tree(file, text), map[string]string{"A": "a"}, file)
		if (err == nil) != (p != nil) {
			t.Fatalf("%v %v", p, err)
		}
		if p != nil {
			for name := range p.Model.Services {
				p.At("services", name)
			}
		}
	})
}
