package scanning

import (
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// subject is something that must be scanned.
type subject struct {
	name string // as attempts name it
	at   guide.Place
	what string // what is to be done when nothing scans it
}

func paths(names []string, what string) (all []subject) {
	for _, n := range names {
		all = append(all, subject{n, guide.Place{File: n}, what})
	}
	return all
}

// judge holds that each subject has an attempt without problems; of one that has none, what is wrong with the best of its attempts is found. Attempts at something else are found too,
// unless others of the workflow's jobs may be of it.
func judge(subjects []subject, attempts []attempt) guide.Result {
	var findings []guide.Finding
	var seen []guide.Subject
	for _, s := range subjects {
		best := -1
		for i, a := range attempts {
			if a.subject == s.name && (best < 0 || len(a.problems) < len(attempts[best].problems)) {
				best = i
			}
		}
		if best < 0 {
			findings = append(findings, guide.Finding{Mode: notScanned, Subject: s.name, Detail: s.what, At: s.at})
			continue
		}
		a := attempts[best]
		seen = append(seen, guide.Subject{Name: s.name, Evidence: a.place.job.ID + ": " + a.evidence, At: a.place.at()})
		for _, p := range a.problems {
			findings = append(findings, guide.Finding{Mode: p.mode, Subject: s.name, Detail: p.detail, At: a.place.at()})
		}
	}
	var strange []string
	for _, a := range attempts {
		if slices.ContainsFunc(subjects, func(s subject) bool { return s.name == a.subject }) || slices.Contains(strange, a.subject) {
			continue
		}
		strange = append(strange, a.subject)
		detail := "there is no " + a.subject + " in the tree: a scan of nothing finds nothing"
		if strings.Contains(a.subject, unknown) {
			detail = "what it scans is not known before it runs (" + a.place.job.Dynamic + "): write it down"
		}
		findings = append(findings, guide.Finding{Mode: nothingThere, Subject: a.subject, Detail: detail, At: a.place.at()})
	}
	return guide.Judge(seen, findings)
}
