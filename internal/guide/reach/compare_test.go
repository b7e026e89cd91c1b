package reach_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/reach"
)

// The guide's rows, side by side: each says whom a part accepts from, and whom it may reach.
func TestEachSideByItself(t *testing.T) {
	g := newGraph(t, platform(t))
	accepts := reach.Table{
		{From: "client", To: "api", Ports: reach.TCP(4000), Reason: "N3; nothing comes of it, since client sends nothing"},
		{From: "ingress-nginx", To: "api", Ports: reach.TCP(4000)},
	}
	if d, err := g.CompareSide(reach.Ingress, accepts, "api"); err != nil || !d.Agrees() {
		t.Errorf("what api accepts: %+v, %v", d, err)
	}
	if d, err := g.CompareSide(reach.Egress, nil, "client", "postgres", "redis"); err != nil || !d.Agrees() {
		t.Errorf("what client, postgres and redis send: %+v, %v", d, err)
	}
	d, err := g.CompareSide(reach.Ingress, append(accepts[:1:1], reach.Row{From: "node", To: "api", Ports: reach.TCP(4000)}), "api")
	want := reach.Difference{
		Missing: []reach.Gap{{From: "node", To: "api", Ports: reach.TCP(4000)}},
		Surplus: []reach.Gap{{From: "ingress-nginx", To: "api", Ports: reach.TCP(4000)}},
		Pairs:   14,
	}
	if err != nil || !reflect.DeepEqual(d, want) {
		t.Errorf("got %+v, %v, want %+v", d, err, want)
	}
}

func TestRowsAboutTheSameTwoAddUp(t *testing.T) {
	g := newGraph(t, shop(policies(t, "shop", `spec: {podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 1}, {port: 2}]}]}`)))
	d, err := g.CompareSide(reach.Ingress, reach.Table{{From: "web", To: "db", Ports: reach.TCP(1)}, {From: "web", To: "db", Ports: reach.TCP(2)}}, "db")
	if err != nil || len(d.Missing) > 0 || len(d.Surplus) != 1 || d.Surplus[0].From != "agent" { // which may be beside it
		t.Errorf("%+v, %v", d, err)
	}
}

func TestTablesThatSayNothing(t *testing.T) {
	g := newGraph(t, platform(t))
	row := func(from, to string) reach.Table { return reach.Table{{From: from, To: to, Ports: reach.TCP(1)}} }
	for _, test := range []struct {
		name string
		do   func() (reach.Difference, error)
		want string
	}{
		{"a row about nobody", func() (reach.Difference, error) { return g.Compare(row("api", "postgress")) }, `row 1 of the table, api to postgress: there is no endpoint or range called "postgress"`},
		{"a row between ranges", func() (reach.Difference, error) { return g.Compare(row("node", "internet")) }, `are both outside`},
		{"about nobody", func() (reach.Difference, error) { return g.Compare(nil, "postgress") }, `no endpoint or range called "postgress"`},
		{"a row about others", func() (reach.Difference, error) {
			return g.Compare(append(intended()[:1:1], intended()[2]), "client")
		}, `row 2 of the table is about none of those`},
		{"a row of the other side", func() (reach.Difference, error) {
			return g.CompareSide(reach.Egress, row("api", "postgres"), "postgres")
		}, `row 1 of the table is about none of those`},
		{"a side of nobody", func() (reach.Difference, error) { return g.CompareSide(reach.Egress, nil, "nobody") }, `"nobody"`},
	} {
		if d, err := test.do(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %+v, %v, want an error that says %s", test.name, d, err, test.want)
		}
	}
}

// Nothing looked at is no agreement.
func TestNoPairsAgreeOnNothing(t *testing.T) {
	g := newGraph(t, reach.Cluster{Ranges: []reach.Range{reach.Internet(), reach.Private()}})
	if d, err := g.Compare(nil); err != nil || d.Agrees() {
		t.Errorf("two ranges: %+v, %v", d, err)
	}
}

func TestGapsAreBounded(t *testing.T) {
	c := reach.Cluster{}
	for i := range 110 {
		c.Endpoints = append(c.Endpoints, reach.Endpoint{Name: fmt.Sprint(i)})
	}
	d, err := newGraph(t, c).Compare(nil)
	if err != nil || len(d.Surplus) != 10_000 || d.More != 110*110-10_000 || d.Pairs != 110*110 {
		t.Errorf("%d listed, %d more, %d pairs, %v", len(d.Surplus), d.More, d.Pairs, err)
	}
	if d.Surplus[1].String() != "0 to 1: everything" {
		t.Errorf("the second gap is %v", d.Surplus[1])
	}
}
