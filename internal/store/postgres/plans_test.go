package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/Abdullahi130/StellarEscrow/internal/escrow"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
	"github.com/Abdullahi130/StellarEscrow/internal/store/storetest"
)

// recorder keeps every statement that passes through the connections of a store, with the arguments of the first time.
type recorder struct {
	mu  sync.Mutex
	all map[string][]any
}

func newRecorder() *recorder { return &recorder{all: map[string][]any{}} }

func (r *recorder) add(sql string, args []any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.all[sql]; !known {
		r.all[sql] = args
	}
}

func (r *recorder) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	r.add(q.SQL, q.Args)
	return ctx
}
func (r *recorder) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (r *recorder) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		r.add(q.SQL, q.Arguments)
	}
	return ctx
}
func (r *recorder) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (r *recorder) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// node is a step of a plan.
type node struct {
	Type     string `json:"Node Type"`
	Relation string `json:"Relation Name"`
	Index    string `json:"Index Name"`
	Cond     string `json:"Index Cond"`
	Filter   string `json:"Filter"`
	Plans    []node `json:"Plans"`
}

// explain is how a statement is carried out, with its arguments or, without, as it is planned for any.
func explain(t *testing.T, conn *pgx.Conn, sql string, args []any) node {
	t.Helper()
	var text []byte
	if err := conn.QueryRow(t.Context(), "EXPLAIN (FORMAT JSON) "+sql, args...).Scan(&text); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	var plans []struct{ Plan node }
	if err := json.Unmarshal(text, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan
}

// forAny is explain of the plan that is kept when a statement has come several times.
func forAny(t *testing.T, conn *pgx.Conn, sql string, args int) node {
	t.Helper()
	if _, err := conn.Exec(t.Context(), "PREPARE planned AS "+sql); err != nil {
		t.Fatalf("%v\n%s", err, sql)
	}
	defer conn.Exec(t.Context(), "DEALLOCATE planned")
	call := "EXECUTE planned"
	if args > 0 {
		call += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", args), ", ") + ")"
	}
	return explain(t, conn, call, nil)
}

// looked are the conditions that may be looked at row by row, and why that is little.
var looked = regexp.MustCompile(strings.Join([]string{
	`^\(unread = ''::text\)$`, // nearly all are
	`^\(?\(*(stage|asset|contract) = [^()]+\)*( AND \(\(?(stage|asset|contract) = [^()]+\)+)*$`, // of what one of the lists' indexes has found (tradelist.go)
	`^\(\(c\.amount\)::numeric > \(SubPlan `,                                                    // of what one transaction has paid a role
	`valid_until`,                                                                               // of the oldest prepared ones
	`state = `,                                                                                  // of the one transaction that a hash names
	`CASE role `,                                                                                // of the two offers of a milestone
	`stroops >= `,                                                                               // of the one row that an account has for a day
	`^\(until <= `, `^\(holder = `,                                                              // of the accounts that the caller names
}, "|"))

// walk finds what is not done by an index.
func (n node) walk(limited bool, wrong func(what string)) {
	if n.Relation == "contracts" || n.Relation == "network" {
		return // a few rows
	}
	switch n.Type {
	case "Seq Scan", "Bitmap Heap Scan", "Sort", "Incremental Sort", "Hash Join", "Merge Join", "Hash":
		wrong(n.Type + " " + n.Relation)
	case "Index Scan", "Index Only Scan":
		if n.Cond == "" && !limited {
			wrong("the whole of index " + n.Index)
		}
		if n.Filter != "" && !looked.MatchString(n.Filter) {
			wrong(fmt.Sprintf("with %s it looks through %s for %s", n.Cond, n.Index, n.Filter))
		}
	}
	for _, below := range n.Plans {
		below.walk(n.Type == "Limit", wrong)
	}
}

func (n node) indexes(into map[string]bool) {
	if n.Index != "" {
		into[n.Index+" "+n.Cond] = true
	}
	for _, below := range n.Plans {
		below.indexes(into)
	}
}

// planTrades are stored when plans are looked at, unless storetest.PlanTrades says more.
const planTrades = 100_000

// TestStore runs the suite, and then looks at the plans of all statements that it has run, and of lists by every combination of filters.
func TestStore(t *testing.T) {
	suite := newRecorder()
	storetest.Run(t, func(t *testing.T) storetest.Engine {
		return openURL(t, Options{URL: server.Database(t), tracer: suite})
	})
	t.Run("plans", func(t *testing.T) { plans(t, suite) })
}

func plans(t *testing.T, suite *recorder) {
	lists := newRecorder()
	s := openURL(t, Options{URL: server.Database(t), tracer: lists})
	of := storetest.Fill(t, s, planTrades)
	clear(lists.all) // Apply's are the suite's, where each is shown with few arguments
	found := 0
	for _, f := range storetest.TradeFilters(of) {
		page, err := s.Trades(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		found += len(page)
	}
	for _, f := range storetest.EventFilters(of) {
		page, err := s.Events(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		found += len(page)
	}
	paid := 0
	for _, f := range storetest.PayoutFilters(of) {
		page, err := s.Payouts(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		paid += len(page)
	}
	if paid < 10 {
		t.Errorf("lists have only %d payouts: they show nothing", paid)
	}
	if found < 1000 {
		t.Errorf("lists have only %d rows: they show nothing", found)
	}

	// A connection of the store: it plans as the store does.
	pooled, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Release()
	conn := pooled.Conn()
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	check := func(when string) (checked int) {
		maps.Copy(lists.all, suite.all)
		for _, sql := range slices.Sorted(maps.Keys(lists.all)) {
			if !statement.MatchString(sql) || catalogue.MatchString(sql) {
				continue
			}
			checked++
			for kind, plan := range map[string]node{"with its arguments": explain(t, conn, sql, lists.all[sql]), "for any arguments": forAny(t, conn, sql, len(lists.all[sql]))} {
				plan.walk(false, func(what string) { t.Errorf("%s, %s: %s\n%s", when, kind, what, sql) })
			}
		}
		return checked
	}
	if _, err := conn.Exec(t.Context(), "ANALYZE"); err != nil {
		t.Fatal(err)
	}
	if n := check("full"); n < 100 {
		t.Errorf("only %d statements were found", n)
	} else {
		t.Logf("proved: %d statements by index alone on PostgreSQL, %d trades stored", n, storetest.Filled(t, planTrades))
	}
	// Statistics of a table as they were when it was young are what a plan must not follow.
	for _, sql := range []string{"DELETE FROM pg_statistic", "UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0 WHERE relnamespace = 'public'::regnamespace", "DISCARD PLANS"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	check("without statistics")
}

var (
	statement = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\s`)
	catalogue = regexp.MustCompile(`pg_namespace|pg_statistic|pg_class|current_setting|stellarescrow_migrations|'contracts'::regclass|pg_advisory_unlock_all`)
)

// TestListsUseTheirIndex names the index of the lists that grow with the number of trades.
func TestListsUseTheirIndex(t *testing.T) {
	s := openTemp(t)
	pooled, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Release()
	open, ended := new(escrow.StageOpen), new(escrow.StageEnded)
	const asset, contract, stage, account = "standings_of_asset ((asset = ", "standings_of_contract ((contract = ", "standings_of_stage ((final_stage = ", "participants_of_account ((account = "
	for _, c := range []struct {
		f        store.TradeFilter
		want     string
		branches int
	}{
		{store.TradeFilter{}, "standings_pkey (opened > ", 1},
		{store.TradeFilter{Stage: open}, stage, 1},
		{store.TradeFilter{Stage: ended}, stage, 1},
		{store.TradeFilter{Asset: "C"}, asset, 3},
		{store.TradeFilter{Asset: "C", Stage: ended}, asset, 1},
		{store.TradeFilter{Contract: "C"}, contract, 3},
		{store.TradeFilter{Contract: "C", Stage: open}, contract, 1},
		{store.TradeFilter{Account: "G"}, account, 9},
		{store.TradeFilter{Account: "G", Stage: ended}, account, 3},
		{store.TradeFilter{Account: "G", Part: store.PartBuyer}, account, 3},
		{store.TradeFilter{Account: "G", Part: store.PartBuyer, Stage: ended, Asset: "C", Contract: "C"}, account, 1},
	} {
		for _, newest := range []bool{false, true} {
			c.f.Newest, c.f.Limit = newest, 1
			sql, args := tradesQuery(c.f)
			used := map[string]bool{}
			explain(t, pooled.Conn(), sql, args).indexes(used)
			want, n := c.want, 0
			if newest {
				want = strings.Replace(want, "opened >", "opened <", 1)
			}
			for index := range used {
				if strings.HasPrefix(index, want) && regexp.MustCompile(`opened [<>]`).MatchString(index) {
					n++
				}
			}
			if n != c.branches {
				t.Errorf("%+v uses %v, want %d × %s", c.f, slices.Sorted(maps.Keys(used)), c.branches, want)
			}
		}
	}
}

// TestPayoutsUseTheirIndex names the index of the two lists.
func TestPayoutsUseTheirIndex(t *testing.T) {
	s := openTemp(t)
	pooled, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer pooled.Release()
	for _, c := range []struct {
		f    store.PayoutFilter
		want string
	}{
		{store.PayoutFilter{Trade: &escrow.ID{}}, "payouts_pkey ((opened = "},
		{store.PayoutFilter{Account: "G"}, "payouts_of_account ((account = "},
	} {
		for _, newest := range []bool{false, true} {
			c.f.Newest, c.f.Limit = newest, 1
			sql, args := payoutsQuery(c.f)
			used := map[string]bool{}
			explain(t, pooled.Conn(), sql, args).indexes(used)
			row := map[bool]string{false: "ROW(event, role) > ROW(", true: "ROW(event, role) < ROW("}[newest]
			if !slices.ContainsFunc(slices.Collect(maps.Keys(used)), func(index string) bool { return strings.HasPrefix(index, c.want) && strings.Contains(index, row) }) {
				t.Errorf("%+v uses %v, want %s with %s", c.f, slices.Sorted(maps.Keys(used)), c.want, row)
			}
		}
	}
}
