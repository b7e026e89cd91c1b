package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// files are both files of a test.
type files struct {
	t     *testing.T
	paths Paths
}

func newFiles(t *testing.T) files {
	dir := t.TempDir()
	return files{t, Paths{filepath.Join(dir, "API_KEYS"), filepath.Join(dir, "ADMIN_KEYS")}}
}

// put replaces a file as a mounted secret is replaced: by another one.
func (f files) put(path string, lines ...string) {
	f.t.Helper()
	if err := os.WriteFile(path+".new", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		f.t.Fatal(err)
	}
}

func made(t *testing.T, kind Kind, name string, from ...string) (key, line string) {
	t.Helper()
	var nets []netip.Prefix
	for _, text := range from {
		nets = append(nets, must(Network(text)))
	}
	k, line, err := New(kind, name, nets, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k.Reveal(), line
}

func TestWhoseKey(t *testing.T) {
	f := newFiles(t)
	acme, acmeLine := made(t, API, "acme")
	bound, boundLine := made(t, API, "bound.to-one_net", "2001:db8::/48", "198.51.100.4")
	alice, aliceLine := made(t, Admin, "alice", "203.0.113.0/24")
	f.put(f.paths.API, "# integrators", "", acmeLine, "\t"+boundLine+"\r")
	f.put(f.paths.Admin, aliceLine)
	r, err := Open(f.paths, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, key, from string
		want            Caller
		err             error
	}{
		{"an integrator", acme, "192.0.2.1", Caller{"acme", API}, nil},
		{"an integrator's, in its network", bound, "2001:db8:0:1::9", Caller{"bound.to-one_net", API}, nil},
		{"an integrator's, from its address as IPv6 writes it", bound, "::ffff:198.51.100.4", Caller{"bound.to-one_net", API}, nil},
		{"an integrator's, beside its address", bound, "198.51.100.5", Caller{"bound.to-one_net", API}, ErrAddress},
		{"an administrator", alice, "203.0.113.9", Caller{"alice", Admin}, nil},
		{"an administrator's from elsewhere", alice, "203.0.114.9", Caller{"alice", Admin}, ErrAddress},
		{"one that nobody has", acme + "x", "203.0.113.9", Caller{}, ErrUnknown},
		{"its hash", hashOf(acme), "203.0.113.9", Caller{}, ErrUnknown},
		{"nothing", "", "203.0.113.9", Caller{}, ErrUnknown},
		{"more than a key", strings.Repeat(acme, 20), "203.0.113.9", Caller{}, ErrUnknown},
	} {
		got, err := r.Whose(c.key, netip.MustParseAddr(c.from))
		if got != c.want || !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
			t.Errorf("%s: %+v, %v, want %+v, %v", c.what, got, err, c.want, c.err)
		}
	}
	if got, err := r.Whose(alice, netip.Addr{}); !errors.Is(err, ErrAddress) {
		t.Errorf("from nowhere: %+v, %v", got, err)
	}
}

// What is wrong with either file stops the start, all of it at once, and nothing of a file shows.
func TestBadFilesAreRefused(t *testing.T) {
	_, good := made(t, API, "acme")
	_, admin := made(t, Admin, "alice", "203.0.113.7")
	hash := hashOf(rand.Text())
	for name, c := range map[string]struct {
		api, admin string
		want       []string
	}{
		"both empty":               {"", "\n", []string{"API_KEYS_FILE", "ADMIN_KEYS_FILE", "it is empty", "knows integrators", "knows administrators"}},
		"comments alone":           {"# later", admin, []string{"API_KEYS_FILE", "no key stands in it"}},
		"the key itself":           {rand.Text() + rand.Text(), admin, []string{"line 1: it has one word", "the hash and not the key"}},
		"name and key":             {"acme " + rand.Text() + rand.Text(), admin, []string{"its second word is no SHA-256"}},
		"a short hash":             {"acme " + hash[2:], admin, []string{"its second word is no SHA-256"}},
		"a name in capitals":       {"Acme " + hash, admin, []string{"its first word is no name"}},
		"a long name":              {strings.Repeat("a", 64) + " " + hash, admin, []string{"its first word is no name"}},
		"a made-up hash":           {"acme " + strings.Repeat("0", 64), admin, []string{"its hash is made up"}},
		"the hash of nothing":      {"acme " + hashOf(""), admin, []string{"of a value that everybody knows, or of nothing"}},
		"the hash of a known word": {"acme " + hashOf("changeme"), admin, []string{"everybody knows"}},
		"with its line end":        {"acme " + hashOf("password\n"), admin, []string{"everybody knows"}},
		"a name twice":             {good + "\nacme " + hash, admin, []string{"line 2: its name stands in line 1 already"}},
		"a key twice":              {good + "\nbeta " + strings.Fields(good)[1], admin, []string{"line 2: its hash stands in line 1 already"}},
		"a key in both":            {good, "alice " + strings.Fields(good)[1] + " from=203.0.113.7", []string{"ADMIN_KEYS_FILE, line 1", "API_KEYS_FILE too, line 1"}},
		"an unknown field":         {good + " scope=read", admin, []string{"no field that is known here"}},
		"from twice":               {good + " from=192.0.2.1 from=192.0.2.2", admin, []string{"from= twice"}},
		"no address":               {good + " from=localhost", admin, []string{"from=, number 1: it is no address"}},
		"an address of a network":  {good + " from=192.0.2.1,192.0.2.1/24", admin, []string{"from=, number 2: it is one address of a network: write 192.0.2.0/24"}},
		"from everywhere":          {good, strings.Replace(admin, "203.0.113.7", "0.0.0.0/0", 1), []string{"every address"}},
		"an admin from anywhere":   {good, "alice " + hash, []string{"ADMIN_KEYS_FILE", "an administrator's key needs from="}},
		"many":                     {strings.Repeat("x\n", 30), admin, []string{"line 20: ", "and 10 lines more"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFiles(t)
			f.put(f.paths.API, c.api)
			f.put(f.paths.Admin, c.admin)
			_, err := Open(f.paths, time.Now)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v\ndoes not say %q", err, want)
				}
			}
			for _, word := range strings.Fields(c.api + " " + c.admin) {
				if len(word) > 20 && err != nil && strings.Contains(err.Error(), word) {
					t.Errorf("what stands in a file shows: %v", err)
				}
			}
		})
	}
	if _, err := Open(Paths{}, time.Now); err == nil || !strings.Contains(err.Error(), "API_KEYS_FILE is not set") || !strings.Contains(err.Error(), "ADMIN_KEYS_FILE is not set") {
		t.Errorf("without files: %v", err)
	}
}

// A key that is taken out is refused with the next question; a file that cannot be read as it is now changes nothing, and is told.
func TestFilesAreReadAgain(t *testing.T) {
	f := newFiles(t)
	acme, acmeLine := made(t, API, "acme")
	beta, betaLine := made(t, API, "beta")
	_, aliceLine := made(t, Admin, "alice", "203.0.113.7")
	f.put(f.paths.API, acmeLine, betaLine)
	f.put(f.paths.Admin, aliceLine)
	r := must(Open(f.paths, time.Now))
	known := func(key string) bool { _, err := r.Whose(key, netip.MustParseAddr("192.0.2.1")); return err == nil }
	problems := func() (all string) {
		for _, file := range r.Files() {
			if err := file.Problem(); err != nil {
				all += err.Error() + "\n"
			}
		}
		return all
	}
	if !known(acme) || !known(beta) || problems() != "" {
		t.Fatalf("at first: %v %v %s", known(acme), known(beta), problems())
	}
	f.put(f.paths.API, betaLine)
	if known(acme) || !known(beta) || problems() != "" {
		t.Errorf("after acme was revoked: %v %v %s", known(acme), known(beta), problems())
	}
	f.put(f.paths.API, acmeLine, "broken")
	if known(acme) || !known(beta) || !strings.Contains(problems(), "API_KEYS_FILE") || !strings.Contains(problems(), "line 2") {
		t.Errorf("with a broken file: %v %v %s", known(acme), known(beta), problems())
	}
	f.put(f.paths.API, betaLine)
	f.put(f.paths.Admin, aliceLine, "bob "+strings.Fields(betaLine)[1]+" from=203.0.113.8")
	if !known(beta) || !strings.Contains(problems(), "API_KEYS_FILE too") {
		t.Errorf("with a key in both: %v %s", known(beta), problems())
	}
	f.put(f.paths.Admin, aliceLine)
	if problems() != "" {
		t.Errorf("put right: %s", problems())
	}
}

// A hash of a value that can be guessed opens nothing, though nobody can see it in the file.
func TestAKeyThatCanBeGuessedIsNobodys(t *testing.T) {
	f := newFiles(t)
	const weak = "changeme-changeme-2026"
	_, aliceLine := made(t, Admin, "alice", "203.0.113.7")
	f.put(f.paths.API, "acme "+hashOf(weak), "short "+hashOf("x9!kQ2"))
	f.put(f.paths.Admin, aliceLine)
	r := must(Open(f.paths, time.Now))
	for _, key := range []string{weak, "x9!kQ2"} {
		if c, err := r.Whose(key, netip.MustParseAddr("192.0.2.1")); !errors.Is(err, ErrUnknown) {
			t.Errorf("%+v, %v", c, err)
		}
	}
}

func TestMadeKeys(t *testing.T) {
	key, line := made(t, Admin, "alice", "203.0.113.7", "2001:db8::/48")
	if !strings.HasPrefix(key, "stellarescrow_admin_") || len(key) < 60 || line != "alice "+hashOf(key)+" from=203.0.113.7,2001:db8::/48" {
		t.Errorf("%d bytes, line %s", len(key), line)
	}
	if other, _ := made(t, Admin, "alice", "203.0.113.7"); other == key {
		t.Error("two keys are one")
	}
	for _, c := range []struct {
		kind Kind
		name string
		want string
	}{{API, "No Name", "no name"}, {Admin, "alice", "needs from="}} {
		if _, _, err := New(c.kind, c.name, nil, rand.Reader); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %v", c.kind, c.name, err)
		}
	}
	if _, _, err := New(API, "acme", nil, strings.NewReader("few")); err == nil {
		t.Error("a key without randomness was made")
	}
}

func TestRingsHideThemselves(t *testing.T) {
	f := newFiles(t)
	_, acmeLine := made(t, API, "acme")
	_, aliceLine := made(t, Admin, "alice", "203.0.113.7")
	f.put(f.paths.API, acmeLine)
	f.put(f.paths.Admin, aliceLine)
	r := must(Open(f.paths, time.Now))
	type config struct {
		Keys    Ring
		private Ring
	}
	c := config{r, r}
	var seen strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%p"} {
		fmt.Fprintf(&seen, verb+"\n", r)
		fmt.Fprintf(&seen, verb+"\n", &r)
		fmt.Fprintf(&seen, verb+"\n", c)
	}
	if err := json.NewEncoder(&seen).Encode(c); err != nil {
		t.Fatal(err)
	}
	slog.New(slog.NewJSONHandler(&seen, nil)).Info("x", "err", r, "was", c)
	for _, word := range []string{"acme", "alice", "203.0.113", strings.Fields(acmeLine)[1]} {
		if strings.Contains(seen.String(), word) {
			t.Errorf("%q shows:\n%s", word, seen.String())
		}
	}
	if !strings.Contains(seen.String(), hidden) {
		t.Errorf("shown as\n%s", seen.String())
	}
}

// Whatever stands in a file, reading it ends, says nothing of it, and takes no line that it would not take alone.
func FuzzParse(f *testing.F) {
	hash := hashOf("a seed of the fuzzer's")
	for _, seed := range []string{"", "# x\n", "acme " + hash, "acme " + hash + " from=192.0.2.1,2001:db8::/32\nb " + hash, "a\x00 " + hash, "é " + hash, "a " + strings.ToUpper(hash) + " from=", "a " + hash + " from=::ffff:192.0.2.1/128"} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, admin bool) {
		kind := API
		if admin {
			kind = Admin
		}
		all, err := parse(kind, text)
		if err != nil {
			for _, word := range strings.Fields(text) {
				if len(word) > 40 && strings.Contains(err.Error(), word) {
					t.Fatalf("what stands there shows: %v", err)
				}
			}
			return
		}
		if len(all) == 0 {
			t.Fatal("nothing, and no error")
		}
		names := map[string]bool{}
		for _, e := range all {
			if names[e.name] || !validName(e.name) || e.kind != kind || admin && len(e.from) == 0 {
				t.Fatalf("%+v", e)
			}
			names[e.name] = true
			line := e.name + " " + hex.EncodeToString(e.hash[:])
			for i, p := range e.from {
				if p.Bits() == 0 || p.Masked() != p {
					t.Fatalf("from %s", p)
				}
				line += map[bool]string{true: " from=", false: ","}[i == 0] + p.String()
			}
			again, err := parse(kind, line)
			if err != nil || len(again) != 1 || fmt.Sprint(again[0].from) != fmt.Sprint(e.from) || again[0].hash != e.hash {
				t.Fatalf("%q: %+v, %v", line, again, err)
			}
		}
	})
}
