package ctl

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

// What the command prints is a key, and the line that makes it known to the api.
func TestKeysNew(t *testing.T) {
	printed := regexp.MustCompile(`(?m)^key   (\S+) .*\nline  (.*?)   \(into (\w+)\)$`)
	dir := t.TempDir()
	var made [2]string
	for i, args := range [][]string{{"keys", "new", "acme"}, {"keys", "new", "alice", "--admin", "--from", "203.0.113.7,2001:db8::/48"}} {
		var out bytes.Buffer
		if err := Run(t.Context(), args, &out); err != nil {
			t.Fatal(err)
		}
		m := printed.FindStringSubmatch(out.String())
		if m == nil {
			t.Fatalf("%v prints\n%s", args, out.String())
		}
		made[i] = m[1]
		if err := os.WriteFile(filepath.Join(dir, m[3]), []byte(m[2]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ring, err := keys.Open(keys.Paths{API: filepath.Join(dir, "API_KEYS"), Admin: filepath.Join(dir, "ADMIN_KEYS")}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []keys.Caller{{Name: "acme", Kind: keys.API}, {Name: "alice", Kind: keys.Admin}} {
		if got, err := ring.Whose(made[i], netip.MustParseAddr("203.0.113.7")); err != nil || got != want {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	for says, args := range map[string][]string{
		"needs from=":   {"keys", "new", "alice", "--admin"},
		"no name":       {"keys", "new", "Alice"},
		"no address":    {"keys", "new", "alice", "--from", "home"},
		"every address": {"keys", "new", "alice", "--admin", "--from", "0.0.0.0/0"},
	} {
		var out bytes.Buffer
		err := Run(t.Context(), args, &out)
		if !errors.Is(err, cli.ErrUsage) || !strings.Contains(err.Error(), says) || out.Len() > 0 {
			t.Errorf("%v: %v, prints %q", args, err, out.String())
		}
	}
}
