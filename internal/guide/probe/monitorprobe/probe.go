package monitorprobe

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// The bounds of one question.
const (
	DefaultWait = 5 * time.Second
	maxAnswer   = 4 << 20
)

// Probe says how servers are asked. Its zero value has defaults.
type Probe struct {
	Wait time.Duration // for one answer; 0 stands for DefaultWait
	TLS  *tls.Config   // of https; nil stands for the system's roots
}

// ErrForeign is wrapped where what answers is not what was meant: nothing was seen then.
var ErrForeign = errors.New("what answers is another server")

// ask sends one request and reads the whole answer. It goes through no proxy of the environment's and follows nobody elsewhere.
func (p Probe) ask(ctx context.Context, method, url string, body []byte) (status int, header http.Header, text []byte, err error) {
	if p.Wait <= 0 {
		p.Wait = DefaultWait
	}
	ctx, cancel := context.WithTimeout(ctx, p.Wait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: p.TLS, ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	if text, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer+1)); err != nil {
		return 0, nil, nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	if len(text) > maxAnswer {
		return 0, nil, nil, fmt.Errorf("%s %s: %w: it answers with more than %d bytes", method, url, ErrForeign, maxAnswer)
	}
	return res.StatusCode, res.Header, text, nil
}

// get is ask for what must be there.
func (p Probe) get(ctx context.Context, url string) ([]byte, error) {
	status, _, text, err := p.ask(ctx, http.MethodGet, url, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GET %s: %w: it answers %d", url, ErrForeign, status)
	}
	return text, err
}

func (p Probe) json(ctx context.Context, url string, into any) error {
	text, err := p.get(ctx, url)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("GET %s: %w: %w", url, ErrForeign, err)
	}
	return nil
}

// Prometheus is what one says of itself.
type Prometheus struct {
	Flags map[string]string // every flag with its value, its default where nobody has set it
	Keeps string            // for how long and how much, as it works: "30d", "30d or 1GiB"
	Tells []string          // URLs of the Alertmanagers that it sends alerts to
}

// Prometheus asks one at base, http(s)://host[:port].
func (p Probe) Prometheus(ctx context.Context, base string) (Prometheus, error) {
	var flags struct {
		Data map[string]string `json:"data"`
	}
	var runtime struct {
		Data struct {
			Keeps string `json:"storageRetention"`
		} `json:"data"`
	}
	var told struct {
		Data struct {
			Active []struct {
				URL string `json:"url"`
			} `json:"activeAlertmanagers"`
		} `json:"data"`
	}
	for path, into := range map[string]any{"status/flags": &flags, "status/runtimeinfo": &runtime, "alertmanagers": &told} {
		if err := p.json(ctx, base+"/api/v1/"+path, into); err != nil {
			return Prometheus{}, fmt.Errorf("look at prometheus: %w", err)
		}
	}
	seen := Prometheus{Flags: flags.Data, Keeps: runtime.Data.Keeps}
	for _, a := range told.Data.Active {
		seen.Tells = append(seen.Tells, a.URL)
	}
	if _, ok := seen.Flags["storage.tsdb.retention.time"]; !ok || seen.Keeps == "" {
		return Prometheus{}, fmt.Errorf("look at prometheus: %s: %w: it tells no retention", base, ErrForeign)
	}
	return seen, nil
}

// Alertmanager is the text of the configuration that one has loaded. Secrets in it are masked by Alertmanager itself.
func (p Probe) Alertmanager(ctx context.Context, base string) (string, error) {
	var status struct {
		Config struct {
			Original string `json:"original"`
		} `json:"config"`
	}
	if err := p.json(ctx, base+"/api/v2/status", &status); err != nil {
		return "", fmt.Errorf("look at alertmanager: %w", err)
	}
	if status.Config.Original == "" {
		return "", fmt.Errorf("look at alertmanager: %s: %w: it tells no configuration", base, ErrForeign)
	}
	return status.Config.Original, nil
}

// Loki is the text of the configuration that one works with, its defaults included.
func (p Probe) Loki(ctx context.Context, base string) (string, error) {
	text, err := p.get(ctx, base+"/config")
	if err != nil {
		return "", fmt.Errorf("look at loki: %w", err)
	}
	if !bytes.Contains(text, []byte("limits_config:")) {
		return "", fmt.Errorf("look at loki: %s: %w: it tells no limits", base, ErrForeign)
	}
	return string(text), nil
}

// Login is what a Grafana does with a name and a password.
type Login struct {
	LetIn   bool
	Version string
}

// Grafana tries to log in once, as a person does at the page. Whoever is let in is logged out again.
func (p Probe) Grafana(ctx context.Context, base, user, password string) (Login, error) {
	var health struct {
		Database string `json:"database"`
		Version  string `json:"version"`
	}
	if err := p.json(ctx, base+"/api/health", &health); err != nil {
		return Login{}, fmt.Errorf("look at grafana: %w", err)
	}
	if health.Database == "" {
		return Login{}, fmt.Errorf("look at grafana: %s: %w: its health names no database", base, ErrForeign)
	}
	body, err := json.Marshal(map[string]string{"user": user, "password": password})
	if err != nil {
		return Login{}, err
	}
	status, header, text, err := p.ask(ctx, http.MethodPost, base+"/login", body)
	if err != nil {
		return Login{}, fmt.Errorf("look at grafana: %w", err)
	}
	switch status {
	case http.StatusOK:
		return Login{LetIn: true, Version: health.Version}, p.logout(ctx, base, header)
	case http.StatusUnauthorized:
		return Login{Version: health.Version}, nil
	}
	return Login{}, fmt.Errorf("look at grafana: POST %s/login: it answers %d, which says nothing of the password: %.200q", base, status, text)
}

// logout ends the session that a login has begun.
func (p Probe) logout(ctx context.Context, base string, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, DefaultWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/logout", nil)
	if err != nil {
		return err
	}
	for _, c := range (&http.Response{Header: header}).Cookies() {
		req.AddCookie(c)
	}
	res, err := (&http.Transport{DisableKeepAlives: true, TLSClientConfig: p.TLS}).RoundTrip(req)
	if err != nil {
		return fmt.Errorf("look at grafana: it let the default user in, and the session was not ended: %w", err)
	}
	return res.Body.Close()
}
