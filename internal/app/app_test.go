package app

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/app/demo"
)

func TestDemoAddsUp(t *testing.T) {
	var out, progress bytes.Buffer
	if err := Run(t.Context(), []string{"demo"}, &out, &progress); err != nil {
		t.Fatalf("demo: %v\n%s", err, out.String())
	}
	for _, want := range []string{"Story 4 of 4", "is parked: 1000.0000000 USDC for the buyer", "is ruled: 60% to the seller", "every balance adds up to the stroop"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the demo does not say %q:\n%s", want, out.String())
		}
	}
	readmeShows(t, out.String())
}

// TestDemoNoticesAMissingStroop lets one balance be told wrongly: the play has to fail.
func TestDemoNoticesAMissingStroop(t *testing.T) {
	env := environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, log: quiet}
	p, err := startPlatform(t.Context(), env, "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}()
	w, err := p.world()
	if err != nil {
		t.Fatal(err)
	}
	honest, asked := w.Balance, 0
	w.Balance = oneStroopLess(honest, w.People["seller"], &asked)
	if err := demo.Play(t.Context(), w, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "do not add up") {
		t.Errorf("a stroop of the seller's is missing, and the play ends with %v", err)
	}
}

func TestDevSurvivesRestartAndKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first := start(t, "dev", "--listen", "127.0.0.1:0", "--data", dir, "--json")
	was := first.ready()
	opened := openTrade(t, was)
	first.kill()

	second := start(t, "dev", "--listen", "127.0.0.1:0", "--data", dir, "--json")
	is := second.ready()
	if is.Contract != was.Contract || is.USDC != was.USDC || len(is.Accounts) != len(was.Accounts) || is.Accounts[0] != was.Accounts[0] {
		t.Errorf("after a kill it is another platform:\n%+v\nwas\n%+v", is, was)
	}
	var trade struct {
		ID    string `json:"id"`
		Stage string `json:"stage"`
	}
	get(t, is.API+"/trades/"+opened, &trade)
	if trade.ID != opened || trade.Stage != "open" {
		t.Errorf("after a kill the trade is %+v, want %s, open", trade, opened)
	}
	second.stop()
	if mode := must(os.Stat(filepath.Join(dir, devStateFile))).Mode().Perm(); mode != 0o600 {
		t.Errorf("the accounts' file has mode %v: others could read the keys", mode)
	}
}

func TestIndexShowsNoSecret(t *testing.T) {
	p := start(t, "dev", "--listen", "127.0.0.1:0", "--json")
	var shown devReady
	get(t, p.ready().Page+"index.json", &shown)
	if len(shown.Accounts) != len(demoRoles)+1 || shown.Contract != p.ready().Contract {
		t.Errorf("the index shows %+v", shown)
	}
	for _, a := range shown.Accounts {
		if a.Secret != "" {
			t.Errorf("the index shows the secret of %s", a.Role)
		}
	}
	p.stop()
}

func TestStartsThatAreRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close() // nothing is served on it
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreignState := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreignState, devStateFile), []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	foreignDB := t.TempDir()
	if err := os.WriteFile(filepath.Join(foreignDB, "platform.db"), bytes.Repeat([]byte("not a database "), 400), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"public address":       {[]string{"dev", "--listen", "0.0.0.0:0"}, "can be reached from outside"},
		"localnet, public":     {[]string{"localnet", "--listen", "[::]:0"}, "can be reached from outside"},
		"no address":           {[]string{"dev", "--listen", "4000"}, "is not an address with a port"},
		"a name":               {[]string{"dev", "--listen", "example.com:0"}, "only localhost can be used"},
		"localhost, no port":   {[]string{"dev", "--listen", "localhost"}, "is not an address with a port"},
		"localhost, bad port":  {[]string{"localnet", "--listen", "localhost:99999"}, "is not an address with a port"},
		"an empty folder":      {[]string{"dev", "--data", ""}, "--data: an empty path"},
		"an empty folder, =":   {[]string{"localnet", "--data="}, "--data: an empty path"},
		"taken port":           {[]string{"dev", "--listen", taken.Addr().String()}, "is taken by another program"},
		"localnet, taken port": {[]string{"localnet", "--listen", taken.Addr().String()}, "is taken by another program"},
		"a file, not a folder": {[]string{"dev", "--listen", "127.0.0.1:0", "--data", filepath.Join(file, "data")}, "--data"},
		"another's accounts":   {[]string{"dev", "--listen", "127.0.0.1:0", "--data", foreignState}, "is not a file of ours"},
		"another's database":   {[]string{"dev", "--listen", "127.0.0.1:0", "--data", foreignDB}, "platform.db"},
		"unknown command":      {[]string{"friendbot"}, "friendbot"},
		"no command":           {nil, "stellarescrow --help"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, progress bytes.Buffer
			err := Run(t.Context(), test.args, &out, &progress)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want it to say %q", err, test.want)
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			if out.Len() > 0 {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}

// TestDataInUse starts a second platform on the first one's folder.
func TestDataInUse(t *testing.T) {
	dir := t.TempDir()
	start(t, "localnet", "--listen", "127.0.0.1:0", "--data", dir, "--json")
	err := Run(t.Context(), []string{"localnet", "--listen", "127.0.0.1:0", "--data", dir}, &bytes.Buffer{}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "in use") {
		t.Errorf("got %v", err)
	}
}

func TestSecretsStayInTheirFile(t *testing.T) {
	s, err := newState()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, a := range s.Accounts {
		k, err := a.key()
		if err != nil || k.Address() != a.Address || seen[a.Secret] {
			t.Errorf("%s: key %v, address %s, %v", a.Role, k, a.Address, err)
		}
		seen[a.Secret] = true
	}
	other, err := newState()
	if err != nil || other.Salt == s.Salt || other.Accounts[0] == s.Accounts[0] {
		t.Errorf("two first starts have the same keys")
	}
	broken := account{Role: "buyer", Secret: keypair.MustRandom().Seed()[:50]}
	if _, err := broken.key(); err == nil || strings.Contains(err.Error(), broken.Secret) {
		t.Errorf("a broken secret: %v", err)
	}
}
