package secrets

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/engine"
)

// What is unfit is told, and of the value nothing.
func TestSecretsThatAreUnfit(t *testing.T) {
	sum := func(text string) string { s := sha256.Sum256([]byte(text)); return hex.EncodeToString(s[:]) }
	random, hash := rand.Text(), sum(rand.Text())
	for _, c := range []struct{ name, text, want string }{
		{"POSTGRES_PASSWORD", random, ""},
		{"POSTGRES_PASSWORD", random + "\n", ""},
		{"POSTGRES_PASSWORD", "", "empty"},
		{"POSTGRES_PASSWORD", "\n", "empty"},
		{"REDIS_PASSWORD", random[:9], "9 bytes"},
		{"GRAFANA_ADMIN_PASSWORD", "change-me-please-123", "well-known words"},
		{"RELAY_SECRET", strings.Repeat("ab", 20), "repeats"},
		{"DATABASE_URL", "postgres://escrow@postgres/escrow", ""},
		{"DATABASE_URL", "postgres://escrow:" + random + "@postgres/escrow", ""},
		{"DATABASE_URL", "postgres://escrow:" + random[:9] + "@postgres/escrow", "9 bytes"},
		{"DATABASE_URL", "postgres://escrow:%zz" + random[:9] + "@postgres/escrow", "no URL"},
		{"API_KEYS", "# of the shop\nshop " + hash + " from=203.0.113.7\n\nother " + sum(random), ""},
		{"API_KEYS", "", "nobody has a key"},
		{"API_KEYS", "# shop " + hash, "nobody has a key"},
		{"ADMIN_KEYS", "operator " + hash + "\nother " + random, "key 2 is no SHA-256"},
		{"ADMIN_KEYS", hash, "key 1 is no SHA-256"},
		{"ADMIN_KEYS", "operator " + sum("changeme"), "everybody knows"},
		{"CONTRACT_ID", "", ""}, // no secret
	} {
		err := fit(c.name, c.text)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %q: %v, want %q", c.name, c.text, err, c.want)
		}
		if err != nil && len(c.text) > 0 && (strings.Contains(err.Error(), random[:9]) || strings.Contains(err.Error(), "change-me") || strings.Contains(err.Error(), hash)) {
			t.Errorf("%s: the error holds the value: %v", c.name, err)
		}
	}
}

// A secret that nobody has seen is no evidence, and one that is unfit in one of two places is a finding.
func TestWhatContainersHave(t *testing.T) {
	var all []engine.Given
	for _, name := range required() {
		all = append(all, engine.Given{Container: "secrets-1", Service: "secrets", Name: name, Path: "/run/secrets/" + name})
	}
	all = append(all, engine.Given{Container: "api-1", Name: "CONTRACT_ID", Wrong: errors.New("nobody asks")})
	subjects, findings, missing := judgeGiven("engine", all)
	if len(subjects) != 5 || len(findings) != 0 || len(missing) != 0 {
		t.Errorf("%v, %v, %v", subjects, findings, missing)
	}
	if _, _, missing := judgeGiven("engine", all[1:]); len(missing) != 1 || missing[0] != "POSTGRES_PASSWORD" {
		t.Errorf("without the first, %v are missing", missing)
	}
	all = append(all, engine.Given{Container: "postgres-1", Name: "POSTGRES_PASSWORD", Path: "/run/secrets/POSTGRES_PASSWORD", Wrong: errors.New("it is empty")})
	if _, findings, _ := judgeGiven("engine", all); len(findings) != 1 || findings[0].Subject != "POSTGRES_PASSWORD" || !strings.Contains(findings[0].Detail, "postgres-1") {
		t.Errorf("%v", findings)
	}

	said := map[string]error{"POSTGRES_PASSWORD": nil, "API_KEYS": nil, "ADMIN_KEYS": nil, "CONTRACT_ID": errors.New("nobody asks")}
	if subjects, findings, missing := judgeValues("cluster", said); len(subjects) != 3 || len(findings)+len(missing) != 0 {
		t.Errorf("%v, %v, %v", subjects, findings, missing)
	}
	delete(said, "ADMIN_KEYS")
	said["API_KEYS"] = errors.New("it is empty")
	if _, findings, missing := judgeValues("cluster", said); len(findings) != 1 || len(missing) != 1 || missing[0] != "ADMIN_KEYS" {
		t.Errorf("%v, %v", findings, missing)
	}
}
