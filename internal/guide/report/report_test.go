package report

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"os"
	"regexp"
	"testing"
	"testing/fstest"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/sarif"
)

var update = flag.Bool("update", false, "write the golden files anew")

// sample is an audit with every verdict in it.
func sample(t *testing.T) guide.Report {
	t.Helper()
	control := func(id, clause string, tree, running guide.Result, only bool) guide.Control {
		return guide.Control{
			ID: id, Clause: clause, Question: "Does it hold?", OnlyRunning: only, Modes: []guide.Mode{{Name: "wrong", What: "it is wrong"}, {Name: "odd", What: "it is odd & <strange>"}},
			Tree:    func(context.Context, *facts.Tree) guide.Result { return tree },
			Running: func(context.Context, *facts.System) guide.Result { return running },
		}
	}
	at := guide.Place{File: "docker-compose.yml", Line: 12}
	seen := guide.Subject{Name: "service redis", Evidence: "127.0.0.1:6379 to 6379", At: at}
	var many []guide.Finding
	for range maxFindings + 2 {
		many = append(many, guide.Finding{Mode: "odd", Subject: "service <grafana>", Detail: "bind it to 127.0.0.1", At: at})
	}
	pass := guide.Pass(seen)
	g, err := guide.New(
		control("N8", "published on 127.0.0.1 only", guide.Fail(guide.Finding{Mode: "wrong", Subject: "service redis", Detail: "write 127.0.0.1:6379:6379", At: at}, many...), pass, false),
		control("N11", "TLS 1.2 and 1.3 only", pass, guide.NoEvidence("the door does not answer"), true),
		control("N14", "OCSP stapling on", guide.Defect("there is no responder", pass), pass, false),
		control("S1", "secrets come from AWS", pass, pass, false),
		control("S10", "`.env` is never committed", guide.NotHere("there is no repository"), guide.NotHere("it is the same wherever it runs"), false),
	)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC)
	r := guide.Audit(t.Context(), g.Controls(), guide.Asked{Tree: facts.Open(fstest.MapFS{}), Running: facts.Running(facts.Targets{}), Within: time.Minute, Now: func() time.Time { return began }})
	r.Took = 1500 * time.Millisecond
	link := func(s guide.LinkState, open, why string) guide.Link {
		return guide.Link{State: s, Open: open, Why: why}
	}
	r.Matrix = &guide.Matrix{Rows: []string{"api", "<redis>"}, Columns: []string{"api", "<redis>", "internet"}, Cells: [][]guide.Link{
		{link(guide.Self, "", ""), link(guide.Surplus, "6379/TCP", "by stellar-escrow/redis ingress[0].from[0]"), link(guide.Shut, "443/TCP", "a row has it, and no rule lets it through")},
		{link(guide.Wanted, "53/TCP, 53/UDP", ""), link(guide.HalfOpen, "1-1023/TCP, 8080/TCP, 9090/UDP, 9093/TCP", "the other side still shuts it"), link(guide.OneSided, "4000/TCP", "api accepts it, client may not send it")},
	}}
	against := func(says, reason string) guide.Objection {
		return guide.Objection{Rule: "CKV_1", Subject: "service <redis>", Says: says, At: at, Reason: reason}
	}
	r.Opinions = &guide.Opinions{
		Tools: []guide.Tool{{Name: "checkov", Version: "3.3.30", Checks: 12, Unseen: []string{"a <file>"}, Skips: []string{"CKV_2, as the file asks: a <reason>"}, Online: true},
			{Name: "hadolint", NotAsked: "it is not installed: pip install it", Missing: true}},
		Said: []guide.Opinion{
			{Clause: "N8", Tool: "checkov", Stand: guide.Concurs, Rules: []string{"CKV_1"}, Checks: 2, Objections: []guide.Objection{against("so say we", "")}},
			{Clause: "N14", Tool: "checkov", Stand: guide.Explained, Rules: []string{"CKV_1"}, Checks: 3, Objections: []guide.Objection{against("it is <odd>", "it has to be as it is & stays")}},
			{Clause: "S1", Tool: "checkov", Stand: guide.Objects, Rules: []string{"CKV_1", "CKV_2", "CKV_3", "CKV_4", "CKV_5", "CKV_6", "CKV_7"}, Checks: 4, Objections: []guide.Objection{against("it is <wrong>", "")}},
		},
		Beside:  []guide.Opinion{{Tool: "checkov", Stand: guide.Objects, Rules: []string{"CKV_9"}, Checks: 1, Objections: []guide.Objection{{Rule: "CKV_9", Subject: "all of it", Says: "of that nobody has thought"}}}},
		Strange: []string{"docs/second-opinions.yaml explains checkov CKV_8 of <nothing>, which it does not say: take it away"},
	}
	r.RunningMatrix = &guide.Matrix{Rows: []string{"api"}, Columns: []string{"api"}, Cells: [][]guide.Link{{link(guide.Self, "", "")}}}
	return r
}

func plain(w io.Writer, r guide.Report) error { return Text(w, r, Style{Width: 80}) }

func whole(w io.Writer, r guide.Report) error {
	return Text(w, r, Style{Width: 120, Color: true, Evidence: true, Fixable: 3})
}

func explained(w io.Writer, r guide.Report) error {
	var controls []guide.Control
	for _, c := range r.Clauses {
		controls = append(controls, c.Control)
	}
	return Explain(w, controls, Style{Width: 60}, func(clause, mode string) bool { return clause == "N8" && mode == "wrong" })
}

func TestReports(t *testing.T) {
	for name, write := range map[string]func(io.Writer, guide.Report) error{"report.txt": plain, "report-wide.txt": whole, "explain.txt": explained, "report.json": JSON, "report.sarif": SARIF, "report.html": HTML} {
		var got bytes.Buffer
		if err := write(&got, sample(t)); err != nil {
			t.Fatal(err)
		}
		golden := "testdata/" + name
		if *update {
			if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is otherwise (%v):\n%s", name, err, got.String())
		}
	}
}

// Each result is of a rule that is there, and each file is one of the tree.
func TestSARIFHoldsTogether(t *testing.T) {
	var text bytes.Buffer
	if err := SARIF(&text, sample(t)); err != nil {
		t.Fatal(err)
	}
	var log sarif.Log
	if err := json.Unmarshal(text.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	run, kinds := log.Runs[0], map[string]int{}
	for _, r := range run.Results {
		kinds[r.Kind]++
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.Message.Text == "" || (r.Kind == "fail") != (r.Level == "error" || r.Level == "warning") {
			t.Errorf("%+v is of %+v", r, run.Tool.Driver.Rules[r.RuleIndex])
		}
	}
	// Four of what tools of others say: what agrees with a clause that fails is found already, and one tool was not asked.
	if kinds["fail"] != maxFindings+3+4 || kinds["open"] != 2 || kinds["pass"] != 5 || kinds["review"] != 1 || kinds["notApplicable"] != 2 || run.Invocations[0].ExitCode != 1 {
		t.Errorf("%v, exit code %d", kinds, run.Invocations[0].ExitCode)
	}
}

// The page is one file: it loads nothing, and what a tree says in it is text.
func TestHTMLLoadsNothing(t *testing.T) {
	var text bytes.Buffer
	if err := HTML(&text, sample(t)); err != nil {
		t.Fatal(err)
	}
	if found := regexp.MustCompile(`(?i)src=|href="[^#]|@import|url\(|<script|style="|\son[a-z]+=|service <grafana>|<redis>`).FindString(text.String()); found != "" {
		t.Errorf("the page has %q", found)
	}
}
