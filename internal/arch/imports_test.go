package arch

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/Abdullahi130/StellarEscrow"

type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
	GoFiles    []string
	Dir        string
}

// packages lists every package of the module, without its tests: a test may use what it likes.
func packages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,Deps,GoFiles,Dir", "./...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string]listed{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("read go list: %v", err)
		}
		all[strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")] = p
	}
	return all
}

// within tells whether pkg is the room or a folder below it.
func within(pkg, room string) bool { return pkg == room || strings.HasPrefix(pkg, room+"/") }

func inAny(pkg string, rooms []string) bool {
	return slices.ContainsFunc(rooms, func(r string) bool { return within(pkg, r) })
}

const (
	sdk   = "github.com/stellar/go-stellar-sdk"
	jrpc2 = "github.com/creachadair/jrpc2" // what the SDK's own RPC client and types are made of
)

type room struct {
	path    string
	may     []string // rooms of ours
	modules []string // modules of others
	why     string
}

// rooms lists for each room what of the module it may import directly, and which modules of others. Rooms inside a room come first, and
// are bound by their own line only.
var rooms = []room{
	{"internal/amount", nil, nil, "money is parsed and added in one place that nothing can reach into"},
	{"internal/escrow", []string{"internal/amount"}, nil, "the rules of a trade are pure: no network, clock or storage can change what they say"},
	{"contract/vectors", nil, nil, "the stories are read by three languages and belong to none of our types"},
	{"contract/wasm", nil, nil, "the committed contract is bytes and their hash"},
	{"nginx/refusals", nil, []string{"github.com/prometheus/client_golang"}, "counts what nginx tells it: nothing in it could tell anybody more"},
	{"client", nil, nil, "the page and its headers are served by the standard library alone, and reach nothing (docs/guide.md N2)"},
	{"internal/cli", nil, []string{"github.com/alecthomas/kong"}, "how a command line is read is the same for every program, whatever it does"},
	{"internal/procgroup", nil, nil, "programs are started and stopped by the standard library alone"},
	{"internal/wasmfile", nil, nil, "a file's layout is read by the standard library alone, for tools that must not link what they check"},
	{"internal/reproduce", []string{"internal/procgroup", "internal/wasmfile"}, []string{"github.com/klauspost/compress", "github.com/rogpeppe/go-internal"},
		"what is built anew is compared by a tool that links nothing of what it checks"},
	{"internal/stellar/rpc", []string{"internal/stellar", "internal/escrow", "internal/amount"}, []string{sdk, jrpc2}, "the one client that talks to the network"},
	{"internal/stellar/bindgen", []string{"internal/wasmfile"}, []string{sdk}, "reads the spec in the wasm and knows none of our types"},
	{"internal/stellar", []string{"internal/escrow", "internal/amount"}, []string{sdk}, "XDR and transactions are built and checked without a network"},
	{"internal/localnet", nil, []string{sdk, jrpc2, "github.com/tetratelabs/wazero", "github.com/klauspost/compress", "modernc.org/sqlite", "filippo.io/edwards25519"},
		"a Stellar network that knows nothing of escrow: useful to any Soroban developer, and not able to favour us"},
	{"examples", nil, []string{sdk}, "a stranger's programs: what they do on a local network anybody can do by the SDK alone"},
	{"internal/secret", nil, nil, "what holds secrets links nothing that could send them anywhere"},
	{"internal/keys", []string{"internal/secret"}, nil, "who knows whose key it is links nothing that could tell anybody"},
	{"internal/relay", []string{"internal/stellar", "internal/secret"}, nil, "wire types and client of the api's only door out"},
	{"internal/feed", []string{"internal/escrow"}, nil, "the feed's entries are hashed by the standard library alone"},
	{"internal/store/sqlite", []string{"internal/store", "internal/escrow", "internal/amount", "internal/feed"}, []string{"modernc.org/sqlite"}, "of the stores, only this one knows its driver"},
	{"internal/store/postgres", []string{"internal/store", "internal/escrow", "internal/amount", "internal/feed"}, []string{"github.com/jackc/pgx"}, "of the programs' packages, only this one knows its driver: test/parts/postgres, which makes databases for tests, is in no program"},
	{"internal/store/storetest", []string{"internal/store", "internal/escrow", "internal/amount", "internal/feed"}, []string{"github.com/google/go-cmp"},
		"one suite holds every engine, and knows none of them"},
	{"internal/store", []string{"internal/escrow", "internal/amount", "internal/feed"}, nil, "what engines and their users share is plain data"},
	{"internal/indexer/signer", []string{"internal/escrow", "internal/secret", "internal/stellar"}, []string{sdk}, "holds keys: it links nothing that reaches a network or a store"},
	{"internal/indexer/fanout", []string{"internal/feed", "internal/secret"}, []string{"github.com/redis/go-redis", "github.com/prometheus/client_golang"},
		"of the programs' packages, only this one knows redis, and it sees no more of the store than where the feed ends"},
	{"internal/indexer", []string{"internal/escrow", "internal/amount", "internal/stellar", "internal/stellar/rpc", "internal/feed", "internal/relay", "internal/store", "internal/indexer/signer"}, []string{sdk, "github.com/klauspost/compress", "github.com/prometheus/client_golang"},
		"follows the chain and is the only way out; it stores through interfaces of its own"},
	{"internal/sarif", nil, nil, "the format that scanners speak is data alone"},
	{"internal/ops/npmsarif", []string{"internal/sarif"}, nil, "turns one report into another, by the standard library and the format's types"},
	{"internal/ops/backup", []string{"internal/store"}, []string{"filippo.io/age", "github.com/klauspost/compress", "github.com/aws/aws-sdk-go-v2", "golang.org/x/sync"},
		"a backup is written and read without knowing what engine it is of; of the programs' packages, only those below internal/ops know a cloud's SDK"},
	{"internal/images", nil, []string{"github.com/google/go-containerregistry", "github.com/CycloneDX/cyclonedx-go", "github.com/google/uuid", "go.yaml.in/yaml/v3"},
		"asks registries what an image is, and reads what is in one: it knows nothing of the platform"},
	{"internal/deploy", []string{"internal/escrow", "internal/amount", "internal/stellar", "internal/stellar/rpc"}, []string{sdk},
		"operators deploy with it; it needs no database and no localnet"},
	{"internal/app/demo", []string{"internal/amount", "internal/stellar"}, []string{sdk}, "the demo is a client: what it shows comes through the API"},
	{"internal/guide/reach", nil, []string{"k8s.io/api", "k8s.io/apimachinery"}, "who reaches whom is computed from what is handed in: it reads no tree, asks no cluster and knows no clause"},
	{"internal/guide/admit", nil, []string{"k8s.io/api", "k8s.io/apimachinery", "k8s.io/apiserver", "github.com/google/cel-go"}, "what policies make of a pod is computed from what is handed in, by the API server's own code: it reads no tree, asks no cluster and knows no clause"},
	{"internal/guide/probe", nil, []string{"golang.org/x/crypto", "golang.org/x/net", "github.com/google/nftables"},
		"looks at anybody's running system from outside: it knows none of our parts, and no driver that would do more than it was told"},
	{"internal/guide/facts/leaks", []string{"internal/guide/facts", "internal/guide/facts/history"}, []string{"github.com/zricethezav/gitleaks", "github.com/spf13/viper"}, "looks for secrets with gitleaks' own code, and starts no program"},
	{"internal/guide/facts/workflow", []string{"internal/guide/facts"}, []string{"github.com/rhysd/actionlint", "mvdan.cc/sh", "go.yaml.in/yaml/v3"}, "reads workflows and their scripts by the grammars of GitHub and of a shell, and runs none"},
	{"internal/guide/facts/projects", nil, []string{"github.com/go-git"}, "finds what a tree holds that has to be scanned, as git sees the tree"},
	{"internal/guide/facts/history", nil, []string{"github.com/go-git"}, "reads a repository's objects and runs no git, which its configuration could make run anything"},
	{"internal/guide/facts/compose", []string{"internal/guide/facts"}, []string{"github.com/compose-spec/compose-go", "go.yaml.in/yaml/v3"}, "reads Compose files as Compose does, and starts nothing"},
	{"internal/guide/facts/kube", nil, []string{"k8s.io/api", "k8s.io/apimachinery", "k8s.io/pod-security-admission", "sigs.k8s.io/kustomize", "go.yaml.in/yaml/v3"},
		"renders an overlay in memory and asks no cluster: what judges the objects is Kubernetes' own code"},
	{"internal/guide/facts/terraform", nil, []string{"github.com/hashicorp/hcl", "github.com/zclconf/go-cty"}, "reads Terraform's language as Terraform does, and asks no provider and no cloud"},
	{"internal/guide/facts/cluster", []string{"internal/guide/facts", "internal/guide/facts/kube"}, []string{"k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go", "k8s.io/klog", "github.com/go-logr/logr"},
		"asks an API server, and changes nothing of it: what its answers mean, the sections say"},
	{"internal/guide/facts/monitors", nil, []string{"github.com/prometheus/alertmanager", "github.com/prometheus/common", "gopkg.in/ini.v1", "go.yaml.in/yaml/v3"},
		"reads what Prometheus, Alertmanager, Loki and Grafana are told as they read it, and asks none of them"},
	{"internal/guide/facts/engine", []string{"internal/guide/facts", "internal/guide/probe"}, nil, "asks a container engine by the standard library alone: a client of its own would bring all that it is made of"},
	{"internal/guide/facts/scans", []string{"internal/sarif", "internal/guide/facts"}, nil, "reads what scanners have found from a folder, and asks nobody for more"},
	{"internal/guide/facts", nil, []string{"go.yaml.in/yaml/v3"}, "what is read of a tree is read alone: no rule of the guide reaches into how"},
	{"internal/guide/fix", []string{"internal/guide", "internal/cli", "internal/secret", "internal/guide/facts", "internal/guide/facts/compose", "internal/guide/facts/kube", "internal/guide/facts/nginxconf"}, []string{"go.yaml.in/yaml/v3", "github.com/rogpeppe/go-internal"},
		"edits a tree as text, as its owner would by hand, and knows nothing of how it is judged"},
	{"internal/guide/breaks", []string{"internal/guide", "internal/guide/facts", "internal/guide/facts/cluster"}, []string{"k8s.io/apimachinery", "k8s.io/client-go"},
		"breaks a cluster that its user has named to be broken: it is the one room of the guide that changes anything"},
	{"internal/guide/opinions", []string{"internal/guide", "internal/guide/facts", "internal/guide/facts/kube", "internal/guide/facts/projects", "internal/procgroup"}, []string{"go.yaml.in/yaml/v3", "k8s.io/api", "sigs.k8s.io/yaml"},
		"starts tools of this machine on copies: it is the one room of the guide that starts programs, and none that judges asks it"},
	{"internal/guide", []string{"internal/sarif", "internal/guide/breaks", "internal/cli", "internal/secret", "internal/guide/facts", "internal/guide/facts/compose", "internal/guide/facts/history", "internal/guide/facts/leaks", "internal/guide/facts/projects", "internal/guide/facts/scans", "internal/guide/facts/workflow",
		"internal/guide/facts/kube", "internal/guide/facts/cluster", "internal/guide/facts/engine", "internal/guide/facts/monitors", "internal/guide/facts/nginxconf", "internal/guide/facts/terraform", "internal/guide/admit", "internal/guide/reach", "internal/guide/probe"}, []string{"go.yaml.in/yaml/v3", "k8s.io/api", "k8s.io/apimachinery", "k8s.io/pod-security-admission", "github.com/compose-spec/compose-go"},
		"judges anybody's tree: it knows nothing of how this platform works but what the guide says"},
	{"internal/api", []string{"internal/escrow", "internal/amount", "internal/stellar", "internal/feed", "internal/relay", "internal/keys"}, []string{"github.com/danielgtaylor/huma", "github.com/prometheus/client_golang"},
		"the api has no route out of the cluster (docs/guide.md N3), so it imports neither SQL nor stellar/rpc"},
}

// unbound are the packages outside every room, which may import what they like; whom others let in, TestWhoMayImport says.
var unbound = []struct{ path, why string }{
	{"cmd", "each is the main package of one program and hands over at once"},
	{"internal/app", "wires the rooms of the servers together, so it knows them all"},
	{"internal/ctl", "wires the rooms of the operator's program together"},
	{"internal/arch", "has tests only"},
	{"images", "has tests only: of the files that images and containers are made of"},
	{"test", "looks at the whole from outside; no program links it"},
}

// roomOf is the innermost room that holds the package; rooms inside a room come first in the list.
func roomOf(pkg string) (room, bool) {
	for _, r := range rooms {
		if within(pkg, r.path) {
			return r, true
		}
	}
	return room{}, false
}

func TestEachRoomImportsWhatItsLineAllows(t *testing.T) {
	all := packages(t)
	matched := map[string]int{}
	for path, p := range all {
		r, ok := roomOf(path)
		if !ok {
			free := ""
			for _, u := range unbound {
				if within(path, u.path) {
					free = u.path
				}
			}
			if free == "" {
				t.Errorf("%s is in no room: give it a line in rooms, or a reason in unbound", path)
			}
			matched[free]++
			continue
		}
		matched[r.path]++
		for _, imp := range p.Imports {
			if own, ok := strings.CutPrefix(imp, module+"/"); ok {
				if to, ok := roomOf(own); !ok || to.path != r.path && !slices.Contains(r.may, to.path) {
					t.Errorf("%s imports %s: %s", path, own, r.why)
				}
				continue
			}
			first, _, _ := strings.Cut(imp, "/")
			foreign := strings.Contains(first, ".")
			if foreign && !slices.ContainsFunc(r.modules, func(m string) bool { return within(imp, m) }) {
				t.Errorf("%s imports %s: %s", path, imp, r.why)
			}
		}
	}
	for _, r := range rooms {
		if matched[r.path] == 0 {
			t.Errorf("the rule for %s matches no package: was it moved?", r.path)
		}
	}
	for _, u := range unbound {
		if matched[u.path] == 0 {
			t.Errorf("%s is unbound and matches no package: was it moved?", u.path)
		}
	}
}

// TestNothingReaches follows the imports of imports: what must not be linked into a room at all.
func TestNothingReaches(t *testing.T) {
	all := packages(t)
	for _, rule := range []struct {
		room, never, why string
		but              string // a room inside that the rule spares
	}{
		{room: "internal/api", never: module + "/internal/stellar/rpc", why: "the api asks the indexer; it has no route to the network (docs/guide.md N3)"},
		{room: "internal/api", never: module + "/internal/localnet", why: "friendbot must not be reachable from a server"},
		{room: "internal/api", never: "database/sql", why: "the api reads through its own interfaces"},
		{room: "internal/indexer", never: module + "/internal/localnet", why: "friendbot must not be reachable from a server"},
		{room: "internal/escrow", never: "net", why: "the rules know no network"},
		{room: "internal/escrow", never: "os", why: "the rules know no files, environment or process"},
		{room: "cmd", never: "testing", why: "what tests are made with (localnettest, storetest) is in no program"},
		{room: "internal/stellar", never: "net", but: "internal/stellar/rpc", why: "XDR, transactions and generated code come from bytes; only rpc asks a node"},
	} {
		matched := 0
		for path, p := range all {
			if !within(path, rule.room) || rule.but != "" && within(path, rule.but) {
				continue
			}
			matched++
			// fmt reaches os; only direct imports of os are the rule's business.
			list := p.Deps
			if rule.never == "os" {
				list = p.Imports
			}
			if len(p.GoFiles) > 0 && slices.Contains(list, rule.never) {
				t.Errorf("%s reaches %s: %s", path, rule.never, rule.why)
			}
		}
		if matched == 0 {
			t.Errorf("the rule matches no package: was %s moved?", rule.room)
		}
	}
}

// TestWhoMayImport turns the question round: these packages are dangerous in the wrong hands.
func TestWhoMayImport(t *testing.T) {
	all := packages(t)
	for _, rule := range []struct {
		what string
		by   []string // nil: nobody yet
		why  string
	}{
		{"internal/stellar/rpc", []string{"internal/indexer", "internal/app", "internal/ctl", "internal/deploy", "test/stack"}, "the indexer is the only way out; app wires it, operators use it; tests of whole stacks count the balances"},
		{"internal/deploy", []string{"internal/app", "internal/ctl", "test/stack"}, "no server deploys or administers; tests of whole stacks ask for balances with it"},
		{"internal/store/sqlite", []string{"internal/app"}, "whoever uses a store says so in an interface of its own"},
		{"internal/store/postgres", []string{"internal/app", "internal/ctl"}, "whoever uses a store says so in an interface of its own"},
		{"internal/secret", []string{"internal/app", "internal/relay", "internal/indexer/signer", "internal/indexer/fanout", "internal/keys", "internal/ctl", "internal/guide"}, "app and ctl open the files, and each secret goes to the one room that proves or signs with it; the guide asks what everybody knows"},
		{"internal/indexer/signer", []string{"internal/indexer/sponsor", "internal/app"}, "it holds keys that stand on a server: the sponsor asks which calls they are for, app makes them; whoever pays has an interface of its own"},
		{"internal/localnet", []string{"internal/app", "test/bench", "test/chain"}, "only dev and localnet start it or its friendbot; tests and benchmarks make ledgers as it does"},
		{"internal/app", []string{"cmd/stellarescrow", "test/stack"}, "the program is wired in one place; tests of whole stacks play the demo's trades"},
		{"internal/ctl", []string{"cmd/escrowctl"}, "the operator's keys are on no server"},
	} {
		matched := 0
		for path, p := range all {
			for _, imp := range p.Imports {
				own := strings.TrimPrefix(imp, module+"/")
				if !within(own, rule.what) || within(path, rule.what) {
					continue
				}
				matched++
				if !inAny(path, rule.by) {
					t.Errorf("%s imports %s: %s", path, own, rule.why)
				}
			}
		}
		if matched == 0 && rule.by != nil {
			t.Errorf("nothing imports %s: is the rule still needed?", rule.what)
		}
		if _, ok := all[rule.what]; !ok {
			t.Errorf("the rule matches no package: was %s moved?", rule.what)
		}
	}
}

// TestOnlyLocalTargetsStartTheLocalNetwork looks at files: the program is one package, and of its targets only those that serve on loopback
// may hold a network whose friendbot gives money to everyone.
func TestOnlyLocalTargetsStartTheLocalNetwork(t *testing.T) {
	app := packages(t)["internal/app"]
	local := []string{"localnet.go", "platform.go", "accounts.go", "demo.go"}
	found := map[string]bool{}
	for _, file := range app.GoFiles {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(app.Dir, file), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range parsed.Imports {
			path, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if !within(strings.TrimPrefix(path, module+"/"), "internal/localnet") {
				continue
			}
			found[file] = true
			if !slices.Contains(local, file) {
				t.Errorf("internal/app/%s imports %s: only dev, demo and localnet may start it or its friendbot", file, path)
			}
		}
	}
	for _, file := range local {
		if !found[file] {
			t.Errorf("internal/app/%s does not import the local network: is it still to be named here?", file)
		}
	}
	// And these files are entered by those three targets only.
	for _, file := range app.GoFiles {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(app.Dir, file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); ok && (name.Name == "openLocalnet" || name.Name == "startPlatform") &&
				!slices.Contains([]string{"localnet.go", "dev.go", "demo.go", "platform.go"}, file) {
				t.Errorf("internal/app/%s calls %s: only dev, demo and localnet may", file, name.Name)
			}
			return true
		})
	}
}
