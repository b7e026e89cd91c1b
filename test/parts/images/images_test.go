//go:build unix

package images

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/Abdullahi130/StellarEscrow/internal/images"
)

// stack is given where the stacks are tested: what builds images takes minutes.
var stack = flag.Bool("stack", false, "build the images: some minutes")

func building(t *testing.T) {
	t.Helper()
	if !*stack {
		t.Skip("it builds images, which takes minutes: go test ./test/parts/images -stack")
	}
}

// elsewhere is a workshop whose tree is a copy in a folder of another name, with other times and modes, and which keeps nothing for anybody else. What was compiled
// it shares: whether compiling is reproducible shows where its result is compared with the machine's own.
func elsewhere(t *testing.T, folder string, mode os.FileMode) *workshop {
	t.Helper()
	w := newWorkshop(t)
	from := w.root
	w.root, w.cache = filepath.Join(t.TempDir(), folder), t.TempDir()
	if err := copyContext(from, w.root); err != nil {
		t.Fatal(err)
	}
	for _, name := range ours {
		if err := copyFile(filepath.Join(from, "images", name, "Dockerfile"), filepath.Join(w.root, "images", name, "Dockerfile"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC).Add(time.Duration(mode) * time.Hour)
	err := filepath.WalkDir(w.root, func(file string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return errors.Join(os.Chmod(file, mode), os.Chtimes(file, long, long))
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w
}

// TestTwoBuildsInTwoPlacesAreOneImage builds an image of ours twice, and its program once more without any container.
func TestTwoBuildsInTwoPlacesAreOneImage(t *testing.T) {
	building(t)
	const name = "client"
	one := elsewhere(t, "here", 0o644)
	first, err := one.image(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	other := elsewhere(t, "quite/another/place", 0o600)
	// The same tree, whatever is worked on meanwhile.
	if err := os.RemoveAll(other.root); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(other.root, os.DirFS(one.root)); err != nil {
		t.Fatal(err)
	}
	second, err := other.image(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if first.Digest != second.Digest {
		t.Errorf("the same tree in two places gave %s and %s", first.Digest, second.Digest)
	}
	if a, b := read(t, first.Archive), read(t, second.Archive); !bytes.Equal(a, b) {
		t.Error("their archives differ")
	}
	root := unpack(t, first)
	if inside, outside := root["stellarescrow"].content, compile(t, one.root, name); !bytes.Equal(inside, outside) {
		t.Errorf("the program in the image (%d bytes) is not the one that the same command makes on the machine (%d bytes)", len(inside), len(outside))
	}

	// And it can be told: another tree is another image.
	page := filepath.Join(other.root, "cmd/stellarescrow/main.go")
	if err := os.WriteFile(page, append(read(t, page), "\nvar _ = func() { println(1) }\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if key, err := other.recipe(t.Context(), name); err != nil {
		t.Fatal(err)
	} else if _, there := other.kept(name, key.key); there {
		t.Error("after a change of the program the old image is handed out")
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// compile runs the Dockerfile's own go build on the machine, in its own cache and with its own settings.
func compile(t *testing.T, root, name string) []byte {
	t.Helper()
	dockerfile := string(read(t, filepath.Join(root, "images", name, "Dockerfile")))
	env := regexp.MustCompile(`(?m)^ENV (.*)$`).FindStringSubmatch(dockerfile)
	command := regexp.MustCompile(`(?m)^RUN (go build .*) -o \S+ (\./cmd/\w+)`).FindStringSubmatch(dockerfile)
	if env == nil || command == nil {
		t.Fatalf("the Dockerfile of %s says no settings or no go build:\n%s", name, dockerfile)
	}
	out := filepath.Join(t.TempDir(), "program")
	cmd := exec.CommandContext(t.Context(), "nice", "-n", "10", "sh", "-c", command[1]+" -o '"+out+"' "+command[2])
	cmd.Dir = root
	cmd.Env = append(os.Environ(), strings.Fields(env[1])...)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", command[0], err, said)
	}
	return read(t, out)
}

// entry is one of an image's root.
type entry struct {
	mode     int64
	uid, gid int
	content  []byte
}

// unpack is what the layers of an image come to, by names without slashes around them. Links are refused: no image of ours has one.
func unpack(t *testing.T, image Image) map[string]entry {
	t.Helper()
	all := map[string]entry{}
	for _, layer := range layers(t, image) {
		stream, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Close()
		for r := tar.NewReader(stream); ; {
			h, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeDir || strings.Contains(path.Base(h.Name), ".wh.") {
				t.Errorf("%s: %s is of type %c", image.Name, h.Name, h.Typeflag)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if !h.ModTime.Equal(time.Unix(1767225600, 0)) {
				t.Errorf("%s: %s is of %s", image.Name, h.Name, h.ModTime)
			}
			all[strings.Trim(path.Clean("/"+h.Name), "/")] = entry{mode: h.Mode & 0o7777, uid: h.Uid, gid: h.Gid, content: text}
		}
	}
	return all
}

func layers(t *testing.T, image Image) []v1.Layer {
	t.Helper()
	content, err := tarball.ImageFromPath(image.Archive, nil)
	if err != nil {
		t.Fatal(err)
	}
	all, err := content.Layers()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestOurImagesHoldTheProgramAndNothingElse looks at what was built: no shell, no library, no file that nobody has named, a user by number.
func TestOurImagesHoldTheProgramAndNothingElse(t *testing.T) {
	building(t)
	authorities, err := roots()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range ours {
		t.Run(name, func(t *testing.T) {
			program := map[string]string{"backup": "escrowctl"}[name]
			if program == "" {
				program = "stellarescrow"
			}
			want := map[string]int64{program: 0o555, "etc": 0o555, "etc/ssl": 0o555, "etc/ssl/certs": 0o555, "etc/ssl/certs/ca-certificates.crt": 0o444, "etc/passwd": 0o444}
			if name == "backup" {
				want["backups"] = 0o700
			}
			image := Build(t, name)[name]
			root := unpack(t, image)
			delete(root, "") // the root itself, which some layers name
			if got := slices.Sorted(maps.Keys(root)); !slices.Equal(got, slices.Sorted(maps.Keys(want))) {
				t.Fatalf("it holds %q, want %q", got, slices.Sorted(maps.Keys(want)))
			}
			for file, mode := range want {
				uid := map[string]int{"backups": 65532}[file]
				if e := root[file]; e.mode != mode || e.uid != uid || e.gid != uid {
					t.Errorf("%s has mode %o of %d:%d, want %o of %d", file, e.mode, e.uid, e.gid, mode, uid)
				}
			}
			if got, want := string(root["etc/passwd"].content), program+":x:65532:65532::/:/sbin/nologin\n"; got != want {
				t.Errorf("passwd is %q, want %q", got, want)
			}
			if !bytes.Equal(root["etc/ssl/certs/ca-certificates.crt"].content, authorities) {
				t.Error("its authorities are others than the builder's")
			}
			content, err := tarball.ImageFromPath(image.Archive, nil)
			if err != nil {
				t.Fatal(err)
			}
			config, err := content.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if c := config.Config; c.User != "65532:65532" || !slices.Equal(c.Entrypoint, []string{"/" + program}) || !slices.Equal(c.Cmd, []string{name}) {
				t.Errorf("user %q, entrypoint %q, command %q", c.User, c.Entrypoint, c.Cmd)
			}
			checkBill(t, image, root[program].content)
		})
	}
}

// checkBill holds the bill of an image against what go itself says about the program in it.
func checkBill(t *testing.T, image Image, program []byte) {
	t.Helper()
	opened, err := images.OpenArchive(image.Archive)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Digest != image.Digest || opened.Name != image.Reference {
		t.Errorf("the archive is opened as %s %s, and was built as %s %s", opened.Name, opened.Digest, image.Reference, image.Digest)
	}
	var out bytes.Buffer
	if err := images.WriteBill(&out, opened); err != nil {
		t.Fatal(err)
	}
	var bom struct {
		Components []struct{ Type, Name, Version string }
	}
	if err := json.Unmarshal(out.Bytes(), &bom); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := exec.CommandContext(t.Context(), "go", "version", "-m", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range regexp.MustCompile(`(?m)^\tdep\t(\S+)\t(\S+)`).FindAllStringSubmatch(string(said), -1) {
		want = append(want, m[1]+" "+m[2])
	}
	for _, c := range bom.Components {
		if c.Type == "library" && c.Name != "std" {
			got = append(got, c.Name+" "+c.Version)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) < 20 || !slices.Equal(got, want) {
		t.Errorf("the bill has %d modules, and the program %d: %v, %v", len(got), len(want), got, want)
	}
}

// TestKeptImagesAreHandedOutAtOnce asks for all that can be had, twice.
func TestKeptImagesAreHandedOutAtOnce(t *testing.T) {
	building(t)
	names := []string{"client", "nginx", "postgres", "redis", "secrets", "prometheus", "alertmanager"}
	first := Build(t, names...)
	made := func() (times []time.Time) {
		for _, name := range names {
			info, err := os.Stat(strings.TrimSuffix(first[name].Archive, ".tar") + ".json") // written behind each build
			if err != nil {
				t.Fatal(err)
			}
			times = append(times, info.ModTime())
		}
		return times
	}
	before := made()
	again := Build(t, names...)
	if after := made(); !slices.EqualFunc(before, after, time.Time.Equal) {
		t.Errorf("%v were made at %v, and again at %v", names, before, after)
	}
	for _, name := range names {
		if first[name] != again[name] || first[name].Reference != fmt.Sprintf("localhost/stellar-escrow/%s:test", name) {
			t.Errorf("%s: first %+v, then %+v", name, first[name], again[name])
		}
	}
}
