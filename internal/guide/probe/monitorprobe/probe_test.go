package monitorprobe

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What answers is not trusted: whatever it does costs the time limit at most, is told as not seen, and leads nowhere else.
func TestWhatCannotBeLookedAt(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	for name, answer := range map[string]http.HandlerFunc{
		"nothing there": http.NotFound,
		"another form":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"status":"success"}`) },
		"no JSON":       func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"without end":   func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, strings.Repeat("limits_config: ", 1<<19)) },
		"leads away":    func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, http.StatusFound) },
		"says nothing":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"breaks off":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"trickles": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, " ")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(answer)
			defer s.Close()
			p, began := Probe{Wait: 300 * time.Millisecond}, time.Now()
			seen, err1 := p.Prometheus(t.Context(), s.URL)
			config, err2 := p.Alertmanager(t.Context(), s.URL)
			loki, err3 := p.Loki(t.Context(), s.URL)
			login, err4 := p.Grafana(t.Context(), s.URL, "admin", "admin")
			for of, err := range map[string]error{"prometheus": err1, "alertmanager": err2, "loki": err3, "grafana": err4} {
				if err == nil || !strings.Contains(err.Error(), "look at "+of) {
					t.Errorf("%s: %v", of, err)
				}
			}
			if len(seen.Flags)+len(seen.Tells) > 0 || config != "" || loki != "" || login.LetIn {
				t.Errorf("seen: %+v %q %q %+v", seen, config, loki, login)
			}
			if name == "another form" && !errors.Is(err2, ErrForeign) {
				t.Errorf("%v is not ErrForeign", err2)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	if elsewhere > 0 {
		t.Errorf("%d requests went elsewhere", elsewhere)
	}
}

// A login that succeeds is known even if its session could not be ended.
func TestALoginThatCannotBeEnded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/health":
			fmt.Fprint(w, `{"database":"ok"}`)
		case "/login":
			fmt.Fprint(w, `{}`)
		default:
			panic(http.ErrAbortHandler)
		}
	}))
	defer s.Close()
	if login, err := (Probe{}).Grafana(t.Context(), s.URL, "admin", "admin"); !login.LetIn || err == nil || !strings.Contains(err.Error(), "session") {
		t.Errorf("%+v, %v", login, err)
	}
}
