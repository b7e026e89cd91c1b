package secrets

import (
	"strings"
	"testing"
)

// What a text gives away, and what only looks like it.
func TestWhatATextGivesAway(t *testing.T) {
	seed := "S" + strings.Repeat("A", 55)
	for text, want := range map[string]bool{
		"postgres://escrow:of-somebody@postgres/escrow": true, "redis://:of-somebody@redis:6379": true, "postgres://escrow:$PASSWORD@postgres": false, "postgres://escrow:$(PASSWORD)@postgres": false,
		"https://host/path": false, "http://indexer:3000": false, "user@example.org: a person": false,
		"PGPASSWORD=of-somebody psql": true, `export PGPASSWORD="of somebody"; psql`: true, "PGPASSWORD=$(cat /run/secrets/x) psql": false, `PGPASSWORD="$P" psql`: false, "PGPASSWORD=`cat x`": false,
		"--admin-password=of-somebody": true, "--admin-password of-somebody": true, "--admin-password-file=/run/secrets/x": false, "--password-file /run/secrets/x": false, "--password=/run/secrets/x": false,
		"redis-cli -h 127.0.0.1 -a of-somebody ping": true, "redis-cli -h 127.0.0.1 ping": false, "curl -u admin:of-somebody http://x": true, "curl -u admin:$P http://x": false,
		"Authorization: Bearer of-somebody": true, "Authorization: Bearer ${TOKEN}": false, "requirepass of-somebody": true, "user default on >of-somebody ~*": true, "user default reset on #$hash ~*": false,
		"CREATE ROLE a PASSWORD 'of-somebody';": true, "CREATE ROLE a PASSWORD :'password';": false, "[security]\nadmin_password = of-somebody\n": true, "admin_password = $__file{/run/x}": false,
		"basic_auth:\n  password: of-somebody\n": true, "basic_auth:\n  password_file: /run/x\n": false, `{"password": "of-somebody"}`: true, `{"secret":{"secretName":"x"},"automountServiceAccountToken":false,"tokens":["a"]}`: false, "host=postgres password=of-somebody": true,
		"password_encryption = 'scram-sha-256'": false, "# everybody knows the password: read pg_hba.conf": false, "; nothing here is a secret: the password is a file's": false, "# password=of-somebody": true,
		"NETWORK_PASSPHRASE=Test SDF Network": false, "FEE_KEY=of-somebody": true, "DB_PASS=of-somebody": true, "PGPASS=of-somebody": true, "bypass: of-somebody": false, "PGPASSFILE=/run/x": false, "key: app.kubernetes.io/name": false, "topologyKey: kubernetes.io/hostname": false, "token: false": false, "token: ''": false,
		seed: true, seed + "A": false, "-----BEGIN EC PRIVATE KEY-----\n": true, "-----BEGIN CERTIFICATE-----\n": false, "": false,
	} {
		if got := spells(text); (got != "") != want {
			t.Errorf("%q: %q, want something: %t", text, got, want)
		}
	}
}

// Of a command the words belong together.
func TestWhatACommandGivesAway(t *testing.T) {
	for want, commands := range map[bool][][]string{
		true:  {{"api", "--admin-password", "of-somebody"}, {"redis-cli", "-a", "of-somebody", "ping"}, {"sh", "-c", "PGPASSWORD=of-somebody psql"}, {"redis-server", "--requirepass", "of-somebody"}},
		false: {{"api"}, {"sh", "/etc/redis/ready.sh"}, {"--password-file", "/run/secrets/x"}, {"--token", "--verbose"}, {"sh", "-c", "cat /run/secrets/PASSWORD | psql"}, nil},
	} {
		for _, words := range commands {
			if got := spellsIn(words); (got != "") != want {
				t.Errorf("%q: %q, want something: %t", words, got, want)
			}
		}
	}
}
