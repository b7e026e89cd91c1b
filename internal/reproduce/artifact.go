package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// artifact is a committed file that can be built anew. Paths are relative to the root of the tree.
type artifact struct {
	name      string   // as an argument, and in --out
	group     string   // as an argument: all of a kind
	recipe    []string // a script and its arguments; the target folder is added as the last one
	cache     string   // the target folder's name in the cache
	built     string   // in the target folder
	committed string   // compressed if it ends in .zst
	licences  *licensed
}

// sum is the file with the sha256 of the module, not compressed, as sha256sum prints it.
func (a artifact) sum() string { return strings.TrimSuffix(a.committed, ".zst") + ".sha256" }

// left is the file's name in the folder of --out and --from.
func (a artifact) left() string { return a.name + ".wasm" }

// toolchain is the file that says what the committed one was built with.
func (a artifact) toolchain() string {
	return filepath.Join(filepath.Dir(a.committed), "toolchain.txt")
}

const (
	hostDir     = "internal/localnet/host"
	contractDir = "contract"
)

// artifacts is the table of everything that can be rebuilt in the tree at root. Test contracts are found by their folders.
func artifacts(root string) ([]artifact, error) {
	list := []artifact{
		{
			name: "host", group: "host", recipe: []string{hostDir + "/shim/build.sh"}, cache: "host",
			built: "wasm32-unknown-unknown/release/host.wasm", committed: hostDir + "/host.wasm.zst",
			licences: &licensed{file: hostDir + "/LICENSES", crate: hostDir + "/shim", target: "wasm32-unknown-unknown"},
		},
		contract("probe", "host", hostDir+"/testdata/probe", "probe", hostDir+"/testdata/probe.wasm"),
	}
	crates, err := filepath.Glob(filepath.Join(root, contractDir, "fixtures", "*", "Cargo.toml"))
	if err != nil {
		return nil, fmt.Errorf("list the test contracts: %w", err)
	}
	// The rulebook is built and recorded first: the escrow has its hash in its code.
	for _, built := range []struct{ dir, name string }{{"rulebook", "stellar_escrow_rulebook"}, {"escrow", "stellar_escrow"}} {
		dir := contractDir + "/" + built.dir
		if _, err := os.Stat(filepath.Join(root, dir, "Cargo.toml")); err == nil {
			list = append(list, contract(built.name, "contract", dir, built.name, contractDir+"/wasm/"+built.name+".wasm"))
		}
	}
	slices.Sort(crates)
	for _, manifest := range crates {
		crate, err := crateName(manifest)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(filepath.Dir(manifest))
		list = append(list, contract(name, "contract", contractDir+"/fixtures/"+name, crate, contractDir+"/fixtures/wasm/"+name+".wasm"))
	}
	return list, nil
}

func contract(name, group, dir, crate, committed string) artifact {
	return artifact{
		name: name, group: group, recipe: []string{contractDir + "/wasm/build.sh", dir}, cache: "contract",
		built: "wasm32v1-none/release/" + crate + ".wasm", committed: committed,
	}
}

var packageName = regexp.MustCompile(`(?m)^name\s*=\s*"([^"]+)"`)

// crateName is the name that cargo gives a crate's output: that of the first table of its manifest, which is [package].
func crateName(manifest string) (string, error) {
	text, err := os.ReadFile(manifest)
	if err != nil {
		return "", fmt.Errorf("read the name of a test contract: %w", err)
	}
	m := packageName.FindSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s has no line name = \"...\"", manifest)
	}
	return strings.ReplaceAll(string(m[1]), "-", "_"), nil
}

// choose picks the artifacts that the arguments name, by group or by name.
func choose(all []artifact, args []string) ([]artifact, error) {
	var names []string
	for _, a := range all {
		if !slices.Contains(names, a.group) {
			names = append(names, a.group)
		}
	}
	for _, a := range all {
		if !slices.Contains(names, a.name) {
			names = append(names, a.name)
		}
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("say what to build: %s", strings.Join(names, ", "))
	}
	for _, arg := range args {
		if !slices.Contains(names, arg) {
			return nil, fmt.Errorf("nothing is called %q; there are %s", arg, strings.Join(names, ", "))
		}
	}
	var chosen []artifact
	for _, a := range all {
		if slices.Contains(args, a.group) || slices.Contains(args, a.name) {
			chosen = append(chosen, a)
		}
	}
	return chosen, nil
}
