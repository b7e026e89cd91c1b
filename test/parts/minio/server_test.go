//go:build unix

package minio

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/partstest"
)

func TestOnlyItsUserIsLetIn(t *testing.T) {
	s := Start(t)
	res, err := http.Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusForbidden || !strings.Contains(res.Header.Get("Server"), "MinIO") {
		t.Errorf("somebody without a key gets %s of %s", res.Status, res.Header.Get("Server"))
	}
	if args, err := exec.CommandContext(t.Context(), "ps", "-eo", "args").Output(); err == nil && strings.Contains(string(args), s.Password) {
		t.Error("the password stands among the arguments of a process")
	}
	if _, err := os.Stat(s.Dir + "/data"); err != nil {
		t.Errorf("its objects are elsewhere: %v", err)
	}
}

// TestTheServerEndsWithItsBinary kills a test binary that has started one.
func TestTheServerEndsWithItsBinary(t *testing.T) {
	partstest.EndsWithItsBinary(t, func(t testing.TB) string { return strings.TrimPrefix(Start(t).URL, "http://") })
}
