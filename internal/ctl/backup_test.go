package ctl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/ctl"
	"github.com/Abdullahi130/StellarEscrow/internal/ops/backup"
	s3testsrv "github.com/Abdullahi130/StellarEscrow/internal/ops/backup/s3-test-srv"
	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// vault is what an operator has: a database, the folder of its secrets as they are mounted, keys, and a folder for backups.
type vault struct {
	t                               *testing.T
	database                        string
	secrets, public, private, place string
	password                        string
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{t: t, database: ctl.Databases.Database(t), secrets: t.TempDir(), place: t.TempDir()}
	u, err := url.Parse(v.database)
	if err != nil {
		t.Fatal(err)
	}
	v.password, _ = u.User.Password()
	u.User = url.User(u.User.Username())
	v.put("DATABASE_URL", u.String())
	v.put("POSTGRES_PASSWORD", v.password)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	v.public, v.private = v.put("recipients", key.Recipient().String()), v.put("identity", key.String())
	return v
}

// put writes a file beside the secrets.
func (v *vault) put(name, text string) (path string) {
	v.t.Helper()
	path = filepath.Join(v.secrets, name)
	if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return path
}

func (v *vault) read(path string) string {
	v.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		v.t.Fatal(err)
	}
	return string(text)
}

// run calls escrowctl backup.
func (v *vault) run(args ...string) (string, error) {
	v.t.Helper()
	var out bytes.Buffer
	err := ctl.Run(v.t.Context(), append([]string{"backup"}, args...), &out)
	said := out.String() + fmt.Sprintf("%v %+v", err, err)
	secret, readErr := os.ReadFile(v.private)
	if readErr == nil && strings.Contains(said, strings.TrimSpace(string(secret))) || strings.Contains(said, v.password) {
		v.t.Errorf("escrowctl backup %s says a secret:\n%s", strings.Join(args, " "), said)
	}
	return out.String(), err
}

// taken is a backup, and its file.
func (v *vault) taken() (r backup.Receipt, path string) {
	v.t.Helper()
	out, err := v.run("--secrets", v.secrets, "--recipients-file", v.public, "--to", v.place, "--json")
	if err != nil {
		v.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		v.t.Fatalf("%v: %s", err, out)
	}
	return r, filepath.Join(v.place, r.Name)
}

func TestBackupAndVerify(t *testing.T) {
	v := newVault(t)
	out, err := v.run("--secrets", v.secrets, "--recipients-file", v.public, "--to", v.place)
	for _, want := range []string{"read back and equal", "sha256 ", "state hash ", "the store has never been used"} {
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%v, it says\n%s\nwant %q", err, out, want)
		}
	}
	r, path := v.taken()
	if r.Place != v.place || r.Manifest.Name != r.Name || r.Manifest.Rows() < 8 || r.Manifest.Program == "" {
		t.Errorf("%+v", r)
	}
	out, err = v.run("verify", "--identity", v.private, "--sha256", strings.ToUpper(r.SHA256), path)
	for _, want := range []string{r.Name + " is as it was written on ", r.SHA256, r.Manifest.State.Hash} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v, it says\n%s\nwant %q", err, out, want)
		}
	}
	out, err = v.run("verify", "--identity", v.private, "--json", path)
	var again backup.Receipt
	if err != nil || json.Unmarshal([]byte(out), &again) != nil || again.SHA256 != r.SHA256 || again.Manifest.State != r.Manifest.State {
		t.Errorf("%v: %s", err, out)
	}
}

// TestABackupInABucket has the credentials in a file, as every secret.
func TestABackupInABucket(t *testing.T) {
	v, s3 := newVault(t), s3testsrv.New(t, "backups")
	for name, value := range map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL_S3": s3.URL, "AWS_CONFIG_FILE": os.DevNull, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_PROFILE": "", "AWS_MAX_ATTEMPTS": "1",
		"AWS_SHARED_CREDENTIALS_FILE": v.put("credentials", "[default]\naws_access_key_id = backup\naws_secret_access_key = "+v.password), "BACKUP_S3_PATH_STYLE": "true",
		"BACKUP_TO": "s3://backups/store", "SECRETS_DIR": v.secrets,
	} {
		t.Setenv(name, value)
	}
	v.put("BACKUP_RECIPIENTS", strings.TrimSpace(v.read(v.public))) // as it is mounted
	out, err := v.run("--json")
	var r backup.Receipt
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || r.Place != "s3://backups/store" || int64(len(s3.Object("store/"+r.Name))) != r.Bytes {
		t.Fatalf("%v: %s; there is %v", err, out, s3.Objects())
	}
	at := r.Place + "/" + r.Name
	if out, err := v.run("verify", "--identity", v.private, "--sha256", r.SHA256, at); err != nil || !strings.Contains(out, "is as it was written") {
		t.Errorf("%v: %s", err, out)
	}
	s3.Put("store/"+r.Name, s3.Object("store/" + r.Name)[:r.Bytes-1])
	if _, err := v.run("verify", "--identity", v.private, at); err == nil || ctl.ExitCode(err) != cli.ExitFails || !strings.Contains(err.Error(), r.Name) {
		t.Errorf("cut off: %v (%d)", err, ctl.ExitCode(err))
	}
	s3.Refuse(func(*http.Request) (string, int) { return "AccessDenied", http.StatusForbidden })
	for _, args := range [][]string{{"verify", "--identity", v.private, at}, {"--json"}} {
		if _, err := v.run(args...); err == nil || ctl.ExitCode(err) != cli.ExitNotLooked || !strings.Contains(err.Error(), "AccessDenied") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s, refused: %v (%d)", args[0], err, ctl.ExitCode(err))
		}
	}
}

// TestBackupsThatAreNotAsWritten: each is refused with code 1, or 2 where nothing is known of it, and named.
func TestBackupsThatAreNotAsWritten(t *testing.T) {
	v := newVault(t)
	first, path := v.taken()
	second, other := v.taken()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	write := func(content []byte) func() {
		return func() {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	changed := bytes.Clone(content)
	changed[len(changed)/2] ^= 1
	for name, c := range map[string]struct {
		before func()
		args   []string
		code   int
		says   string
	}{
		"cut off": {write(content[:len(content)-1]), []string{"--identity", v.private, path}, cli.ExitFails, first.Name},
		"changed": {write(changed), []string{"--identity", v.private, path}, cli.ExitFails, first.Name},
		"empty":   {write(nil), []string{"--identity", v.private, path}, cli.ExitFails, first.Name},
		"another in its place": {func() {
			b, err := os.ReadFile(other)
			if err != nil {
				t.Fatal(err)
			}
			write(b)()
		}, []string{"--identity", v.private, path}, cli.ExitFails, second.Name + " under another name"},
		"another's receipt": {write(content), []string{"--identity", v.private, "--sha256", second.SHA256, path}, cli.ExitFails, "the receipt says " + second.SHA256},
		"another's key":     {write(content), []string{"--identity", v.put("stranger", stranger.String()), path}, cli.ExitNotLooked, "none of the keys opens it"},
		"not there":         {write(content), []string{"--identity", v.private, path + "x"}, cli.ExitNotLooked, "no such file"},
		"no folder":         {write(content), []string{"--identity", v.private, filepath.Join(v.place, "none", first.Name)}, cli.ExitNotLooked, "none"},
		"no key":            {write(content), []string{path}, cli.ExitMisused, "--identity"},
		"a public key":      {write(content), []string{"--identity", v.public, path}, cli.ExitMisused, "no private key"},
		"no hash":           {write(content), []string{"--identity", v.private, "--sha256", "abc", path}, cli.ExitMisused, "--sha256"},
		"no bucket":         {write(content), []string{"--identity", v.private, "gs://bucket/x"}, cli.ExitMisused, "gs://"},
	} {
		t.Run(name, func(t *testing.T) {
			c.before()
			out, err := v.run(append([]string{"verify"}, c.args...)...)
			if err == nil || ctl.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.says) || out != "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v (%d), printed %q; want %d and one line with %q", err, ctl.ExitCode(err), out, c.code, c.says)
			}
		})
	}
}

// TestBackupsThatAreNotTaken: everything that is wrong with the settings is said at once, and nothing is left behind.
func TestBackupsThatAreNotTaken(t *testing.T) {
	v := newVault(t)
	u, err := url.Parse(v.database)
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(*url.URL)) string {
		is := *u
		change(&is)
		return v.put("url", is.String())
	}
	foreign := ctl.Databases.Database(t)
	conn, err := pgx.Connect(t.Context(), foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "DROP TABLE stellarescrow_migrations"); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	good := map[string]string{"--secrets": v.secrets, "--recipients-file": v.public, "--to": v.place}
	for what, c := range map[string]struct {
		flags map[string]string // beside the good ones, or in their place; empty: left out
		code  int
		says  []string
	}{
		"nothing is set":        {map[string]string{"--secrets": "", "--recipients-file": "", "--to": ""}, cli.ExitMisused, []string{"DATABASE_URL_FILE", "BACKUP_RECIPIENTS_FILE", "BACKUP_TO"}},
		"a private key":         {map[string]string{"--recipients-file": v.private}, cli.ExitMisused, []string{"BACKUP_RECIPIENTS_FILE", "holds a private key"}},
		"no recipients' file":   {map[string]string{"--recipients-file": v.public + "x"}, cli.ExitMisused, []string{"BACKUP_RECIPIENTS_FILE", "no such file"}},
		"another kind of place": {map[string]string{"--to": "gs://bucket"}, cli.ExitMisused, []string{"BACKUP_TO", "gs://bucket"}},
		"no bucket":             {map[string]string{"--to": "s3:///x"}, cli.ExitMisused, []string{"s3://BUCKET"}},
		"no time":               {map[string]string{"--within": "0s"}, cli.ExitMisused, []string{"BACKUP_WITHIN"}},
		"too little time":       {map[string]string{"--within": "1ns"}, cli.ExitNotLooked, []string{"within 1ns"}},
		"no folder":             {map[string]string{"--to": v.place + "/none"}, cli.ExitNotLooked, []string{"none"}},
		"SQLite":                {map[string]string{"--database-url-file": v.put("sqlite", "sqlite:/tmp/x.db")}, cli.ExitMisused, []string{"DATABASE_URL_FILE", "SQLite"}},
		"no URL":                {map[string]string{"--database-url-file": v.put("nourl", v.password)}, cli.ExitMisused, []string{"DATABASE_URL_FILE", "no URL"}},
		"no password":           {map[string]string{"--secrets": "", "--database-url-file": filepath.Join(v.secrets, "DATABASE_URL")}, cli.ExitMisused, []string{"POSTGRES_PASSWORD_FILE"}},
		"nobody listens":        {map[string]string{"--database-url-file": with(func(u *url.URL) { u.Host = "127.0.0.1:1" })}, cli.ExitNotLooked, []string{"127.0.0.1:1"}},
		"another program's":     {map[string]string{"--database-url-file": v.put("foreign", foreign)}, cli.ExitFails, []string{"holds no store"}},
	} {
		t.Run(what, func(t *testing.T) {
			flags := maps.Clone(good)
			maps.Copy(flags, c.flags)
			var args []string
			for flag, value := range flags {
				if value != "" {
					args = append(args, flag+"="+value)
				}
			}
			out, err := v.run(args...)
			if err == nil || ctl.ExitCode(err) != c.code || out != "" || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%v (%d), printed %q; want %d", err, ctl.ExitCode(err), out, c.code)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want it to say %q", err, want)
				}
			}
			if left, err := os.ReadDir(v.place); err != nil || len(left) != 0 {
				t.Errorf("%v is left, %v", left, err)
			}
		})
	}
}

// TestTheManualOfBackups runs every command of the page, the restore by hand too, which needs no program of ours.
func TestTheManualOfBackups(t *testing.T) {
	const manual = "../../docs/operations/backup.md"
	shell := parts.Program(t, "bash", "apt-get install bash")
	for _, program := range []string{"age", "zstd", "psql", "tar"} {
		parts.Program(t, program, "apt-get install --no-install-recommends age zstd postgresql-15")
	}
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	v := newVault(t)
	bin, work := t.TempDir(), t.TempDir()
	self, err := filepath.Abs(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "escrowctl"), fmt.Appendf(nil, "#!/bin/sh\n%s=1 exec %q \"$@\"\n", ctl.AsProgram, self), 0o755); err != nil {
		t.Fatal(err)
	}
	r, path := v.taken()
	fresh := ctl.Databases.Database(t) // has the tables, as a server of that version makes them
	env := append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SECRETS_DIR="+v.secrets, "BACKUP_RECIPIENTS_FILE="+v.public, "BACKUP_TO="+v.place, "BACKUP_IDENTITY_FILE="+v.private,
		"BACKUP="+path, "SHA256="+r.SHA256, "EMPTY="+fresh)
	ran := 0
	want := []string{"read back and equal", "is as it was written", "", fmt.Sprintf(`"hash": %q`, r.Manifest.State.Hash), "COPY"}
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		cmd := exec.CommandContext(t.Context(), shell, "-euo", "pipefail", "-c", block[1])
		cmd.Env, cmd.Dir = env, work
		out, err := cmd.CombinedOutput()
		if ran == len(want) {
			t.Fatalf("the page has a block that this test does not know:\n%s", block[1])
		}
		if err != nil || !strings.Contains(string(out), want[ran]) {
			t.Fatalf("%s\n%s(%v), want %q", block[1], out, err, want[ran])
		}
		ran++
	}
	if ran != len(want) {
		t.Fatalf("%d blocks were run, want %d", ran, len(want))
	}
	// What was restored by hand is what was backed up.
	v.put("DATABASE_URL", fresh)
	again, _ := v.taken()
	if fmt.Sprint(again.Manifest.Contents) != fmt.Sprint(r.Manifest.Contents) {
		t.Errorf("restored by hand it holds\n%+v\nwant\n%+v", again.Manifest.Contents, r.Manifest.Contents)
	}
}
