//go:build linux

package kube_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
)

// served is a server on a host outside, over TLS as name, until the test is over.
func (s *stack) served(t *testing.T, address, name string, h http.Handler) {
	t.Helper()
	s.node.ip(t, "-n outside addr add "+address+"/24 dev eth0")
	chain, key, err := s.outside.Authority.Issue(name)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(chain, key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := enter.Listen(context.WithoutCancel(t.Context()), fmt.Sprintf("/proc/%d/root/run/netns/outside", s.node.pid), "tcp", address+":443")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, TLSConfig: &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}}
	done := make(chan error, 1)
	go func() { done <- server.ServeTLS(l, "", "") }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve %s: %v", name, err)
		}
	})
}

// alertWithin bounds how long an alert may take: Alertmanager gathers a critical one's companions for ten seconds (monitoring/alertmanager.yml), a warning's for
// thirty.
const alertWithin = 90 * time.Second

// alerts sends Alertmanager an alert of each severity, as Prometheus does and from its network, and waits for them at the receivers outside.
func (s *stack) alerts(t *testing.T) {
	type call struct {
		path   string
		alerts []string
	}
	calls := make(chan call, 100)
	s.served(t, pagerAddress, pager, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Alerts []struct{ Labels map[string]string }
		}
		c := call{path: r.URL.Path}
		if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&body); err == nil {
			for _, a := range body.Alerts {
				c.alerts = append(c.alerts, a.Labels["alertname"])
			}
		}
		calls <- c
	}))
	from := s.node.Pod(t, space, s.pods["prometheus"][0].Name)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return from.Dial(ctx, network, address)
	}}}
	const sent = `[{"labels":{"alertname":"OfTheStack","severity":"critical"}},{"labels":{"alertname":"OfTheStackToo","severity":"warning"}}]`
	res, err := client.Post("http://"+s.pods["alertmanager"][0].Status.PodIP+":9093/api/v2/alerts", "application/json", bytes.NewReader([]byte(sent)))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("Alertmanager answers %s", res.Status)
	}
	wanted := map[string]string{"/critical": "OfTheStack", "/warning": "OfTheStackToo"}
	for timeout := time.After(alertWithin); len(wanted) > 0; {
		select {
		case c := <-calls:
			for _, name := range c.alerts {
				if wanted[c.path] == name {
					delete(wanted, c.path)
				} else {
					t.Logf("%s comes to %s as well", name, c.path)
				}
			}
		case <-timeout:
			t.Fatalf("within %s, these have not come: %v", alertWithin, wanted)
		}
	}
}
