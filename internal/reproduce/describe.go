package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"github.com/Abdullahi130/StellarEscrow/internal/wasmfile"
)

// describe prints what a module consists of.
func describe(w io.Writer, wasm []byte, names hostNames) error {
	m, err := wasmfile.Parse(wasm)
	if err != nil {
		return fmt.Errorf("read the module: %w", err)
	}
	fmt.Fprintf(w, "  %d bytes\n", len(wasm))
	for _, s := range m.Sections {
		fmt.Fprintf(w, "    %9d  %s\n", s.Size, sectionName(s))
	}
	fmt.Fprintf(w, "  %d imports\n", len(m.Imports))
	for _, i := range m.Imports {
		fmt.Fprintf(w, "    %s %s.%s", i.Kind, i.Module, i.Name)
		if n := names[i.Module+"."+i.Name]; n != "" {
			fmt.Fprintf(w, "  %s", n)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "  %d exports\n", len(m.Exports))
	for _, e := range m.Exports {
		fmt.Fprintf(w, "    %s %s\n", e.Kind, e.Name)
	}
	return nil
}

func sectionName(s wasmfile.Section) string {
	if s.Custom() {
		return "custom " + s.Name
	}
	return s.Name
}

// difference says in lines where two modules differ, section by section.
func difference(built, committed []byte) []string {
	lines := []string{fmt.Sprintf("built %d bytes, committed %d; the first difference is at byte %d", len(built), len(committed), firstDifference(built, committed))}
	b, berr := wasmfile.Parse(built)
	c, cerr := wasmfile.Parse(committed)
	if berr != nil || cerr != nil {
		return append(lines, fmt.Sprintf("not both can be read as modules: built: %v, committed: %v", berr, cerr))
	}
	for i := range max(len(b.Sections), len(c.Sections)) {
		switch {
		case i >= len(b.Sections):
			lines = append(lines, fmt.Sprintf("section %s is missing in what was built", sectionName(c.Sections[i])))
		case i >= len(c.Sections):
			lines = append(lines, fmt.Sprintf("section %s is new", sectionName(b.Sections[i])))
		case sectionName(b.Sections[i]) != sectionName(c.Sections[i]):
			lines = append(lines, fmt.Sprintf("section %d is %s, committed is %s", i, sectionName(b.Sections[i]), sectionName(c.Sections[i])))
		case !bytes.Equal(b.Sections[i].Body, c.Sections[i].Body):
			lines = append(lines, fmt.Sprintf("section %s differs: built %d bytes, committed %d", sectionName(b.Sections[i]), b.Sections[i].Size, c.Sections[i].Size))
		}
	}
	return lines
}

func firstDifference(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// hostNames maps the names under which a contract imports host functions, one letter each ("l._"), to the readable ones
// ("ledger.put_contract_data").
type hostNames map[string]string

var envVersion = regexp.MustCompile(`(?m)^name = "soroban-env-common"\nversion = "([^"]+)"`)

// readHostNames takes them from the crate that defines them, which the build has just unpacked. A module that has no such imports,
// or a crate that cannot be found, gives none: the names are for the reader only.
func readHostNames(root string, a artifact, cargoHome string) hostNames {
	if len(a.recipe) < 2 {
		return nil
	}
	var lock []byte
	for dir := filepath.Join(root, a.recipe[1]); lock == nil && len(dir) > len(root); dir = filepath.Dir(dir) {
		lock, _ = os.ReadFile(filepath.Join(dir, "Cargo.lock"))
	}
	version := envVersion.FindSubmatch(lock)
	if version == nil {
		return nil
	}
	found, _ := filepath.Glob(filepath.Join(cargoHome, "registry", "src", "*", "soroban-env-common-"+string(version[1]), "env.json"))
	if len(found) == 0 {
		return nil
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return nil
	}
	return parseHostNames(text)
}

func parseHostNames(text []byte) hostNames {
	var env struct {
		Modules []struct {
			Name, Export string
			Functions    []struct{ Name, Export string }
		}
	}
	if err := json.Unmarshal(text, &env); err != nil {
		return nil
	}
	names := hostNames{}
	for _, m := range env.Modules {
		for _, f := range m.Functions {
			names[m.Export+"."+f.Export] = m.Name + "." + f.Name
		}
	}
	return names
}
