package network

import (
	"context"
	"fmt"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// writable are the services whose root may be written, and why: "where applicable" is these, and no others.
func writable() map[string]string {
	return map[string]string{"secrets": "Compose puts a value of the environment into a file only where the root can be written; it has no network and no port"}
}

func n10() guide.Control {
	return guide.Control{
		ID:     "N10",
		Clause: "containers run `no-new-privileges:true`, `read_only: true` where applicable",
		Question: "Does every service of every profile have both, but for those whose root must be written for a reason that is listed here? Running: as the kernel has it, of every process of every container, and has none " +
			"of them a capability, or root's number?",
		Modes: []guide.Mode{
			{Name: "new-privileges", What: "a process of the container can gain privileges, by a setuid program"},
			{Name: "writable-root", What: "the container's root can be written: what gets in can stay"},
			{Name: "privileged", What: "the container has every privilege of the machine"},
			{Name: "needless-exception", What: "a service is listed as one whose root must be written, and its is not"},
			{Name: "has-capabilities", What: "a process of a container has, or could have, a capability", Running: true},
			{Name: "runs-as-root", What: "a process of a container is root's, on the machine or inside", Running: true},
		},
		Mutations: []guide.Mutation{
			stackfile.Change("new-privileges", "the option is gone from what all services share", `  security_opt: ["no-new-privileges:true"]`+"\n", ""),
			stackfile.Change("new-privileges", "the option is false", `"no-new-privileges:true"`, `"no-new-privileges:false"`),
			stackfile.Change("writable-root", "the root of what all services share can be written", "  restart: unless-stopped\n  read_only: true\n", "  restart: unless-stopped\n"),
			stackfile.Change("writable-root", "grafana's root can be written", "    ports: [\"127.0.0.1:3002:3000\"]\n", "    ports: [\"127.0.0.1:3002:3000\"]\n    read_only: false\n"),
			stackfile.Change("writable-root", "the root of a service of a profile can be written", "    profiles: [backup]\n", "    profiles: [backup]\n    read_only: false\n"),
			stackfile.Change("privileged", "the indexer is privileged", "    command: [indexer]\n", "    command: [indexer]\n    privileged: true\n"),
			stackfile.Change("needless-exception", "the root of secrets is read-only", "    read_only: false\n", ""),
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			p, err := stackfile.Project(ctx, t)
			if err != nil {
				return guide.NoEvidence("%v", err)
			}
			return judgeHardened(p)
		},
		Running: runHardened,
	}
}

func judgeHardened(p *compose.Project) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for name, s := range p.Model.Services {
		where := stackfile.At(p, "services", name)
		add := func(mode, detail string) {
			findings = append(findings, guide.Finding{Mode: mode, Subject: "service " + name, Detail: detail, At: where})
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") && !slices.Contains(s.SecurityOpt, "no-new-privileges") {
			add("new-privileges", `write security_opt: ["no-new-privileges:true"]`)
		}
		if s.Privileged {
			add("privileged", "take privileged away")
		}
		reason := writable()[name]
		switch {
		case !s.ReadOnly && reason == "":
			add("writable-root", "write read_only: true, and a tmpfs or volume for what is written")
		case s.ReadOnly && reason != "":
			add("needless-exception", "it is listed as one whose root must be written: take it from the list")
		}
		evidence := "no new privileges, read-only root"
		if reason != "" {
			evidence = fmt.Sprintf("no new privileges; its root can be written: %s", reason)
		}
		subjects = append(subjects, guide.Subject{Name: "service " + name, Evidence: evidence, At: where})
	}
	return guide.Judge(subjects, findings)
}
