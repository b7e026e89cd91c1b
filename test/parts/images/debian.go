//go:build unix

package images

import (
	"bufio"
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// leftOut is what no image needs of a package: it needs what it runs and reads, and settings are its own.
var leftOut = []string{"/etc/", "/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/lintian/", "/usr/share/bash-completion/", "/usr/share/bug/",
	"/usr/share/info/", "/usr/lib/systemd/", "/lib/systemd/", "/var/", "/run/"}

// compiler is PostgreSQL's, which does without; it is larger than all else.
var compiler = regexp.MustCompile(`^/usr/lib/postgresql/[0-9]+/lib/(bitcode/|llvmjit)`)

// versionOf is the version in the name of the package that a package of Debian's depends on: 15 of postgresql, where that is postgresql-15.
func versionOf(ctx context.Context, name string) (string, error) {
	out, err := exec.CommandContext(ctx, "dpkg-query", "--show", "--showformat=${Depends}", name).Output()
	version := regexp.MustCompile(regexp.QuoteMeta(name) + `-([0-9]+)`).FindSubmatch(out)
	if err != nil || version == nil { // dpkg-query is not there, or does not know it, or only one with a version is installed
		return "", &missingError{what: "Debian's " + name, install: "apt-get install -y --no-install-recommends " + name}
	}
	return string(version[1]), nil
}

// packages adds the files of Debian's packages, as the machine has them, and the libraries that their programs are linked to.
func (t tree) packages(ctx context.Context, table loader, names ...string) error {
	if _, err := exec.LookPath("dpkg-query"); err != nil {
		return &missingError{what: "dpkg-query", install: "stand-ins are made of Debian's packages: run the test on Debian"}
	}
	out, err := exec.CommandContext(ctx, "dpkg-query", append([]string{"--listfiles"}, names...)...).Output()
	if err != nil {
		for _, name := range names {
			if exec.CommandContext(ctx, "dpkg-query", "--listfiles", name).Run() != nil {
				return &missingError{what: "Debian's " + name, install: "apt-get install -y --no-install-recommends " + name}
			}
		}
		return fmt.Errorf("dpkg-query --listfiles %s: %w", strings.Join(names, " "), err)
	}
	for line := range strings.Lines(string(out)) {
		file := strings.TrimSpace(line)
		if file == "" || compiler.MatchString(file) || slices.ContainsFunc(leftOut, func(p string) bool { return strings.HasPrefix(file, p) }) {
			continue
		}
		if info, err := os.Lstat(file); err != nil || info.IsDir() || slices.Contains(merged, file[1:]) {
			continue
		}
		t.add(file)
	}
	return t.libraries(table)
}

// loader is the machine's table of libraries.
type loader map[string][]string

func readLoader(ctx context.Context) (loader, error) {
	out, err := exec.CommandContext(ctx, "/sbin/ldconfig", "-p").Output()
	if err != nil {
		return nil, fmt.Errorf("ldconfig -p: %w", err)
	}
	all := loader{}
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); { // libc.so.6 (libc6,x86-64) => /lib/x86_64-linux-gnu/libc.so.6
		left, file, ok := strings.Cut(strings.TrimSpace(lines.Text()), " => ")
		if name, _, named := strings.Cut(left, " "); ok && named {
			all[name] = append(all[name], file)
		}
	}
	return all, nil
}

// libraries adds whatever the programs of the tree are linked to, and those what they are linked to, under the names that they ask for.
func (t tree) libraries(table loader) error {
	for queue := slices.Sorted(maps.Values(t.files)); len(queue) > 0; queue = queue[1:] {
		needs, err := linked(queue[0], table)
		if err != nil {
			return fmt.Errorf("read what %s is linked to: %w", queue[0], err)
		}
		for name, file := range needs {
			if _, there := t.files[inside(name)]; !there {
				t.files[inside(name)] = file
				queue = append(queue, file)
			}
		}
	}
	return nil
}

// linked are the libraries and the interpreter of a program, by where they are looked for; none of what is no program.
func linked(file string, table loader) (map[string]string, error) {
	info, err := os.Lstat(file)
	if err != nil || !info.Mode().IsRegular() || info.Size() < 64 {
		return nil, err
	}
	program, err := elf.Open(file)
	var format *elf.FormatError
	if errors.As(err, &format) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer program.Close()
	found := map[string]string{}
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err != nil {
				return nil, err
			}
			at := string(bytes.TrimRight(name, "\x00"))
			if found[at], err = filepath.EvalSymlinks(at); err != nil {
				return nil, err
			}
		}
	}
	names, err := program.ImportedLibraries()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		at, real := library(name, program.Machine, table)
		if at == "" { // such as a plug-in's, whose host has it loaded already
			continue
		}
		found[at] = real
	}
	return found, nil
}

func library(name string, machine elf.Machine, table loader) (at, real string) {
	for _, candidate := range table[name] {
		file, err := filepath.EvalSymlinks(candidate)
		if err != nil {
			continue
		}
		l, err := elf.Open(file)
		if err != nil {
			continue
		}
		same := l.Machine == machine
		l.Close()
		if same {
			return candidate, file
		}
	}
	return "", ""
}

// roots is what update-ca-certificates makes of Debian's authorities alone: the machine's own are nobody else's.
func roots() ([]byte, error) {
	const folder = "/usr/share/ca-certificates/mozilla"
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil, &missingError{what: "Debian's ca-certificates", install: "apt-get install -y --no-install-recommends ca-certificates"}
	}
	var all []byte
	for _, e := range entries {
		text, fail := os.ReadFile(filepath.Join(folder, e.Name()))
		all, err = append(all, text...), errors.Join(err, fail)
	}
	return all, err
}
