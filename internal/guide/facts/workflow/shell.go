package workflow

import (
	"errors"
	"path"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Command is a program that a script starts.
type Command struct {
	Line int      // of the script, from 1
	Dir  string   // where it runs, from the root of the checkout
	Args []string // its name and arguments, variables that the file sets put in
	Out  string   // the file that its output goes to, if any
	// Lost is why the step may succeed though the command has failed; empty if the step then fails.
	Lost string
}

// Commands are those of a script, run at the root of a checkout by bash -e; err is why it cannot be read.
func Commands(script string) ([]Command, error) {
	all, _, broken := commands(script, "", "", nil)
	if broken != "" {
		return nil, errors.New(broken)
	}
	return all, nil
}

// commands reads a script as a shell does that GitHub starts: bash -e without a shell named, bash -eo pipefail for bash, sh -e for sh. What another shell makes of it is not known.
// more is why it is more than commands one after the other (plain), broken why it cannot be read.
func commands(script, shell, dir string, env map[string]string) (all []Command, more, broken string) {
	r := &reading{env: env, dir: clean(dir), stops: true}
	language := syntax.LangBash
	switch shell {
	case "":
	case "bash":
		r.pipefail = true
	case "sh":
		language = syntax.LangPOSIX
	default:
		return nil, "", "shell " + shell + " is not known"
	}
	file, err := syntax.NewParser(syntax.Variant(language)).Parse(strings.NewReader(script), "")
	if err != nil {
		return nil, "", err.Error()
	}
	r.list(file.Stmts, "")
	return r.all, plain(file), ""
}

// clean is a folder from the root of the checkout: "." for the root itself.
func clean(dir string) string {
	if dir == "" {
		return "."
	}
	return path.Clean(dir)
}

// reading is a script that is being read.
type reading struct {
	env      map[string]string
	dir      string
	stops    bool // a command that fails ends it (set -e)
	pipefail bool
	over     string // why the rest is not reached, or how it ends is somebody else's affair
	all      []Command
}

// list reads commands that follow each other. lost is why their failure is lost already, whatever they are.
func (s *reading) list(stmts []*syntax.Stmt, lost string) {
	for i, st := range stmts {
		s.statement(st, lost, i == len(stmts)-1)
	}
}

func (s *reading) statement(st *syntax.Stmt, lost string, last bool) {
	switch {
	case lost != "":
	case s.over != "":
		lost = s.over
	case st.Negated:
		lost = "it is negated"
	case st.Background || st.Coprocess || st.Disown:
		lost = "nothing waits for it"
	case !s.stops && !last:
		lost = "the script goes on when it fails"
	}
	switch c := st.Cmd.(type) {
	case *syntax.CallExpr:
		s.call(c, st, lost)
	case *syntax.BinaryCmd:
		s.binary(c, lost, last)
	case *syntax.Block:
		s.list(c.Stmts, lost)
	case *syntax.Subshell:
		inner := *s
		inner.all = nil
		inner.list(c.Stmts, lost)
		s.all = append(s.all, inner.all...)
	case nil: // a redirection alone
	default:
		if lost == "" {
			lost = "it runs under a condition, or in a loop or function"
		}
		syntax.Walk(c, func(n syntax.Node) bool {
			if inner, ok := n.(*syntax.Stmt); ok {
				if call, ok := inner.Cmd.(*syntax.CallExpr); ok {
					s.call(call, inner, lost)
				}
			}
			return true
		})
	}
}

func (s *reading) binary(c *syntax.BinaryCmd, lost string, last bool) {
	left, right := lost, lost
	switch {
	case lost != "":
	case c.Op == syntax.OrStmt:
		left, right = "what follows || decides", "it runs only when what is before || fails"
	case c.Op == syntax.AndStmt && !last:
		left = "a shell goes on when what is before && fails" // set -e does not look at it
	case (c.Op == syntax.Pipe || c.Op == syntax.PipeAll) && !s.pipefail:
		left = "the end of the pipe decides"
	}
	s.statement(c.X, left, last)
	s.statement(c.Y, right, last)
}

func (s *reading) call(c *syntax.CallExpr, st *syntax.Stmt, lost string) {
	if len(c.Args) == 0 {
		for _, a := range c.Assigns { // a variable of the script itself
			s.assign(a)
		}
		return
	}
	cmd := Command{Line: int(c.Pos().Line()), Dir: s.dir, Lost: lost}
	for _, w := range c.Args {
		cmd.Args = append(cmd.Args, s.word(w))
	}
	for _, r := range st.Redirs {
		if (r.Op == syntax.RdrOut || r.Op == syntax.RdrClob || r.Op == syntax.RdrAll) && (r.N == nil || r.N.Value == "1") {
			cmd.Out = s.word(r.Word)
		}
	}
	s.all = append(s.all, cmd)
	switch cmd.Args[0] {
	case "cd":
		switch {
		case len(cmd.Args) != 2 || path.IsAbs(cmd.Args[1]):
			s.dir = Unknown
		default:
			s.dir = path.Join(s.dir, cmd.Args[1])
		}
	case "set", "shopt":
		s.set(cmd.Args[1:])
	case "exit", "return", "exec":
		s.over = "it is not reached, or only what is before it counts"
	case "trap", "eval", "source", ".":
		s.over = cmd.Args[0] + " may do anything before it"
	}
}

func (s *reading) assign(a *syntax.Assign) {
	env := map[string]string{}
	for name, v := range s.env {
		env[name] = v
	}
	if env[a.Name.Value] = Unknown; a.Value != nil && !a.Append {
		env[a.Name.Value] = s.word(a.Value)
	}
	s.env = env
}

// set follows set -e, set -o pipefail and their opposites. Anything else that could bear on how a script ends makes the rest unknown.
func (s *reading) set(args []string) {
	for i, a := range args {
		on := strings.HasPrefix(a, "-")
		if !on && !strings.HasPrefix(a, "+") {
			switch {
			case i > 0 && strings.HasSuffix(args[i-1], "o") && a == "pipefail":
				s.pipefail = strings.HasPrefix(args[i-1], "-")
			case i > 0 && strings.HasSuffix(args[i-1], "o") && a == "errexit":
				s.stops = strings.HasPrefix(args[i-1], "-")
			}
			continue
		}
		if strings.Contains(a, "e") {
			s.stops = on
		}
		if strings.Contains(a, "n") && on {
			s.over = "nothing runs after set -n"
		}
	}
}

// word is a word of a command. What is not a text or a variable that the file sets is Unknown.
func (s *reading) word(w *syntax.Word) string {
	var b strings.Builder
	s.parts(&b, w.Parts)
	return b.String()
}

func (s *reading) parts(b *strings.Builder, parts []syntax.WordPart) {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			b.WriteString(strings.ReplaceAll(p.Value, "\\\n", ""))
		case *syntax.SglQuoted:
			b.WriteString(p.Value)
		case *syntax.DblQuoted:
			s.parts(b, p.Parts)
		case *syntax.ParamExp:
			v, ok := s.env[p.Param.Value]
			if !ok || p.Exp != nil || p.Repl != nil || p.Slice != nil || p.Index != nil || p.Length || p.Excl {
				v = Unknown
			}
			b.WriteString(v)
		default:
			b.WriteString(Unknown)
		}
	}
}
