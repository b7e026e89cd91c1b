package network

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/engine"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/procs"
)

// noStack is why there is nothing to be said of Compose where only a cluster, or a door, is named.
const noStack = "no Compose stack runs, as the targets file has it"

// stack is what the engine of the targets file runs.
func stack(ctx context.Context, s *facts.System) (engine.Facts, error) {
	return facts.Look(ctx, s, "engine", func(ctx context.Context) (engine.Facts, error) {
		f, err := engine.Look(ctx, s.Targets.Engine)
		if err == nil && len(f.Containers) == 0 {
			err = fmt.Errorf("%s: no container of the project %s runs", f.Name, s.Targets.Engine.Project)
		}
		return f, err
	})
}

func runPublished(ctx context.Context, s *facts.System) guide.Result {
	switch {
	case s.Targets.Engine.Socket != "":
		f, err := stack(ctx, s)
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		return judgeEngine(f)
	case s.Targets.Compose:
		sockets, err := facts.Look(ctx, s, "sockets", func(context.Context) ([]ports.Socket, error) { return ports.Listening(os.DirFS("/proc"), ports.Self) })
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		forwards, unruled := facts.Look(ctx, s, "packet rules", ports.Forwarded)
		subjects, findings := open(sockets, forwards)
		if unruled != nil && len(findings) == 0 { // a port that a rule hands on has no socket
			return guide.NoEvidence("%v", unruled)
		}
		return guide.Judge(subjects, findings)
	}
	return guide.NotHere(noStack)
}

// judgeEngine looks at what an engine has published, and at what listens where it does. A port that packet rules forward has no socket, and one that a program of the machine
// has opened is no container's: both are asked.
func judgeEngine(f engine.Facts) guide.Result {
	at := guide.Place{File: f.Name}
	var findings []guide.Finding
	var subjects []guide.Subject
	for _, c := range f.Containers {
		ours := slices.ContainsFunc(internal[:], func(i struct {
			name string
			port uint16
		}) bool {
			return i.name == c.Service
		})
		if c.Service == "nginx" {
			continue
		}
		if ours && c.HostNetwork {
			findings = append(findings, guide.Finding{Mode: "shares-the-hosts-network", Subject: c.Service, Detail: "container " + c.Name + ": give it networks of its own", At: at})
		}
		var seen []string
		for _, p := range c.Ports {
			seen = append(seen, p.String())
			if p.Address.IsLoopback() {
				continue
			}
			mode := "published-beside-the-door"
			if ours {
				mode = "published-to-the-world"
			}
			findings = append(findings, guide.Finding{Mode: mode, Subject: c.Service, Detail: p.String() + ": publish it on 127.0.0.1, or not at all", At: at})
		}
		if len(seen) == 0 {
			seen = []string{"publishes nothing"}
		}
		if ours {
			subjects = append(subjects, guide.Subject{Name: "container " + c.Name, Evidence: strings.Join(seen, ", "), At: at})
		}
	}
	if len(subjects) == 0 && len(findings) == 0 {
		return guide.NoEvidence("%s: none of the services that the clause names runs", f.Name)
	}
	more, wrong := open(f.Listening, f.Forwards)
	subjects, findings = append(subjects, more...), append(findings, wrong...)
	if f.Unheard != nil && len(findings) == 0 {
		return guide.NoEvidence("%s: what listens could not be listed: %v", f.Name, f.Unheard)
	}
	return guide.Judge(subjects, findings)
}

// open looks for the ports of the clause's services among the sockets that wait and among what packet rules hand on.
func open(sockets []ports.Socket, forwards []ports.Forward) (subjects []guide.Subject, findings []guide.Finding) {
	outer := map[uint16]string{3002: grafana} // inside it is 3000, which is the indexer's elsewhere
	for _, i := range internal {
		if i.name != grafana {
			outer[i.port] = i.name
		}
	}
	for _, s := range sockets {
		name, ok := outer[s.Address.Port()]
		if !ok || s.Protocol != "tcp" {
			continue
		}
		subjects = append(subjects, guide.Subject{Name: name, Evidence: s.String()})
		if !s.Loopback() {
			findings = append(findings, guide.Finding{Mode: "listens-to-the-world", Subject: name, Detail: s.String() + ": bind it to 127.0.0.1"})
		}
	}
	for _, f := range forwards {
		for port, name := range outer {
			if !f.Covers(port) {
				continue
			}
			subjects = append(subjects, guide.Subject{Name: name, Evidence: f.String()})
			if !f.Loopback() {
				findings = append(findings, guide.Finding{Mode: "listens-to-the-world", Subject: name, Detail: f.String() + ": publish it on 127.0.0.1"})
			}
		}
	}
	return subjects, findings
}

func runHardened(ctx context.Context, s *facts.System) guide.Result {
	switch {
	case s.Targets.Engine.Socket != "":
		f, err := stack(ctx, s)
		if err != nil {
			return guide.NoEvidence("%v", err)
		}
		return judgeConfined(f)
	case s.Targets.Compose:
		return guide.NoEvidence("the targets file names no engine: name its socket, by which its containers are found")
	}
	return guide.NotHere(noStack + "; of pods, P1 asks the same")
}

// judgeConfined looks at each process, and only beside it at what the engine was told.
func judgeConfined(f engine.Facts) guide.Result {
	at := guide.Place{File: f.Name}
	var findings []guide.Finding
	var subjects []guide.Subject
	var unseen []error
	for _, c := range f.Containers {
		name := "container " + c.Name
		found := map[string]bool{}
		add := func(mode, detail string, args ...any) {
			if !found[mode] { // one process of a container is enough
				found[mode] = true
				findings = append(findings, guide.Finding{Mode: mode, Subject: name, Detail: fmt.Sprintf(detail, args...), At: at})
			}
		}
		if c.Unseen != nil || len(c.Processes) == 0 {
			unseen = append(unseen, fmt.Errorf("%s, %s: its processes could not be looked at: %w", f.Name, name, cmp.Or(c.Unseen, errNone)))
			continue
		}
		reason := writable()[c.Service]
		for _, p := range c.Processes {
			switch all := p.Bounding | p.Permitted | p.Effective | p.Ambient | p.Inherited; {
			case c.Privileged || all.Whole(p.LastCapability):
				add("privileged", "process %d, %s: it has every privilege of the machine", p.PID, p.Name)
			case all != 0:
				add("has-capabilities", "process %d, %s: %s: write cap_drop: [ALL]", p.PID, p.Name, strings.Join(all.Names(), ", "))
			}
			if !p.NoNewPrivileges {
				add("new-privileges", `process %d, %s: write security_opt: ["no-new-privileges:true"]`, p.PID, p.Name)
			}
			if p.Root() {
				add("runs-as-root", "process %d, %s: give the service a user by number", p.PID, p.Name)
			}
			switch readOnly := p.ReadOnlyRoot(); {
			case !readOnly && reason == "":
				add("writable-root", "process %d, %s: write read_only: true, and a tmpfs or volume for what is written", p.PID, p.Name)
			case readOnly && reason != "":
				add("needless-exception", "it is listed as one whose root must be written: take it from the list")
			}
		}
		subjects = append(subjects, guide.Subject{Name: name, Evidence: evidence(c.Processes, reason), At: at})
	}
	if len(unseen) > 0 && len(findings) == 0 {
		return guide.NoEvidence("%v", errors.Join(unseen...))
	}
	return guide.Judge(subjects, findings)
}

var errNone = errors.New("there is none that may be seen")

func evidence(all []procs.Process, writable string) string {
	text := fmt.Sprintf("%d processes of user %d: no new privileges, no capabilities, ", len(all), all[0].EffectiveUID.Outside)
	if writable != "" {
		return text + "a root that can be written: " + writable
	}
	return text + "a read-only root"
}
