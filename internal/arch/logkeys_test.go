package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logKeys are the names that what happened is told under, one for each thing, so that one search finds all lines about a trade or a node. A value that could
// be anything (the body of a call, an envelope) has no key: it belongs into no log.
var logKeys = map[string]string{
	"account":      "an account of the platform's (G…)",
	"call":         "a call of the relay's, by its name on the wire",
	"caller":       "whose key it was, by its name in the file; empty for none",
	"contract":     "a contract's address (C…)",
	"entries":      "how many ledger entries",
	"err":          "what went wrong, whoever says so: an error, or its text where it is kept as text; never why, error or reason",
	"event":        "an event's id: where it is on the chain",
	"from":         "the network address that a call came from",
	"kind":         "which of the contract's events it is",
	"ledger":       "a ledger's sequence number: the one the line is about",
	"method":       "what was called: of HTTP or JSON-RPC",
	"node":         "a node, by the name it has in the configuration",
	"oldest":       "the first ledger that a source still has",
	"path":         "the path of an HTTP request, without its query",
	"request":      "the id that the client was told, in X-Request-Id and in its problem",
	"result":       "the network's result code of a transaction, in Stellar's words",
	"stack":        "where a panic was",
	"state":        "what something is in now; never status",
	"status":       "an HTTP answer's number",
	"stroops":      "XLM, in stroops: what a transaction was charged",
	"took":         "how long it was at work",
	"trade":        "a trade's id, 64 hex digits",
	"transactions": "how many of them",
	"tx":           "a transaction's hash, 64 hex digits",
	"until":        "when it is tried again, if nothing else happens",
	"variable":     "the environment variable that names a secret's file",
	"wait":         "for how long nothing is tried",
	"was":          "what was there before: a state, or the node used before",
	"work":         "what the keeper spends on: settle or extend",
}

// logCalls are the methods of slog that write a line, and where in their arguments the message is.
var logCalls = map[string]int{
	"Debug": 0, "Info": 0, "Warn": 0, "Error": 0, "DebugContext": 1, "InfoContext": 1, "WarnContext": 1, "ErrorContext": 1, "Log": 2, "LogAttrs": 2, "With": -1,
}

// TestLogKeysComeFromTheList looks at each line that a program may log.
func TestLogKeysComeFromTheList(t *testing.T) {
	used := map[string]bool{}
	for path, p := range packages(t) {
		for _, file := range p.GoFiles {
			fset := token.NewFileSet()
			parsed, err := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				where := path + "/" + file + ":" + strconv.Itoa(fset.Position(call.Pos()).Line)
				for _, key := range keysOf(call) {
					name, ok := literal(key)
					if !ok {
						t.Errorf("%s: a key is no text in quotes: write it there", where)
						continue
					}
					used[name] = true
					if logKeys[name] == "" {
						t.Errorf("%s: the key %q is not in logKeys: is there one for the same thing? If not, list it with what it is", where, name)
					}
				}
				return true
			})
		}
	}
	for key := range logKeys {
		if !used[key] {
			t.Errorf("nobody logs under %q: is it still needed?", key)
		}
	}
}

// keysOf are the keys in a call of a logger; none of another call. Whose method it is, the text shows well enough: what is called log or slog, or says a
// message in quotes first, as only slog's methods of these names do outside tests.
func keysOf(call *ast.CallExpr) (keys []ast.Expr) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	message, ok := logCalls[method.Sel.Name]
	on := strings.ToLower(nameOf(method.X))
	logger := slices.Contains([]string{"log", "slog", "logger"}, on)
	if ok && len(call.Args) > message {
		if message >= 0 {
			_, says := literal(call.Args[message])
			logger = logger || says
		}
		if logger {
			rest := call.Args[message+1:]
			for i := 0; i < len(rest); i++ {
				if !isAttribute(rest[i]) { // of an attribute, its own call has the key
					keys = append(keys, rest[i])
					i++
				}
			}
		}
		return keys
	}
	if isAttribute(call) {
		return call.Args[:1]
	}
	return nil
}

// isAttribute tells slog.String("key", …) and the like.
func isAttribute(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	f, ok := call.Fun.(*ast.SelectorExpr)
	return ok && nameOf(f.X) == "slog" && slices.Contains([]string{"Any", "Bool", "Duration", "Float64", "Group", "Int", "Int64", "String", "Time", "Uint64"}, f.Sel.Name)
}

// nameOf is the last name of an expression such as s.Log.
func nameOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func literal(e ast.Expr) (text string, ok bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}
