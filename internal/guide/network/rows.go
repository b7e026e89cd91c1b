package network

import (
	"context"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// rowControl is the control of one row of the guide's table: exactly that is open, and the listed additions.
func rowControl(id, clause, defect string, mutations ...guide.Mutation) guide.Control {
	rows := guideRows()
	r := rows[slices.IndexFunc(rows, func(r row) bool { return r.clause == id })]
	return guide.Control{
		ID:        id,
		Clause:    clause,
		Question:  "Is, by the rendered manifests, exactly that open to and from " + r.part + ", on every port, from everybody who is there or could be, and by no other way?",
		Modes:     modes(),
		Mutations: mutations,
		Tree: func(_ context.Context, t *facts.Tree) guide.Result {
			p, err := lookAt(t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			wanted := []row{r}
			for _, a := range additions() {
				if a.clause == id {
					wanted = append(wanted, a)
				}
			}
			findings, subjects, err := p.differences(r.part, wanted...)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			judged := guide.Judge(subjects, findings)
			if defect == "" {
				return judged
			}
			return guide.Defect(defect, judged)
		},
		Silent: "what the cluster has is held against the files by C4",
	}
}

// change is a mutation of the file with the guide's rows.
func change(mode, what, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(policyFile, old, new) }, Also: also}
}

// gone is the mutation that a part is not deployed. Whoever is to reach it, or be reached by it, then has a row about nobody.
func gone(part string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: noPart, What: part + " is not deployed", Change: func(d *guide.Draft) error {
		return d.Replace("k8s/base/kustomization.yaml", "  - "+part+".yaml\n", "")
	}, Also: also}
}
