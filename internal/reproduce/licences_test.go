package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sampleMetadata = `{
 "packages": [
  {"id": "root", "name": "root", "version": "1.0.0", "license": "Apache-2.0", "manifest_path": "/r/Cargo.toml", "targets": [{"kind": ["cdylib"]}]},
  {"id": "a", "name": "a", "version": "0.1.0", "license": "MIT", "manifest_path": "/a/Cargo.toml", "targets": [{"kind": ["lib"]}]},
  {"id": "b", "name": "b", "version": "0.2.0", "license": "MIT", "manifest_path": "/b/Cargo.toml", "targets": [{"kind": ["lib"]}]},
  {"id": "macro", "name": "macro", "version": "1.0.0", "license": "MIT", "manifest_path": "/m/Cargo.toml", "targets": [{"kind": ["proc-macro"]}]},
  {"id": "syn", "name": "syn", "version": "2.0.0", "license": "MIT", "manifest_path": "/s/Cargo.toml", "targets": [{"kind": ["lib"]}]},
  {"id": "cc", "name": "cc", "version": "1.0.0", "license": "MIT", "manifest_path": "/c/Cargo.toml", "targets": [{"kind": ["lib"]}]}],
 "resolve": {"nodes": [
  {"id": "root", "deps": [{"pkg": "a", "dep_kinds": [{"kind": null}]}, {"pkg": "cc", "dep_kinds": [{"kind": "build"}]}]},
  {"id": "a", "deps": [{"pkg": "b", "dep_kinds": [{"kind": "dev"}, {"kind": null}]}, {"pkg": "macro", "dep_kinds": [{"kind": null}]}, {"pkg": "root", "dep_kinds": [{"kind": null}]}]},
  {"id": "macro", "deps": [{"pkg": "syn", "dep_kinds": [{"kind": null}]}]}]}}`

func TestOnlyWhatIsLinkedIsListed(t *testing.T) {
	crates, err := parseMetadata([]byte(sampleMetadata), "/r/Cargo.toml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range crates {
		names = append(names, c.name+" "+c.version)
	}
	if got := strings.Join(names, ", "); got != "a 0.1.0, b 0.2.0, root 1.0.0" {
		t.Errorf("listed %s, want what is linked: neither build scripts' nor macros' crates", got)
	}
	for name, text := range map[string]string{"no JSON": "x", "another crate": sampleMetadata} {
		if _, err := parseMetadata([]byte(text), "/elsewhere/Cargo.toml"); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestUnderApache(t *testing.T) {
	for expression, want := range map[string]bool{
		"Apache-2.0":                        true,
		"MIT OR Apache-2.0":                 true,
		"MIT/Apache-2.0":                    true,
		"BSD-2-Clause OR Apache-2.0 OR MIT": true,
		"MIT":                               false,
		"Apache-2.0 WITH LLVM-exception":    false,
		"MIT AND Apache-2.0 WITH LLVM-exception AND (MIT OR Zlib)": false,
		"MIT AND (MIT OR Apache-2.0)":                              false,
		"BSD-3-Clause":                                             false,
		"Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT":      true,
		"(MIT OR Apache-2.0) AND Unicode-3.0":                      false,
	} {
		if got := underApache(expression); got != want {
			t.Errorf("%q: %v, want %v", expression, got, want)
		}
	}
}

func TestList(t *testing.T) {
	dir := func(files map[string]string) string {
		d := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(d, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	mit := crate{"one", "1.0.0", "MIT", dir(map[string]string{"LICENSE": "the MIT text\r\nof one\n", "README": "not this"})}
	same := crate{"two", "2.0.0", "MIT", dir(map[string]string{"LICENSE.txt": "the MIT text\nof one\n"})}
	choice := crate{"three", "3.0.0", "MIT OR Apache-2.0", dir(map[string]string{"LICENSE-MIT": "not taken", "COPYRIGHT": "a notice of three"})}
	std := crate{"core", "0.0.0", "MIT OR Apache-2.0", "/usr/src/rustc-1/library/core"}
	text, err := list("Made from x", []crate{mit, same, choice}, []crate{std}, "apache text", "notice of std")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Made from x\n", "one 1.0.0    MIT\n", "three 3.0.0  MIT OR Apache-2.0\n", "core 0.0.0   MIT OR Apache-2.0\n",
		"one 1.0.0, two 2.0.0\n\nthe MIT text\nof one\n", "apache text", "notice of std", "three 3.0.0\n\na notice of three\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing in:\n%s", want, text)
		}
	}
	for _, not := range []string{"not this", "not taken"} {
		if strings.Contains(string(text), not) {
			t.Errorf("%q is listed:\n%s", not, text)
		}
	}
	for name, c := range map[string]crate{
		"no licence":             {"four", "4.0.0", "", dir(nil)},
		"no text of its licence": {"five", "5.0.0", "MIT", dir(map[string]string{"NOTICE": "x"})},
		"no folder":              {"six", "6.0.0", "MIT", "/nowhere"},
	} {
		if _, err := list("", []crate{c}, nil, "", ""); err == nil || !strings.Contains(err.Error(), c.name) {
			t.Errorf("%s: %v, want an error that names the crate", name, err)
		}
	}
}
