//go:build linux

package outside

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/Abdullahi130/StellarEscrow/test/parts/docker"
	"github.com/Abdullahi130/StellarEscrow/test/stack/enter"
)

// TestTheOutside is what a stack finds there, looked at from the box; the stories are played on the platform that dev has itself.
func TestTheOutside(t *testing.T) {
	engine := docker.Start(t)
	program := filepath.Join(t.TempDir(), "stellarescrow")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "../../../cmd/stellarescrow").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	o := Start(t, engine.PID(), program)
	box := engine.Network()

	resolver := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return enter.Dial(ctx, box, network, NameServer+":53")
	}}
	for name, want := range map[string]string{RPC: host, Site: Box, responder: host} {
		if got, err := resolver.LookupHost(t.Context(), name); err != nil || len(got) != 1 || got[0] != want {
			t.Errorf("%s is %v, %v, want %s", name, got, err, want)
		}
	}
	if got, err := resolver.LookupHost(t.Context(), "example.com"); err == nil {
		t.Errorf("a name of the world is %v", got)
	}

	client := o.Client()
	for _, path := range []string{"/friendbot", "/advance", "/rpc"} { // nobody outside a test moves the clock or gives money
		res, err := client.Post(o.RPCURL()+path, "application/json", strings.NewReader(`{"seconds":1}`))
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %s", path, res.Status)
		}
	}
	if c, err := enter.Dial(t.Context(), box, "tcp", strings.TrimSuffix(strings.TrimPrefix(o.chain.API, "http://"), "/v1")); err == nil {
		c.Close()
		t.Error("the network's own doors are open to the box")
	}
	if _, err := new(http.Client).Get(o.RPCURL()); err == nil {
		t.Error("this machine reaches the outside")
	}

	chain, _, err := o.Authority.Issue(Site)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the responder answers", func(t *testing.T) { asked(t, o, chain) })

	var out bytes.Buffer
	began := time.Now()
	if err := o.Play(t.Context(), o.chain.API, &out); err != nil {
		t.Errorf("%v\n%s", err, out.String())
	}
	t.Logf("four stories in %s", time.Since(began).Round(time.Millisecond))
	if _, err := os.Stat("/run/netns/outside"); err == nil {
		t.Error("the outside is on this machine")
	}
}

func asked(t *testing.T, o *Outside, chain []byte) {
	block, _ := pem.Decode(chain)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	question, err := ocsp.CreateRequest(cert, o.Authority.cert, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := o.Client().Post(cert.OCSPServer[0], "application/ocsp-request", bytes.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := ocsp.ParseResponseForCert(text, cert, o.Authority.cert); err != nil || answer.Status != ocsp.Good {
		t.Errorf("%+v, %v", answer, err)
	}
	if res, err := o.Client().Get(cert.OCSPServer[0] + "/nonsense"); err != nil || res.StatusCode != http.StatusBadRequest {
		t.Errorf("nonsense is answered with %v, %v", res, err)
	}
}
