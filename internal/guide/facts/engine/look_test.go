package engine_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/engine"
)

// engineTestSrv stands in for an engine: a socket, and what it answers by path. The real one is asked in test/engine.
func engineTestSrv(t *testing.T, answer http.HandlerFunc) facts.Engine {
	t.Helper()
	dir, err := os.MkdirTemp("", "engine-*") // t.TempDir's names are longer than a socket's may be
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			t.Errorf("%s %s: it shall change nothing", r.Method, r.URL)
		}
		answer(w, r)
	})}
	go func() { defer close(ended); _ = server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		<-ended
		_ = os.RemoveAll(dir)
	})
	return facts.Engine{Socket: socket, Project: "stellar-escrow"}
}

var id = strings.Repeat("0a", 32)

// running answers with one container.
func running(container string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/containers/json":
			if !strings.Contains(r.URL.Query().Get("filters"), "com.docker.compose.project=stellar-escrow") {
				http.Error(w, "whose?", http.StatusBadRequest)
				return
			}
			fmt.Fprintf(w, `[{"Id": %q}]`, id)
		case "/containers/" + id + "/json":
			fmt.Fprint(w, container)
		default:
			http.NotFound(w, r)
		}
	}
}

const container = `{"Id": "%s", "Name": "/stellar-escrow-postgres-1", "State": {"Running": true, "Pid": %d}, "Config": {"Labels": {"com.docker.compose.service": "postgres"}, "Env": ["POSTGRES_PASSWORD=of-somebody", "A=b"]},
	"HostConfig": {"ReadonlyRootfs": true, "SecurityOpt": ["no-new-privileges:true"], "NetworkMode": "postgres"},
	"NetworkSettings": {"Ports": {"5432/tcp": [{"HostIp": "127.0.0.1", "HostPort": "5432"}, {"HostIp": "", "HostPort": "15432"}], "9187/tcp": null}}}`

func TestLook(t *testing.T) {
	f, err := engine.Look(t.Context(), engineTestSrv(t, running(fmt.Sprintf(container, id, os.Getpid()))))
	if err != nil || len(f.Containers) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	c := f.Containers[0]
	if c.Service != "postgres" || c.Name != "stellar-escrow-postgres-1" || !c.ReadOnlyRoot || !c.NoNewPrivileges || c.Privileged || c.HostNetwork {
		t.Errorf("%+v", c)
	}
	if len(c.Ports) != 2 || c.Ports[0].String() != "0.0.0.0:15432 to 5432/tcp" || c.Ports[1].String() != "127.0.0.1:5432 to 5432/tcp" {
		t.Errorf("%v", c.Ports)
	}
	if fmt.Sprint(c.Environment) != "[A POSTGRES_PASSWORD]" || strings.Contains(fmt.Sprintf("%+v", f), "of-somebody") {
		t.Errorf("%v: names alone are kept", c.Environment)
	}
	// The process that is named is our own, which is in none of the container's control groups: it is not taken for the container's.
	if c.Unseen == nil || len(c.Processes) > 0 {
		t.Errorf("%v, %d processes", c.Unseen, len(c.Processes))
	}
	if runtime.GOOS == "linux" && (f.Unheard != nil || len(f.Listening) == 0) { // this test's own socket is no TCP; something of the machine's listens, or nothing does
		t.Logf("%d sockets, %v", len(f.Listening), f.Unheard)
	}
}

func TestAnEngineThatCannotBeAsked(t *testing.T) {
	stall := make(chan struct{})
	defer close(stall)
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"it stalls": {func(http.ResponseWriter, *http.Request) { <-stall }, "deadline"},
		"it stops in the middle": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "[")
			w.(http.Flusher).Flush()
			<-stall
		}, "deadline"},
		"it talks nonsense":    {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }, "invalid character"},
		"it talks without end": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat(" ", 5<<20)) }, "more than"},
		"it refuses":           {func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }, "403"},
		"an id that is a path": {func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `[{"Id": "../../images"}]`) }, "no container's id"},
		"too many containers": {func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, "["+strings.Repeat(`{"Id": "0"},`, 300)+`{"Id": "0"}]`)
		}, "more than"},
		"a container of nobody's": {running(`{"Name": "/x", "State": {"Pid": 1}}`), "none of a Compose project"},
		"a port that is none":     {running(strings.Replace(fmt.Sprintf(container, id, 1), `"15432"`, `"many"`, 1)), "a published port"},
		"an address that is none": {running(strings.Replace(fmt.Sprintf(container, id, 1), `"127.0.0.1"`, `"here"`, 1)), "a published port"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			if f, err := engine.Look(ctx, engineTestSrv(t, c.answer)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v, %v, want it to say %q", f, err, c.want)
			}
		})
	}
	if _, err := engine.Look(t.Context(), facts.Engine{Socket: filepath.Join(t.TempDir(), "none"), Project: "p"}); err == nil {
		t.Error("a socket that is not there was asked")
	}
}

func FuzzContainer(f *testing.F) {
	f.Add(fmt.Sprintf(container, id, 1))
	f.Add(`{"NetworkSettings": {"Ports": {"x": [{}]}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		got, err := engine.Look(t.Context(), engineTestSrv(t, running(text)))
		if err == nil && (len(got.Containers) != 1 || got.Containers[0].Service == "") {
			t.Fatalf("%+v", got)
		}
	})
}
