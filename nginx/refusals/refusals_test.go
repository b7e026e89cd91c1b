package refusals

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// counts are all counts that are not zero, by name and label.
func counts(t testing.TB, c *Counter) map[string]float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.Metric {
			name := strings.TrimPrefix(f.GetName(), "stellar_escrow_edge_")
			for _, l := range m.Label {
				name += " " + l.GetValue()
			}
			if n := value(m); n != 0 {
				all[name] = n
			}
		}
	}
	return all
}

func value(m *dto.Metric) float64 { return m.GetCounter().GetValue() }

func TestWhatIsCounted(t *testing.T) {
	for said, want := range map[string]string{
		"method TRACE small":      "refused_total method, refused_methods_total TRACE",
		"method CONNECT large":    "refused_total method, refused_methods_total CONNECT",
		"method OPTIONS small":    "refused_total method, refused_methods_total OPTIONS",
		"method other small":      "refused_total method, refused_methods_total other",
		"method usual small":      "refused_total method, refused_methods_total other",
		"size usual large":        "refused_total size, large_bodies_total",
		"size usual small":        "refused_total size",
		"rate usual large":        "refused_total rate",
		"connections usual small": "refused_total connections",
		"malformed none small":    "refused_total malformed",
		"timeout usual small":     "refused_total timeout",
		"":                        "unread_total",
		"method TRACE":            "unread_total",
		"method TRACE small x":    "unread_total",
		"mind TRACE small":        "unread_total",
		"method GET small":        "unread_total",
		"method TRACE middling":   "unread_total",
		"method  TRACE small":     "unread_total",
	} {
		c := NewCounter()
		c.take([]byte("<190>Nov 26 03:12:00 nginx: " + said))
		got := counts(t, c)
		for _, name := range strings.Split(want, ", ") {
			if got[name] != 1 {
				t.Errorf("%q: %v, want %s", said, got, want)
			}
			delete(got, name)
		}
		if len(got) > 0 {
			t.Errorf("%q: counted too: %v", said, got)
		}
	}
	c := NewCounter()
	if c.take([]byte("method TRACE small")); counts(t, c)["unread_total"] != 1 {
		t.Error("a datagram that is not nginx's is counted")
	}
}

func TestZerosAreThereFromTheStart(t *testing.T) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(NewCounter())
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range families {
		n += len(f.Metric)
	}
	if want := len(reasons) + 4 + 2; n != want {
		t.Errorf("%d counts, want %d", n, want)
	}
}

func TestReceive(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := NewCounter()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Receive(ctx, conn) }()
	from, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	for _, said := range []string{"nginx: size usual large", "", "nginx: " + strings.Repeat("x", 5000), "nginx: rate usual small"} {
		if _, err := from.Write([]byte(said)); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		got := counts(t, c)
		if got["refused_total size"] == 1 && got["refused_total rate"] == 1 && got["unread_total"] == 2 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%v", got)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := c.Receive(t.Context(), conn); err == nil {
		t.Error("it hears on what is closed")
	}
}

func FuzzTake(f *testing.F) {
	f.Add([]byte("<190>Nov 26 03:12:00 nginx: method TRACE small"))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		c := NewCounter()
		c.take(datagram)
		if got := counts(t, c); got["unread_total"] == 0 && got["refused_total method"]+got["refused_total size"]+got["refused_total rate"]+got["refused_total connections"]+
			got["refused_total malformed"]+got["refused_total timeout"] != 1 {
			t.Errorf("%q: %v", datagram, got)
		}
	})
}
