//go:build unix

package kube_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

// config writes the files of a ConfigMap of ours into a folder, with paths and ports of the pod changed into those of the test.
func config(t *testing.T, of, dir string, changed *strings.Replacer) {
	t.Helper()
	written := 0
	for _, m := range render(t, production).ConfigMaps() {
		if !strings.HasPrefix(m.Name, of+"-") {
			continue
		}
		for name, text := range m.Value.Data {
			written++
			if err := os.WriteFile(filepath.Join(dir, name), []byte(changed.Replace(text)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if written == 0 {
		t.Fatalf("no ConfigMap %s", of)
	}
}

// folder is one that another user may use.
func folder(t *testing.T, as *syscall.Credential) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kube-*") // t.TempDir is below one that only we may enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func write(t *testing.T, file string, text []byte, as *syscall.Credential) {
	t.Helper()
	err := os.WriteFile(file, text, 0o600)
	if as != nil {
		err = errors.Join(err, os.Chown(file, int(as.Uid), int(as.Gid)))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// serving starts a server and waits until it listens; it is stopped when the test ends.
func serving(t *testing.T, cmd *exec.Cmd, port string) {
	t.Helper()
	log := &strings.Builder{}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT) // postgres: the fast way to stop
		<-done
	})
	deadline := time.After(30 * time.Second)
	for {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return
		}
		select {
		case err := <-done:
			done <- err
			t.Fatalf("%s has ended: %v\n%s", cmd.Path, err, log)
		case <-deadline:
			t.Fatalf("%s does not listen on %s", cmd.Path, port)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// TestRedisAsConfigured starts a real Redis by the pod's own script: N9, and nothing for the one client but what it needs.
func TestRedisAsConfigured(t *testing.T) {
	parts.Program(t, "redis-server", "apt-get install -y --no-install-recommends redis-server")
	dir, port, password := folder(t, nil), freePort(t), rand.Text()
	config(t, "redis-config", dir, strings.NewReplacer(
		"/run/secrets/redis", dir, "/run/redis", dir, "/etc/redis", dir, "dir /data", "dir "+dir, "port 6379", "port "+port,
		"bind * -::*", "bind 127.0.0.1", "redis-cli -h 127.0.0.1", "redis-cli -h 127.0.0.1 -p "+port,
	))
	secret := filepath.Join(dir, "REDIS_PASSWORD")
	write(t, secret, []byte("short"), nil)
	if out, err := exec.Command("sh", filepath.Join(dir, "start.sh")).CombinedOutput(); err == nil || !strings.Contains(string(out), "fewer than 16 characters") {
		t.Errorf("a short password: got %v, %q", err, out)
	}
	write(t, secret, []byte(password+"\n"), nil)
	serving(t, exec.Command("sh", filepath.Join(dir, "start.sh")), port)
	if out, err := exec.Command("sh", filepath.Join(dir, "ready.sh")).CombinedOutput(); err != nil {
		t.Errorf("it is not ready: %v, %s", err, out)
	}
	write(t, secret, []byte(rand.Text()), nil)
	if out, err := exec.Command("sh", filepath.Join(dir, "ready.sh")).CombinedOutput(); err == nil {
		t.Errorf("it is ready for who does not know the password: %s", out)
	}
	client := func(password string) *redis.Client {
		c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port, Password: password, DisableIdentity: true, MaxRetries: -1})
		t.Cleanup(func() { c.Close() })
		return c
	}
	ctx := t.Context()
	for _, p := range []string{"", "wrong"} {
		if err := client(p).Ping(ctx).Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") && !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("password %q: got %v, want a refusal", p, err)
		}
	}
	c := client(password)
	if err := c.XAdd(ctx, &redis.XAddArgs{Stream: "stellarescrow:feed:x", Values: []any{"seq", 1}}).Err(); err != nil {
		t.Error(err)
	}
	if got, err := c.XRevRangeN(ctx, "stellarescrow:feed:x", "+", "-", 1).Result(); err != nil || len(got) != 1 {
		t.Errorf("got %v and %v, want what was added", got, err)
	}
	for name, err := range map[string]error{
		"another key": c.XAdd(ctx, &redis.XAddArgs{Stream: "other", Values: []any{"a", 1}}).Err(), "flush": c.FlushAll(ctx).Err(),
		"settings": c.ConfigSet(ctx, "requirepass", "").Err(), "script": c.Eval(ctx, "return 1", nil).Err(), "publish": c.Publish(ctx, "stellarescrow:x", 1).Err(),
	} {
		if err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("%s: got %v, want that it has no leave", name, err)
		}
	}
}

// postgresPrograms is the newest installation's folder.
func postgresPrograms(t *testing.T) string {
	t.Helper()
	const install = "apt-get install -y --no-install-recommends postgresql"
	found, err := fs.Glob(os.DirFS("/usr/lib/postgresql"), "*/bin/initdb")
	if err != nil {
		t.Fatal(err)
	}
	best, newest := "", 14
	for _, f := range found {
		version, _, _ := strings.Cut(f, "/")
		if n, err := strconv.Atoi(version); err == nil && n > newest {
			best, newest = filepath.Join("/usr/lib/postgresql", filepath.Dir(f)), n
		}
	}
	if best == "" {
		parts.Missing(t, "PostgreSQL 15 or newer", install)
	}
	return best
}

// authority writes a certificate for the name that the pods use, and its key, by an authority made for this test.
func authority(t *testing.T, dir string, as *syscall.Credential) (ca string) {
	t.Helper()
	var keys [2]*ecdsa.PrivateKey
	for i := range keys {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[i] = key
	}
	now := time.Now()
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority of a test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "postgres"}, DNSNames: []string{"postgres"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for i, c := range []*x509.Certificate{root, leaf} {
		der, err := x509.CreateCertificate(rand.Reader, c, root, keys[i].Public(), keys[0])
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, []string{"ca.crt", "tls.crt"}[i]), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), as)
	}
	key, err := x509.MarshalPKCS8PrivateKey(keys[1])
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "tls.key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), as)
	return filepath.Join(dir, "ca.crt")
}

// TestPostgresAsConfigured starts a real PostgreSQL with the pod's settings, and makes its user by the pod's script: who does not speak TLS, or is
// another than that user, does not come in.
func TestPostgresAsConfigured(t *testing.T) {
	bin := postgresPrograms(t)
	account, err := user.Lookup("postgres")
	if os.Geteuid() != 0 || err != nil {
		parts.Missing(t, "the user postgres, and leave to become it", "run as root where PostgreSQL is installed")
	}
	uid, err1 := strconv.ParseUint(account.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	as := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	dir, port, password := folder(t, as), freePort(t), rand.Text()
	changed := strings.NewReplacer("/run/secrets/stellar-escrow", dir, "/run/secrets/tls", dir, "/etc/postgresql", dir, "shared_buffers = '512MB'", "shared_buffers = '16MB'")
	config(t, "postgres-config", dir, changed)
	config(t, "postgres-first-start", dir, changed)
	write(t, filepath.Join(dir, "POSTGRES_PASSWORD"), []byte(password+"\n"), as)
	ca := authority(t, dir, as)
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: as}
		cmd.Env = []string{"PATH=" + bin + ":/usr/bin:/bin", "LC_ALL=C", "PGHOST=" + dir, "PGPORT=" + port, "HOME=" + dir}
		return cmd
	}
	args := []string{"--pgdata=" + filepath.Join(dir, "data"), "--username=postgres", "--pwfile=" + filepath.Join(dir, "POSTGRES_PASSWORD"), "--no-sync"}
	container := workload(t, render(t, production), "StatefulSet stellar-escrow/postgres").Pod.Spec.Containers[0]
	for _, e := range container.Env {
		if e.Name == "POSTGRES_INITDB_ARGS" {
			args = append(args, strings.Fields(e.Value)...)
		}
	}
	if out, err := command(filepath.Join(bin, "initdb"), args...).CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	serving(t, command(filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"), "-p", port, "-k", dir, "-c", "config_file="+filepath.Join(dir, "postgresql.conf"),
		"-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"), port)
	ready := container.ReadinessProbe.Exec.Command
	for tries := 0; command(ready[0], ready[1:]...).Run() != nil; tries++ {
		if tries == 300 {
			t.Fatalf("%q does not find it ready", ready)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if out, err := command("sh", filepath.Join(dir, "10-user.sh")).CombinedOutput(); err != nil {
		t.Fatalf("10-user.sh: %v\n%s", err, out)
	}
	connect := func(name, database, options string, old ...uint16) (*pgx.Conn, error) {
		u := url.URL{Scheme: "postgres", User: url.UserPassword(name, password), Host: "postgres:" + port, Path: database, RawQuery: options}
		c, err := pgx.ParseConfig(u.String())
		if err != nil {
			t.Fatal(err)
		}
		c.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"127.0.0.1"}, nil }
		for _, version := range old {
			c.TLSConfig.MinVersion, c.TLSConfig.MaxVersion = version, version
		}
		return pgx.ConnectConfig(t.Context(), c)
	}
	secure := "sslmode=verify-full&sslrootcert=" + url.QueryEscape(ca)
	for name, refused := range map[string]struct{ user, database, options string }{
		"without TLS":        {"stellarescrow", "stellarescrow", "sslmode=disable"},
		"the server's owner": {"postgres", "postgres", secure}, "another database": {"stellarescrow", "postgres", secure},
	} {
		if c, err := connect(refused.user, refused.database, refused.options); err == nil {
			c.Close(t.Context())
			t.Errorf("%s: came in", name)
		} else if !strings.Contains(err.Error(), "28000") { // invalid_authorization_specification
			t.Errorf("%s: got %v, want a refusal", name, err)
		}
	}
	if c, err := connect("stellarescrow", "stellarescrow", "sslmode=verify-full"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("by an authority that nobody knows: got %v and %v", c, err)
	}
	if c, err := connect("stellarescrow", "stellarescrow", secure, tls.VersionTLS11); err == nil || !strings.Contains(err.Error(), "protocol version") {
		t.Errorf("by TLS 1.1: got %v and %v", c, err)
	}
	c, err := connect("stellarescrow", "stellarescrow", secure)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.WithoutCancel(t.Context()))
	var rights string
	if err := c.QueryRow(t.Context(), `SELECT concat_ws(' ', rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls) FROM pg_roles WHERE rolname = current_user`).Scan(&rights); err != nil || rights != "f f f f f" {
		t.Errorf("rights are %q (%v), want none over the server", rights, err)
	}
	if _, err := c.Exec(t.Context(), "CREATE SCHEMA rebuilt"); err != nil {
		t.Errorf("a rebuild makes a schema of its own: %v", err)
	}
	for _, setting := range []struct{ name, want string }{{"password_encryption", "scram-sha-256"}, {"data_checksums", "on"}, {"log_statement", "none"}} {
		var got string
		if err := c.QueryRow(t.Context(), "SELECT current_setting($1)", setting.name).Scan(&got); err != nil || got != setting.want {
			t.Errorf("%s is %q (%v), want %s", setting.name, got, err, setting.want)
		}
	}
}

// TestConnectionsFit: what autoscalers allow, times what a process holds, is below what the database takes, with room to roll and for people.
func TestConnectionsFit(t *testing.T) {
	const each, rolling, people = 10, 1, 15 // internal/store/postgres: defaultConns; maxSurge
	set, used := render(t, production), people
	for _, h := range set.Autoscalers() {
		if h.Name == "api" || h.Name == "indexer" {
			used += (int(h.Value.Spec.MaxReplicas) + rolling) * each
		}
	}
	for _, m := range set.ConfigMaps() {
		if text, ok := m.Value.Data["postgresql.conf"]; ok {
			_, after, _ := strings.Cut(text, "max_connections = ")
			var most int
			if _, err := fmt.Sscan(after, &most); err != nil || used <= people || most < used {
				t.Errorf("max_connections is %d (%v), and %d may be wanted", most, err, used)
			}
			return
		}
	}
	t.Error("no ConfigMap has postgresql.conf")
}
