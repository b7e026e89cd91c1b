//go:build linux

package kube_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/test/stack/outside"
)

// random is a value as `openssl rand` makes them.
func random() string { return rand.Text() + rand.Text() }

// secrets is what stands in for Secrets Manager: a folder with a file a secret.
type secrets struct {
	folder string
	values map[string]map[string]string // by secret
	keys   map[string]string            // that callers offer, by whose they are; of them the secrets hold hashes
}

// seed is a new key of Stellar's. Its account is on no network, so nothing is ever paid with it: whoever trades here pays for itself, and due trades are
// settled by whoever comes.
func seed() string { return keypair.MustRandom().Seed() }

// newSecrets fills in what an operator puts into Secrets Manager (k8s/README.md).
func newSecrets(t *testing.T, o *outside.Outside, recipient *age.X25519Recipient) *secrets {
	t.Helper()
	certificate, key, err := o.Authority.Issue("postgres")
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]string{"shop": random(), "operator": random(), "stranger": random()}
	hash := func(name, from string) string {
		return fmt.Sprintf("%s %x%s\n", name, sha256.Sum256([]byte(keys[name])), from)
	}
	relay, redis, ca := random(), random(), string(o.Authority.PEM())
	s := &secrets{folder: t.TempDir(), keys: keys, values: map[string]map[string]string{
		"database":     {"DATABASE_URL": "postgres://stellarescrow@postgres:5432/stellarescrow?sslmode=verify-full", "POSTGRES_PASSWORD": random()},
		"api-keys":     {"API_KEYS": hash("shop", ""), "ADMIN_KEYS": hash("operator", " from="+outsideAddress) + hash("stranger", " from=192.0.2.7")},
		"stellar":      {"CONTRACT_ID": o.Contract()},
		"relay":        {"RELAY_SECRET": relay},
		"database-ca":  {"DATABASE_CA": ca},
		"redis":        {"REDIS_PASSWORD": redis},
		"indexer":      {"STELLAR_RPC_URLS": o.RPCURL(), "KEEPER_KEYS": seed(), "FEE_KEY": seed(), "CHANNEL_KEYS": seed() + "\n" + seed()},
		"postgres":     {"SERVER_CERTIFICATE": string(certificate), "SERVER_KEY": string(key)},
		"grafana":      {"GRAFANA_ADMIN_PASSWORD": random()},
		"alertmanager": {"ALERT_CRITICAL_URL": "https://" + pager + "/critical", "ALERT_WARNING_URL": "https://" + pager + "/warning"},
		"backup":       {"BACKUP_RECIPIENTS": recipient.String()},
	}}
	for name := range s.values {
		s.write(t, name)
	}
	return s
}

func (s *secrets) write(t *testing.T, name string) {
	t.Helper()
	text, err := json.Marshal(s.values[name])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(s.folder, "stellar-escrow", "production", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}
