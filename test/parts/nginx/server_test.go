//go:build unix

package nginx_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/test/parts/nginx"
	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
)

func config(address, says string) string {
	return fmt.Sprintf(`pid nginx.pid;
error_log stderr notice;
events {}
http {
    access_log off;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server { listen %s; location / { default_type text/plain; return 200 "%s"; } }
}`, address, says)
}

func ask(address string) (string, error) {
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	res, err := client.Get("http://" + address + "/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

func TestWhatCanBeDoneToIt(t *testing.T) {
	address := nginx.FreeAddress(t)
	s := nginx.Start(t, nginx.Options{
		Files: func(string) map[string]string { return map[string]string{"nginx.conf": config(address, "one")} }, Listens: []string{address},
	})
	if says, err := ask(address); says != "one" || err != nil {
		t.Fatalf("%q %v", says, err)
	}
	s.Put(t, map[string]string{"nginx.conf": config(address, "two")})
	s.Signal(t, "HUP")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if says, err := ask(address); says == "two" && err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it does not read its configuration again: %s", s.Log())
		}
	}
	if os.Geteuid() == 0 {
		pid, err := os.ReadFile(s.Dir() + "/nginx.pid")
		if err != nil {
			t.Fatal(err)
		}
		status, err := os.ReadFile("/proc/" + strings.TrimSpace(string(pid)) + "/status")
		if err == nil && !strings.Contains(string(status), "\nUid:\t65534\t65534\t") {
			t.Errorf("it runs with rights: %s", status)
		}
	}
	if s.Down(t); !strings.Contains(s.Log(), "exit") {
		t.Errorf("it ended without a word: %s", s.Log())
	}
	if says, err := ask(address); err == nil {
		t.Errorf("stopped, it says %q", says)
	}
	s.Up(t)
	if says, err := ask(address); says != "two" || err != nil {
		t.Errorf("started again: %q %v", says, err)
	}
}

// TestNginxEndsWithItsBinary kills a test binary that has started one.
func TestNginxEndsWithItsBinary(t *testing.T) {
	partstest.EndsWithItsBinary(t, func(t testing.TB) string {
		address := nginx.FreeAddress(t)
		nginx.Start(t, nginx.Options{
			Files: func(string) map[string]string { return map[string]string{"nginx.conf": config(address, "x")} }, Listens: []string{address},
		})
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
		}
		return address
	})
}
