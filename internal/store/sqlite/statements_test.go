package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// statements are all of this package's: those written in one piece, found in the source, and those put together by a filter, for every
// filter. The key is the text.
func statements(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	add := func(where, text string) { all[text] = where }

	trade := store.Hash{}
	for _, page := range []store.Page{{Limit: 1}, {Limit: 1, Newest: true}} {
		for _, f := range []store.EventFilter{{}, {Trade: &trade}, {Kind: "x"}, {Contract: "x"}, {Read: true}, {Trade: &trade, Read: true}, {Kind: "x", Read: true}, {Contract: "x", Read: true}} {
			f.Page = page
			query, _, err := eventsQuery(f)
			if err != nil {
				t.Fatal(err)
			}
			add(fmt.Sprintf("events %+v", f), query)
		}
		for _, f := range []store.PayoutFilter{{Trade: (*escrow.ID)(&trade)}, {Account: "G"}} {
			f.Newest, f.Limit = page.Newest, page.Limit
			query, _ := payoutsQuery(f)
			add(fmt.Sprintf("payouts %+v", f), query)
		}
		for bits := range 1 << 5 {
			f := store.TradeFilter{Page: page}
			set := func(bit int, do func()) {
				if bits&(1<<bit) != 0 {
					do()
				}
			}
			set(0, func() { f.Account = "G" })
			set(1, func() { f.Part = store.PartBuyer })
			set(2, func() { f.Stage = new(escrow.StageFunded) })
			set(3, func() { f.Asset = "C" })
			set(4, func() { f.Contract = "C" })
			f.Limit = 1
			if f.Check() != nil {
				continue
			}
			query, _ := tradesQuery(f)
			add(fmt.Sprintf("trades %+v", f), query)
		}
	}

	files := token.NewFileSet()
	sources, err := filepath.Glob("*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	constants := map[string]string{}
	var parsed []*ast.File
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				for _, spec := range g.Specs {
					if v := spec.(*ast.ValueSpec); len(v.Values) == 1 {
						if text, ok := constant(v.Values[0], constants); ok {
							constants[v.Names[0].Name] = text
						}
					}
				}
			}
		}
	}
	unfinished := regexp.MustCompile(`(WHERE|AND|FROM) $`) // the beginnings of those that are put together
	swap := regexp.MustCompile(`rebuilt\.|main\.$`)        // whole tables, one of which is attached then
	verb := regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)
	for _, file := range parsed {
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			text, ok := constant(e, constants)
			if !ok {
				return true
			}
			at := files.Position(e.Pos())
			if verb.MatchString(text) && !unfinished.MatchString(text) && !swap.MatchString(text) {
				add(fmt.Sprintf("%s:%d", at.Filename, at.Line), text)
			}
			return false // not its parts
		})
	}
	return all
}

// constant is the text of a string expression made of literals and constants.
func constant(e ast.Expr, known map[string]string) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.Ident:
		text, ok := known[e.Name]
		return text, ok
	case *ast.BinaryExpr:
		left, ok1 := constant(e.X, known)
		right, ok2 := constant(e.Y, known)
		return left + right, e.Op == token.ADD && ok1 && ok2
	}
	return "", false
}

func TestEveryStatementFitsTheSchema(t *testing.T) {
	s := openTemp(t)
	all := statements(t)
	if len(all) < 80 {
		t.Errorf("only %d statements were found", len(all))
	}
	for _, text := range slices.Sorted(maps.Keys(all)) {
		stmt, err := s.write.Prepare(text)
		if err != nil {
			t.Errorf("%s: %v\n%s", all[text], err, text)
			continue
		}
		stmt.Close()
	}
	t.Logf("%d statements", len(all))
}

// TestNoStatementScansOrSorts reads what SQLite plans for each statement: none walks a whole table or index, none sorts.
func TestNoStatementScansOrSorts(t *testing.T) {
	s := openTemp(t)
	for text, where := range statements(t) {
		if strings.Contains(text, "sqlite_schema") {
			continue // at opening, before the schema is known; it has as many rows as we made
		}
		for _, line := range plan(t, s.write, text) {
			if strings.HasPrefix(line, "SCAN") || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s: %s\n%s", where, line, text)
			}
		}
	}
}

// TestConditionsAreInTheIndex finds the list that walks the whole of another index and throws most of it away, which SQLite calls a search,
// too: whatever a statement says must be equal, its plan must look up. Lists of trades by several conditions are the next test's.
func TestConditionsAreInTheIndex(t *testing.T) {
	s := openTemp(t)
	equal := regexp.MustCompile(`(?:WHERE|AND) (\w+) = \?`)
	checked := 0
	for text, where := range statements(t) {
		if !strings.HasPrefix(strings.TrimSpace(text), "SELECT") || strings.HasPrefix(where, "trades {") {
			continue
		}
		for _, column := range equal.FindAllStringSubmatch(text, -1) {
			checked++
			if lines := plan(t, s.write, text); !strings.Contains(lines[0], column[1]+"=?") {
				t.Errorf("%s: %s is not looked up: %s\n%s", where, column[1], lines[0], text)
			}
		}
	}
	if checked < 15 {
		t.Errorf("only %d conditions were found", checked)
	}
}

// TestListsUseTheirIndex names the index of the lists that grow with the number of trades.
func TestListsUseTheirIndex(t *testing.T) {
	s := openTemp(t)
	stage := new(escrow.StageFunded)
	for _, c := range []struct {
		f    store.TradeFilter
		want string
	}{
		{store.TradeFilter{}, "sqlite_autoindex_trades_2 (opened>?)"},
		{store.TradeFilter{Stage: stage}, "trades_of_stage (stage=? AND opened>?)"},
		{store.TradeFilter{Asset: "C"}, "trades_of_asset (asset=? AND opened>?)"},
		{store.TradeFilter{Asset: "C", Stage: stage}, "trades_of_asset_stage (asset=? AND stage=? AND opened>?)"},
		{store.TradeFilter{Contract: "C"}, "trades_of_contract (contract=? AND opened>?)"},
		{store.TradeFilter{Contract: "C", Stage: stage}, "trades_of_contract_stage (contract=? AND stage=? AND opened>?)"},
		{store.TradeFilter{Account: "G"}, "participants_of_account (account=? AND opened>?)"},
		{store.TradeFilter{Account: "G", Stage: stage}, "participants_of_stage (account=? AND stage=? AND opened>?)"},
		{store.TradeFilter{Account: "G", Part: store.PartBuyer}, "participants_of_part (account=? AND part=? AND opened>?)"},
		{store.TradeFilter{Account: "G", Part: store.PartBuyer, Stage: stage}, "participants_of_part_stage (account=? AND part=? AND stage=? AND opened>?)"},
		{store.TradeFilter{Account: "G", Part: store.PartBuyer, Stage: stage, Asset: "C", Contract: "C"}, "participants_of_part_stage (account=? AND part=? AND stage=? AND opened>?)"},
	} {
		for _, newest := range []bool{false, true} {
			c.f.Newest = newest
			query, _ := tradesQuery(c.f)
			want := c.want
			if newest {
				want = strings.Replace(want, "opened>?", "opened<?", 1)
			}
			lines := plan(t, s.write, query)
			if !strings.HasSuffix(lines[0], want) {
				t.Errorf("%+v uses %q, want %q", c.f, lines, want)
			}
		}
	}
}

// TestPayoutsUseTheirIndex names the index of the two lists.
func TestPayoutsUseTheirIndex(t *testing.T) {
	s := openTemp(t)
	for _, c := range []struct {
		f    store.PayoutFilter
		want string
	}{
		{store.PayoutFilter{Trade: &escrow.ID{}}, "SEARCH p USING PRIMARY KEY (opened=? AND (event,role)>(?,?))"},
		{store.PayoutFilter{Account: "G"}, "SEARCH p USING INDEX payouts_of_account (account=? AND (event,role)>(?,?))"},
	} {
		for _, newest := range []bool{false, true} {
			c.f.Newest = newest
			query, _ := payoutsQuery(c.f)
			want := c.want
			if newest {
				want = strings.Replace(want, ">", "<", 1)
			}
			if lines := plan(t, s.write, query); !slices.Contains(lines, want) {
				t.Errorf("%+v uses %q, want %q", c.f, lines, want)
			}
		}
	}
}

func plan(t *testing.T, db *sql.DB, text string) (lines []string) {
	t.Helper()
	args := make([]any, strings.Count(text, "?"))
	rows, err := db.QueryContext(context.WithoutCancel(t.Context()), "EXPLAIN QUERY PLAN "+text, args...)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
