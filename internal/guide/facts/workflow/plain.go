package workflow

import (
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// plain is why a script is more than commands one after the other, each with arguments that can be read and a file that its output goes to; empty for one that is no more. Functions, conditions,
// variables, pipes and the like are not followed: any of them can make a command another one than it reads.
func plain(file *syntax.File) string {
	for _, st := range file.Stmts {
		if why := plainStatement(st); why != "" {
			return why
		}
	}
	return ""
}

func plainStatement(st *syntax.Stmt) string {
	both, and := st.Cmd.(*syntax.BinaryCmd)
	call, ok := st.Cmd.(*syntax.CallExpr)
	switch {
	case and && both.Op == syntax.AndStmt && len(st.Redirs) == 0 && !st.Negated && !st.Background && !st.Coprocess && !st.Disown: // Command.Lost knows of these
		if why := plainStatement(both.X); why != "" {
			return why
		}
		return plainStatement(both.Y)
	case !ok || len(call.Args) == 0:
		return "it is more than commands one after the other"
	case len(call.Assigns) > 0:
		return "it sets " + call.Assigns[0].Name.Value
	case st.Negated || st.Background || st.Coprocess || st.Disown:
		return "how a command ends is not how it ends"
	}
	for _, w := range call.Args {
		if why := plainParts(w.Parts, false); why != "" {
			return why
		}
	}
	for _, r := range st.Redirs {
		switch {
		case r.N != nil || r.Hdoc != nil || r.Word == nil:
			return "it redirects more than a command's output"
		case r.Op == syntax.AppOut && isOutput(r.Word):
		case r.Op == syntax.RdrOut || r.Op == syntax.RdrIn:
			if why := plainParts(r.Word.Parts, false); why != "" {
				return why
			}
		default:
			return "it redirects more than a command's output"
		}
	}
	return ""
}

// plainParts are those of a word; quoted, of one between double quotes.
func plainParts(parts []syntax.WordPart, quoted bool) string {
	for _, p := range parts {
		switch p := p.(type) {
		case *syntax.Lit:
			if text := strings.ReplaceAll(p.Value, "\\\n", ""); strings.Contains(text, `\`) || !quoted && strings.ContainsAny(text, "*?[]{}~") {
				return "what " + p.Value + " stands for is the shell's affair: quote it"
			}
		case *syntax.SglQuoted:
			if p.Dollar {
				return "it has a quote that begins with $"
			}
		case *syntax.DblQuoted:
			if p.Dollar {
				return "it has a quote that begins with $"
			}
			if why := plainParts(p.Parts, true); why != "" {
				return why
			}
		case *syntax.ParamExp:
			if !quoted {
				return "$" + p.Param.Value + " may be several words: quote it"
			}
			if p.Exp != nil || p.Repl != nil || p.Slice != nil || p.Index != nil || p.Length || p.Excl {
				return "it changes what $" + p.Param.Value + " stands for"
			}
		default:
			return "a part of it is what another command prints"
		}
	}
	return ""
}

// isOutput tells whether a word is "$GITHUB_OUTPUT" as such: by the file of that name a step hands texts to later ones. Those of GITHUB_ENV and GITHUB_PATH change what later ones run.
func isOutput(w *syntax.Word) bool {
	parts := w.Parts
	if q, ok := parts[0].(*syntax.DblQuoted); ok && len(parts) == 1 {
		parts = q.Parts
	}
	if len(parts) != 1 || plainParts(parts, true) != "" {
		return false
	}
	p, ok := parts[0].(*syntax.ParamExp)
	return ok && p.Param.Value == "GITHUB_OUTPUT"
}
