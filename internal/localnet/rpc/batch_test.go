package rpc_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"testing"
	"time"

	"github.com/stellar/go-stellar-sdk/keypair"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/localnettest"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/rpc"
)

// serve starts a network and a server on it, which the test posts to.
func serve(t *testing.T) (*node.Node, *rpc.Server) {
	t.Helper()
	n, err := node.Open(t.Context(), node.Options{Machine: localnettest.Machine(t), Log: localnettest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	s := rpc.New(n, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return n, s
}

type answered struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func post(t *testing.T, s *rpc.Server, body string) *httptest.ResponseRecorder {
	t.Helper()
	q := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader(body))
	q.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, q)
	return w
}

// batch posts the same call so many times; the ids are 0, 1, 2 …
func batch(t *testing.T, s *rpc.Server, n int, method, params string) (all []answered, size int) {
	t.Helper()
	var calls []string
	for i := range n {
		calls = append(calls, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, i, method, params))
	}
	w := post(t, s, "["+strings.Join(calls, ",")+"]")
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil {
		t.Fatalf("%.300s: %v", w.Body, err)
	}
	return all, w.Body.Len()
}

func TestBatchesHaveABound(t *testing.T) {
	n, s := serve(t)
	before := n.Chain().Last().Sequence()
	var calls bytes.Buffer
	for i := range rpc.MaxBatch + 1 {
		fmt.Fprintf(&calls, `,{"jsonrpc":"2.0","id":%d,"method":"advance","params":{"seconds":5}}`, i)
	}
	w := post(t, s, "["+calls.String()[1:]+"]")
	var one answered
	if err := json.Unmarshal(w.Body.Bytes(), &one); err != nil || one.Error == nil || one.Error.Message != "a batch has at most 100 calls, and this one has 101: send several" {
		t.Errorf("a call too many: %d %.300s", w.Code, w.Body)
	}
	if last := n.Chain().Last().Sequence(); last > before+2 {
		t.Errorf("its calls were made: %d ledgers more", last-before)
	}
	all, _ := batch(t, s, rpc.MaxBatch, "advance", `{"seconds":5}`)
	for i, a := range all {
		if a.ID != i || a.Error != nil {
			t.Fatalf("answer %d of %d: %+v", i, len(all), a)
		}
	}
	if last := n.Chain().Last().Sequence(); len(all) != rpc.MaxBatch || last < before+rpc.MaxBatch {
		t.Errorf("%d answers, %d ledgers more", len(all), last-before)
	}
}

// Long answers end where the bound is, and what is said of the others is an error each; what has done something is told all the same.
func TestAnswersHaveABound(t *testing.T) {
	n, s := serve(t)
	if _, err := n.Advance(time.Hour); err != nil {
		t.Fatal(err)
	}
	whole, size := batch(t, s, 1, "getLedgers", `{"startLedger":2,"pagination":{"limit":200}}`)
	if whole[0].Error != nil || size < 65<<10 {
		t.Fatalf("200 ledgers are %d bytes, too few for this test: %v", size, whole[0].Error)
	}
	s.Limit(3*size+size/2, 8<<20)
	all, got := batch(t, s, rpc.MaxBatch, "getLedgers", `{"startLedger":2,"pagination":{"limit":200}}`)
	results := 0
	for i, a := range all {
		switch {
		case a.ID != i:
			t.Fatalf("answer %d has the id %d", i, a.ID)
		case a.Error == nil:
			results++
		case a.Error.Code != -32600 || !strings.Contains(a.Error.Message, fmt.Sprintf("at most %d bytes", 3*size+size/2)):
			t.Fatalf("answer %d: %+v", i, a.Error)
		}
	}
	if results != 3 || len(all) != rpc.MaxBatch || got > 4*size+rpc.MaxBatch*300 {
		t.Errorf("%d answers, of them %d with results, %d bytes; want 100, 3, at most about %d", len(all), results, got, 4*size)
	}
	mixed := post(t, s, `[`+strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"getLedgers","params":{"startLedger":2,"pagination":{"limit":200}}},`, 6)+
		`{"jsonrpc":"2.0","id":2,"method":"advance","params":{"seconds":1}}]`)
	if !strings.Contains(mixed.Body.String(), `"id":2,"result":{"latestLedger"`) {
		t.Errorf("what a call has done is not told: …%s", mixed.Body.String()[max(0, mixed.Body.Len()-300):])
	}
	s.Limit(size/2, 8<<20)
	if one, _ := batch(t, s, 1, "getLedgers", `{"startLedger":2,"pagination":{"limit":200}}`); one[0].Error == nil {
		t.Error("an answer larger than all may be was given")
	}
}

// A list of more bytes than a page has goes on at its cursor: nothing is left out, nothing comes twice.
func TestPagesEndByBytes(t *testing.T) {
	n, s := serve(t)
	var people []string
	for range 12 {
		people = append(people, keypair.MustRandom().Address())
		if _, err := n.Fund(t.Context(), people[len(people)-1]); err != nil {
			t.Fatal(err)
		}
	}
	for method, list := range map[string]string{"getLedgers": "ledgers", "getTransactions": "transactions", "getEvents": "events"} {
		t.Run(method, func(t *testing.T) {
			walk := func() (all []string, pages int) {
				params := `{"startLedger":2,"pagination":{"limit":200}}`
				for pages = 1; pages < 100; pages++ {
					a, _ := batch(t, s, 1, method, params)
					if a[0].Error != nil {
						t.Fatal(a[0].Error)
					}
					var res map[string]json.RawMessage
					var some []json.RawMessage
					var cursor string
					for _, err := range []error{json.Unmarshal(a[0].Result, &res), json.Unmarshal(res[list], &some), json.Unmarshal(res["cursor"], &cursor)} {
						if err != nil {
							t.Fatalf("%.300s: %v", a[0].Result, err)
						}
					}
					for _, e := range some {
						all = append(all, string(e))
					}
					params = fmt.Sprintf(`{"pagination":{"limit":200,"cursor":%q}}`, cursor)
					if len(some) == 0 || method == "getLedgers" && strings.Contains(string(a[0].Result), fmt.Sprintf(`"latestLedger":%s,`, cursor)) {
						return all, pages
					}
				}
				t.Fatal("the pages have no end")
				return nil, 0
			}
			s.Limit(64<<20, 8<<20)
			want, few := walk()
			s.Limit(64<<20, 6<<10)
			got, many := walk()
			if fmt.Sprint(got) != fmt.Sprint(want) || len(want) < 12 {
				t.Errorf("%d in small pages, %d in large ones", len(got), len(want))
			}
			if few > 2 || many < few+2 {
				t.Errorf("%d large pages, %d small ones", few, many)
			}
		})
	}
}

// The memory that the largest batch takes is bounded, and others are answered meanwhile.
func TestLargestBatchStarvesNobody(t *testing.T) {
	n, s := serve(t)
	if _, err := n.Advance(30 * time.Minute); err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // garbage is not what is measured
	runtime.GC()
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	before, peak := heap[0].Value.Uint64(), uint64(0)
	result := make(chan int)
	go func() {
		var calls []string
		for i := range rpc.MaxBatch {
			calls = append(calls, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"getLedgers","params":{"startLedger":2,"pagination":{"limit":200}}}`, i))
		}
		q := httptest.NewRequestWithContext(t.Context(), "POST", "/", strings.NewReader("["+strings.Join(calls, ",")+"]"))
		q.Header.Set("Content-Type", "application/json")
		w := &counter{ResponseRecorder: httptest.NewRecorder()}
		s.ServeHTTP(w, q)
		result <- w.size
	}()
	var slowest time.Duration
	asked, size := 0, 0
	for waiting := true; waiting; {
		select {
		case size = <-result:
			waiting = false
		default:
			began := time.Now()
			if w := post(t, s, `{"jsonrpc":"2.0","id":1,"method":"getHealth"}`); !strings.Contains(w.Body.String(), "healthy") {
				t.Fatal(w.Body)
			}
			slowest = max(slowest, time.Since(began))
			asked++
			metrics.Read(heap)
			peak = max(peak, heap[0].Value.Uint64())
		}
	}
	t.Logf("%d bytes of answers took %d bytes of heap; %d others asked meanwhile, the slowest waited %s", size, int64(peak)-int64(before), asked, slowest)
	if size < 10<<20 || asked < 3 {
		t.Fatalf("%d bytes of answers, %d others asked: too few for this test", size, asked)
	}
	if taken := int64(peak) - int64(before); taken > 20<<20 {
		t.Errorf("it took %d bytes of heap", taken)
	}
	if slowest > 2*time.Second {
		t.Errorf("somebody waited %s for getHealth", slowest)
	}
}

// counter is a client that keeps nothing of what it reads.
type counter struct {
	*httptest.ResponseRecorder
	size int
}

func (c *counter) Write(b []byte) (int, error) {
	c.size += len(b)
	return len(b), nil
}
