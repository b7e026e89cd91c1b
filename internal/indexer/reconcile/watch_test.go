package reconcile_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/Abdullahi130/StellarEscrow/internal/feed"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
)

// What is found is told when it changes, and that all is well the first time and when it is so again; what could not be looked at is tried
// again soon, and is never told as well.
func TestAScheduleTellsWhatChanges(t *testing.T) {
	fault := reconcile.Finding{Contract: contract.String(), Trade: "07", What: "stage: projected 2, stored 3"}
	other := reconcile.Finding{Contract: contract.String(), What: "asset: short"}
	synctest.Test(t, func(t *testing.T) {
		type step struct {
			found []reconcile.Finding
			err   error
		}
		steps := []step{{}, {}, {found: []reconcile.Finding{fault}}, {found: []reconcile.Finding{fault}}, {err: errors.New("away")}, {found: []reconcile.Finding{fault, other}}, {}, {}}
		var at []time.Duration
		var said []string
		began := time.Now()
		refuse := true
		w := reconcile.NewWatch(reconcile.Schedule{
			Every: time.Hour, Now: time.Now, Log: slog.New(slog.DiscardHandler),
			Compare: func(context.Context) (reconcile.Report, error) {
				at = append(at, time.Since(began))
				s := steps[min(len(at), len(steps))-1]
				return reconcile.Report{Ledger: 9, Trades: 5, Archived: 1, Findings: s.found, Assets: []reconcile.Asset{{Contract: "C1", Asset: "C2", Owed: units(7), Balance: units(6)}}}, s.err
			},
			Note: func(_ context.Context, n feed.Note) error {
				if n.Kind == feed.KindVerifyFailed && refuse {
					refuse = false
					return errors.New("nobody leads")
				}
				said = append(said, n.Kind+string(n.Data))
				return nil
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		time.Sleep(time.Hour - time.Second)
		synctest.Wait()
		if got := metric(t, w, "verify_differences"); got != 0 {
			t.Errorf("%v differences at first", got)
		}
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		if got := metric(t, w, "verify_differences"); got != 1 {
			t.Errorf("%v differences, want 1", got)
		}
		for name, want := range map[string]float64{"verify_trades": 5, "verify_failures_total": 0, "contract_owed": 7, "contract_balance": 6, "verify_timestamp_seconds": float64(time.Now().Unix())} {
			if got := metric(t, w, name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		time.Sleep(7 * time.Hour)
		synctest.Wait()
		cancel()
		<-done
		want := []string{
			`verify_ok{"trades":5,"at_ledger":9}`,
			// The first try to tell of it has failed, so the next comparison, a minute later, tells.
			`verify{"trades":5,"at_ledger":9,"differences":1,"findings":["trade 07 of contract ` + contract.String() + `: stage: projected 2, stored 3"]}`,
			`verify{"trades":5,"at_ledger":9,"differences":2,"findings":["trade 07 of contract ` + contract.String() + `: stage: projected 2, stored 3","contract ` + contract.String() + `: asset: short"]}`,
			`verify_ok{"trades":5,"at_ledger":9}`,
		}
		if !slices.Equal(said, want) {
			t.Errorf("told\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
		}
		if gap := at[3] - at[2]; gap != time.Minute {
			t.Errorf("after a note that failed it compares again in %s", gap)
		}
		if gap := at[5] - at[4]; gap != time.Minute {
			t.Errorf("after a comparison that failed it compares again in %s", gap)
		}
		if got := metric(t, w, "verify_failures_total"); got != 1 {
			t.Errorf("%v failures, want 1", got)
		}
		if problems, err := testutil.CollectAndLint(w); err != nil || len(problems) > 0 {
			t.Errorf("%v %v", problems, err)
		}
	})
}

// metric is the value of the one metric of a name.
func metric(t *testing.T, c prometheus.Collector, name string) float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		if m := family.GetMetric(); family.GetName() == "stellar_escrow_"+name {
			if g := m[0].GetGauge(); g != nil {
				return g.GetValue()
			}
			return m[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}
