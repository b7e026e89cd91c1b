package door

import (
	"context"
	"fmt"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/tlsprobe"
)

const daysAsked = 30

func c5() guide.Control {
	return guide.Control{
		ID:       "C5",
		Clause:   "TLS certificate valid for more than 30 days",
		Question: "Is every certificate that the door shows, and those that vouch for it, good for more than 30 days, for this name, and from an authority that is trusted?",
		Modes: []guide.Mode{
			{Name: "ends-soon", What: "a certificate ends within 30 days", Running: true},
			{Name: "not-trusted", What: "no authority that is trusted vouches for it", Running: true},
			{Name: "another-name", What: "it is for another name", Running: true},
		},
		Silent: "which certificate is shown no file says",
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			seen, err := handshakes(ctx, s)
			return judgeCertificates(seen, err, s.Now())
		},
		OnlyRunning: true,
	}
}

func judgeCertificates(seen tlsprobe.Facts, unseen error, now time.Time) guide.Result {
	if len(seen.Chains) == 0 {
		return guide.NoEvidence("no certificate was seen: %v", unseen)
	}
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, c := range seen.Chains {
		name := seen.Target + " " + c.Suite
		days := int(c.NotAfter().Sub(now).Hours() / 24)
		if days <= daysAsked {
			findings = append(findings, guide.Finding{Mode: "ends-soon", Subject: name, Detail: fmt.Sprintf("%d days are left: renew it", days)})
		}
		if !c.Trusted {
			findings = append(findings, guide.Finding{Mode: "not-trusted", Subject: name, Detail: c.Distrust})
		}
		if !c.NameMatches {
			findings = append(findings, guide.Finding{Mode: "another-name", Subject: name, Detail: "it is not for the name in the targets file"})
		}
		subjects = append(subjects, guide.Subject{Name: name, Evidence: fmt.Sprintf("%d days left, until %s", days, c.NotAfter().UTC().Format(time.DateOnly))})
	}
	return guide.Judge(subjects, findings)
}
