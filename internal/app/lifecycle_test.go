package app

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// refusal is what of a problem these tests look at.
type refusal struct {
	status   int
	retry    string
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	NextStep string `json:"next_step"`
}

func ask(ctx context.Context, url string, header ...string) (r refusal, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return r, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return r, err
	}
	defer res.Body.Close()
	r.status, r.retry = res.StatusCode, res.Header.Get("Retry-After")
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && json.Unmarshal(text, &r) != nil {
		r.Detail = string(text) // no problem of ours: the test says so
	}
	return r, err
}

// TestNothingIsMissingWhileDevStarts asks from the moment that the address answers until the platform is ready: never is something said to be not there.
func TestNothingIsMissingWhileDevStarts(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, []string{"dev", "--listen", address, "--json"}, &bytes.Buffer{}, &bytes.Buffer{})
	}()
	waited := map[string]int{}
	late := time.After(startTimeout)
	for _, path := range []string{"/v1/platform", "/v1/trades", "/readyz"} {
		for {
			r, err := ask(t.Context(), "http://"+address+path)
			if err == nil && r.status == http.StatusOK {
				break
			}
			if err == nil && (r.status != http.StatusServiceUnavailable || r.Code != "not-ready" || r.retry == "" || r.Detail == "") {
				t.Fatalf("%s while starting: %+v", path, r)
			}
			if err == nil {
				waited[path]++
			}
			select {
			case err := <-ended:
				t.Fatalf("dev ended: %v", err)
			case <-late:
				t.Fatalf("%s is not there after %s", path, startTimeout)
			case <-time.After(time.Millisecond):
			}
		}
	}
	if waited["/v1/platform"] == 0 {
		t.Error("the API never said that it is starting: this test has seen nothing")
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWaitingWhileDevStops: who waits for a ledger when the platform is stopped is told so, and what to do.
func TestWaitingWhileDevStops(t *testing.T) {
	p := start(t, "dev", "--listen", "127.0.0.1:0", "--json")
	answered := make(chan refusal, 1)
	go func() {
		r, err := ask(t.Context(), p.ready().API+"/trades?min_ledger=4000000000", "Prefer", "wait=30")
		if err != nil {
			r.Detail = err.Error()
		}
		answered <- r
	}()
	select {
	case r := <-answered:
		t.Fatalf("answered before the platform was stopped: %+v", r)
	case <-time.After(300 * time.Millisecond): // it has been sent, and waits
	}
	began := time.Now()
	p.end(os.Interrupt)
	r := <-answered
	if r.status != http.StatusServiceUnavailable || r.Code != "not-ready" || !strings.Contains(r.Detail, "stopping") || !strings.Contains(r.NextStep, "again") || r.retry == "" {
		t.Errorf("%+v", r)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopping took %s: it waited for who waits", took)
	}
	if p.err != nil {
		t.Errorf("ended with %v: %s", p.err, p.stderr.String())
	}
	p.tidy()
}
