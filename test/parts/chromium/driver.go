//go:build unix

package chromium

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts"
)

const install = "apt-get install -y --no-install-recommends chromium chromium-driver"

const (
	startTimeout = 60 * time.Second
	callTimeout  = 60 * time.Second
	stopGrace    = 10 * time.Second
)

// driver is the process that starts the browser and passes on what is asked of it.
type driver struct {
	url    string
	client *http.Client
}

var listening = regexp.MustCompile(`successfully on port (\d+)`)

// start starts the driver on a free port of its own choice; it ends with the test, and the browser with it: both are one process group.
func start(t testing.TB) *driver {
	t.Helper()
	parts.Program(t, "chromium", install)
	path := parts.Program(t, "chromedriver", install)
	ctx := context.WithoutCancel(t.Context())
	// The pipe from the guard's standard input ends with this process, however that ends; then the group is killed.
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", `"$1" --port=0 & read -r _; kill -9 0`, "guard", path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Where the browser keeps its profile, gone with the test.
	cmd.Env = append(cmd.Environ(), "TMPDIR="+t.TempDir(), "HOME="+t.TempDir())
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // it has killed itself
	})
	port := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := listening.FindStringSubmatch(lines.Text()); m != nil {
				port <- m[1]
			}
		}
		close(port)
	}()
	select {
	case p := <-port:
		if p == "" {
			t.Fatal("chromedriver ended without saying where it listens")
		}
		return &driver{url: "http://127.0.0.1:" + p, client: &http.Client{Timeout: callTimeout, Transport: &http.Transport{}}}
	case <-time.After(startTimeout):
		t.Fatalf("chromedriver says nothing for %s", startTimeout)
	}
	return nil
}

// call asks the driver; what it answers goes into value unless that is nil.
func (d *driver) call(ctx context.Context, method, path string, in, value any) error {
	var body io.Reader
	if method == http.MethodPost {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.url+path, body)
	if err != nil {
		return err
	}
	res, err := d.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	var answer struct{ Value json.RawMessage }
	if err := json.Unmarshal(text, &answer); err != nil {
		return fmt.Errorf("%s %s: %s: %w", method, path, res.Status, err)
	}
	if res.StatusCode != http.StatusOK {
		var problem struct{ Error, Message string }
		if err := json.Unmarshal(answer.Value, &problem); err != nil {
			return fmt.Errorf("%s %s: %s", method, path, res.Status)
		}
		return fmt.Errorf("%s %s: %s: %s", method, path, problem.Error, problem.Message)
	}
	if value == nil {
		return nil
	}
	return json.Unmarshal(answer.Value, value)
}
