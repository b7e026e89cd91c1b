package pending

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// clauses are they, with the file that would have what they want.
func clauses() []struct{ id, clause, file string } {
	return []struct{ id, clause, file string }{
		{"S5", "`scripts/secrets-rotate.sh [--dry-run]`, with AWS_REGION and K8S_NAMESPACE, rotates and restarts the pods affected", "scripts/secrets-rotate.sh"},
		{"S6", "rotation every 90 days", "monitoring/alert_rules_security.yml"},
		{"S7", "rotation at once on suspected compromise", "docs/runbooks/compromise.md"},
		{"S8", "rotation after a team member leaves", "docs/runbooks/offboarding.md"},
		{"M1", "alert HighAuthFailureRate: more than 10 auth failures/s for 2 min", "monitoring/alert_rules_security.yml"},
		{"M2", "alert AdminKeyUsedFromUnknownIP: an admin key from an untrusted address, at once, critical", "monitoring/alert_rules_security.yml"},
		{"M3", "alert RateLimitThrottlingSpike: more than 50 throttled requests/s", "monitoring/alert_rules_security.yml"},
		{"M4", "alert TLSCertExpiryWarning: less than 30 days left", "monitoring/alert_rules_security.yml"},
		{"M5", "alert TLSCertExpiryCritical: less than 7 days left", "monitoring/alert_rules_security.yml"},
		{"M6", "alert UnexpectedHTTPMethods: TRACE, CONNECT (and OPTIONS outside CORS) seen", "monitoring/alert_rules_security.yml"},
		{"M7", "alert SuspiciousPayloadSize: a request body over 10 MB", "monitoring/alert_rules_security.yml"},
		{"M8", "alert DatabaseConnectionExhaustion: over 90 % of the pool in use", "monitoring/alert_rules_security.yml"},
		{"M9", "alert ContainerRunningAsRoot: a root process in a container", "monitoring/alert_rules_security.yml"},
		{"M10", "alert UnexpectedPrivilegedContainer: a privileged container in the namespace", "monitoring/alert_rules_security.yml"},
		{"M12", "M1, M2, M3, M5 and M9 each link to a runbook whose commands work", "docs/runbooks/README.md"},
		{"A1", "every admin API call is logged with actor, time and source address", "internal/auditlog/doc.go"},
		{"A3", "AML/KYC alerts in `monitoring/alert_rules.yml`", "monitoring/alert_rules.yml"},
		{"A4", "`scripts/dr-test.sh` verifies backup integrity on every restore", "scripts/dr-test.sh"},
		{"C8", "alerts fire (`amtool alert add`)", "monitoring/alert_rules_security.yml"},
	}
}

// Controls are those of the clauses.
func Controls() (all []guide.Control) {
	for _, c := range clauses() {
		all = append(all, guide.Control{
			ID: c.id, Clause: c.clause,
			Question: fmt.Sprintf("Is what the clause wants there (%s)? Whether it holds is not judged yet.", c.file),
			Modes:    []guide.Mode{{Name: "not-there", What: "what the clause wants is not there"}},
			Pending:  true,
			Tree: func(_ context.Context, t *facts.Tree) guide.Result {
				_, err := facts.Read(t, "pending "+c.file, func(files fs.FS) (struct{}, error) { _, err := facts.File(files, c.file); return struct{}{}, err })
				switch {
				case facts.NotThere(err):
					return guide.Fail(guide.Finding{Mode: "not-there", Subject: c.file, Detail: "nothing does what the clause wants yet", At: guide.Place{File: c.file}})
				case err != nil:
					return guide.NoEvidence("%v", err)
				}
				return guide.NoEvidence("%s is there; whether it does what the clause wants is not judged yet", c.file)
			},
			Running: guide.NotYet("what the clause wants of a running system"),
		})
	}
	return all
}
