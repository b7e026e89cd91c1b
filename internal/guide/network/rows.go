package network

import (
	"context"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// rowControl is the control of one row of the guide's table: exactly that is open, and the listed additions.
func rowControl(id, clause, defect string, broken []guide.Break, mutations ...guide.Mutation) guide.Control {
	rows := guideRows()
	r := rows[slices.IndexFunc(rows, func(r row) bool { return r.clause == id })]
	return guide.Control{
		ID:        id,
		Clause:    clause,
		Question:  "Is, by the rendered manifests of each overlay, exactly that open to and from " + r.part + ", on every port, from everybody who is there or could be, and by no other way? Running: the same of the cluster's policies, pods and namespaces.",
		Modes:     modes(),
		Mutations: mutations,
		Breaks:    broken,
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			return instead(defect, judgeEach(t, func(p *platform) guide.Result { return p.judgeRow(r) }))
		},
		Running: func(ctx context.Context, s *facts.System) guide.Result {
			return instead(defect, running(ctx, s, func(p *platform) guide.Result { return p.judgeRow(r) }))
		},
	}
}

// judgeRow holds a part against its row and the additions to it.
func (p *platform) judgeRow(r row) guide.Result {
	wanted := []row{r}
	for _, a := range additions() {
		if a.clause == r.clause {
			wanted = append(wanted, a)
		}
	}
	findings, subjects, err := p.differences(r.part, wanted...)
	if err != nil {
		return guide.NoEvidence("%v", err)
	}
	return guide.Judge(subjects, findings)
}

// instead is what was judged, of a row that cannot hold as it is written: defect says what is done in its place, and is empty of others.
func instead(defect string, judged guide.Result) guide.Result {
	if defect == "" {
		return judged
	}
	return guide.Defect(defect, judged)
}

// change is a mutation of the file with the guide's rows.
func change(mode, what, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(policyFile, old, new) }, Also: also}
}

// gone is the mutation that a part is not deployed. Whoever is to reach it, or be reached by it, then has a row about nobody.
func gone(part string, also ...string) guide.Mutation {
	return deployment.Drop(noPart, part+" is not deployed", "production", "{kind: Deployment|StatefulSet|CronJob, name: "+part+"}", also...)
}
