package ctl

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/Abdullahi130/StellarEscrow/internal/cli"
	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/clauses"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/fix"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/network"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/opinions"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/report"
)

// auditCommand proves the hardening guide, clause by clause.
type auditCommand struct {
	Clauses  []string      `arg:"" optional:"" help:"Clauses (N3) and sections (N) to ask about; all of them if none is named."`
	Tree     string        `help:"Folder with the checkout to look at: this project's, or any other." default:"."`
	Live     string        `help:"File that says where the running system is (door, address, roots, redis, compose, engine, cluster, scans, prometheus, alertmanager, loki, grafana): it is asked too, by what changes nothing." placeholder:"FILE"`
	Format   string        `help:"text; json, one object with every subject and finding; sarif, for code scanning; or html, one page to keep." enum:"text,json,sarif,html" default:"text"`
	Explain  bool          `help:"Say what each clause asks and every way to fail, and look at nothing."`
	Prove    bool          `help:"Break the tree in every way that the clauses name, in memory, and show that each is found by exactly its name."`
	Break    string        `name:"break-running" help:"With --prove and --live: break the running cluster itself, in every way that the clauses have a break for, and put it back after each. Name its context once more, to show that it is meant: never a cluster that anybody relies on." placeholder:"CONTEXT"`
	Fix      bool          `help:"Print a patch of the findings that have a safe edit; it is judged before it is shown, and what nobody should edit without thinking is named. Exits as the audit would with the patch."`
	Write    bool          `help:"With --fix, write the edits into the tree too."`
	Baseline string        `help:"File that says what is known not to hold, why, and until when: the audit then fails for what differs from it." placeholder:"FILE"`
	Evidence bool          `help:"In text, say also of what holds what was looked at."`
	Opinions []string      `name:"second-opinions" help:"Ask tools of others about the same files too, and hold what they say against the verdicts: any for those that are installed, or names (checkov, hadolint, kube-score, promtool, amtool, actionlint, zizmor). A disagreement without a reason in docs/second-opinions.yaml fails the audit. Nothing of the tree is run." placeholder:"TOOL"`
	Within   time.Duration `help:"How long one clause may take; what takes longer is NOT EVIDENCED." default:"1m"`

	notes io.Writer // where waiting is told of, if it is a terminal
}

// AfterApply refuses flags that cannot be meant: one that is there without a value, as of a variable of the shell that is not set, one that is there twice, and any beside --explain.
func (c *auditCommand) AfterApply(k *kong.Context) error {
	seen := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag == nil {
			continue
		}
		name, of := p.Flag.Name, p.Flag.Target
		switch {
		case of.Kind() == reflect.String && of.Len() == 0, of.Kind() == reflect.Slice && (of.Len() == 0 || slices.Contains(c.Opinions, "")):
			return fmt.Errorf("--%s is there without a value: leave it out, or name one", name)
		case seen[name] && of.Kind() != reflect.Slice:
			return fmt.Errorf("--%s is there twice: name it once", name)
		case c.Explain && name != "explain":
			return fmt.Errorf("--explain says what is asked, and looks at nothing: leave --%s out", name)
		}
		seen[name] = true
	}
	return nil
}

func (c *auditCommand) run(ctx context.Context, out io.Writer) error {
	whole, err := clauses.Guide()
	if err != nil {
		return err
	}
	chosen, err := whole.Choose(c.Clauses)
	if err != nil {
		return fmt.Errorf("%w: %w", cli.ErrUsage, err)
	}
	if c.Explain {
		return report.Explain(out, chosen, style(out), fix.Has)
	}
	if err := opinions.Known(c.Opinions); err != nil {
		return fmt.Errorf("%w: --second-opinions: %w", cli.ErrUsage, err)
	}
	if len(c.Opinions) > 0 && (c.Fix || c.Prove) {
		return fmt.Errorf("%w: --second-opinions are of an audit: leave --fix and --prove out", cli.ErrUsage)
	}
	if c.Write && !c.Fix {
		return fmt.Errorf("%w: --write is for --fix", cli.ErrUsage)
	}
	if c.Fix && (c.Prove || c.Live != "") {
		return fmt.Errorf("%w: --fix is of the tree: leave --prove and --live out", cli.ErrUsage)
	}
	if c.Format != "text" && (c.Fix || c.Prove) {
		return fmt.Errorf("%w: --fix prints a patch and --prove a table, not %s: leave --format out", cli.ErrUsage, c.Format)
	}
	if info, err := os.Stat(c.Tree); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: --tree %q is no folder: name that of a checkout, . for this one", cli.ErrUsage, c.Tree)
	}
	if c.Within <= 0 {
		return fmt.Errorf("%w: --within %s leaves no time to look at anything", cli.ErrUsage, c.Within)
	}
	var accepted *guide.Baseline
	if c.Baseline != "" {
		if accepted, err = readBaseline(c.Baseline, whole); err != nil {
			return err
		}
	}
	checkout, err := facts.OpenCheckout(c.Tree)
	if err != nil {
		return fmt.Errorf("audit: %w: %w", guide.ErrNotEvidenced, err)
	}
	defer checkout.Close()
	if c.Break != "" {
		return c.proveRunning(ctx, out, whole, chosen, facts.Open(checkout))
	}
	if c.Prove && c.Live != "" {
		return fmt.Errorf("%w: --prove breaks the files alone: leave --live out, or name with --break-running the cluster that may be broken", cli.ErrUsage)
	}
	if c.Prove {
		proof, err := whole.Prove(ctx, chosen, checkout, guide.Asked{Within: c.Within, Now: time.Now})
		if err != nil {
			return err
		}
		if err := report.Proof(out, proof); err != nil {
			return err
		}
		return proof.Err()
	}
	if c.Fix {
		return c.mend(ctx, out, whole, chosen, checkout, accepted)
	}
	asked := guide.Asked{Tree: facts.Open(checkout), Within: c.Within, Now: time.Now}
	if c.Live != "" {
		if asked.Running, err = running(c.Live); err != nil {
			return err
		}
	}
	done := c.look(ctx, chosen, asked)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("audit: %w: there is no report of half of it", err)
	}
	done.Held = accepted
	if slices.ContainsFunc(chosen, func(c guide.Control) bool { return c.Section() == "N" }) {
		// Where it cannot be computed the clauses of the network say why.
		done.Matrix, _ = network.Matrix(asked.Tree)
		if asked.Running != nil && asked.Running.Targets.Cluster.Context != "" {
			within, cancel := context.WithTimeout(ctx, c.Within)
			done.RunningMatrix, _ = network.RunningMatrix(within, asked.Running)
			cancel()
		}
	}
	if len(c.Opinions) > 0 {
		others := opinions.Machine{Find: exec.LookPath, Root: c.Tree}
		if done.Opinions, err = others.Ask(ctx, c.Opinions, asked.Tree, done.Clauses); err != nil {
			return fmt.Errorf("audit: %w", err)
		}
	}
	if err := c.write(out, done); err != nil {
		return err
	}
	if err := done.Err(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return nil
}

// look is the audit, told of while it runs. Nothing of that is left when the report is written, which may be to the same terminal.
func (c *auditCommand) look(ctx context.Context, chosen []guide.Control, asked guide.Asked) guide.Report {
	if width, is := terminal(c.notes); is {
		p := watch(c.notes, width, len(chosen), time.Now)
		asked.Begun, asked.Done = p.begun, p.ended
		defer p.end()
	}
	return guide.Audit(ctx, chosen, asked)
}

// mend prints the patch, and writes it if that was asked for.
func (c *auditCommand) mend(ctx context.Context, out io.Writer, whole *guide.Guide, chosen []guide.Control, checkout *facts.Checkout, accepted *guide.Baseline) error {
	done, err := fix.Mend(ctx, whole, chosen, checkout, guide.Asked{Within: c.Within, Now: time.Now})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if _, err := out.Write(done.Patch()); err != nil {
		return err
	}
	if c.Write {
		if err := done.Write(checkout.Root()); err != nil {
			return err
		}
	}
	done.After.Held = accepted
	if err := done.After.Err(); err != nil {
		return fmt.Errorf("audit: %d findings have an edit, %d are left; with the edits: %w", len(done.Mended), len(done.Left), err)
	}
	return nil
}

// fixable is how many findings have a remedy.
func fixable(r guide.Report) (n int) {
	for _, c := range r.Clauses {
		for _, f := range c.Tree.Findings() {
			if fix.Has(c.Control.ID, f.Mode) {
				n++
			}
		}
	}
	return n
}

// write writes the report in the format that was asked for.
func (c *auditCommand) write(out io.Writer, r guide.Report) error {
	switch c.Format {
	case "json":
		return report.JSON(out, r)
	case "sarif":
		return report.SARIF(out, r)
	case "html":
		return report.HTML(out, r)
	}
	s := style(out)
	s.Evidence, s.Fixable = c.Evidence, fixable(r)
	return report.Text(out, r, s)
}

// style is how text looks where it is written to.
func style(out io.Writer) (s report.Style) {
	s.Width, s.Color = terminal(out)
	if os.Getenv("NO_COLOR") != "" { // https://no-color.org
		s.Color = false
	}
	return s
}

// terminal is how wide the terminal is that is written to, if it is one.
func terminal(out io.Writer) (width int, is bool) {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		return width, true
	}
	return 0, true
}
