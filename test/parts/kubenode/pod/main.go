// Command pod is what runs in the pods of this package's tests: a server and, in the same static program because an image has no shell, what is asked of a
// pod from inside.
//
//	pod                 an HTTP server on :8080: /healthz, and / says who it is and what stands in SECRET_FILE
//	pod get URL         prints what is there, within 3 s
//	pod cat FILE
//	pod facts           who it runs as, what the kernel lets it do, what it can write
//	pod eat             takes memory until something stops it
//	pod once            says that it ran
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "pod:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	switch {
	case len(args) == 0:
		return serve(ctx)
	case args[0] == "get" && len(args) == 2:
		return fetch(ctx, args[1], out)
	case args[0] == "cat" && len(args) == 2:
		text, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		_, err = out.Write(text)
		return err
	case args[0] == "facts":
		return facts(out)
	case args[0] == "eat":
		return eat(ctx)
	case args[0] == "once":
		_, err := fmt.Fprintln(out, "ran")
		return err
	}
	return fmt.Errorf("pod does not know %q", args)
}

func serve(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		secret, err := os.ReadFile(os.Getenv("SECRET_FILE"))
		fmt.Fprintf(w, "host=%s from=%s secret=%q err=%v\n", host, r.RemoteAddr, secret, err)
	})
	server := &http.Server{Addr: ":8080", Handler: routes, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = server.Close() // a test's pod has nobody to wait for
	}()
	fmt.Println("listening on", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func fetch(ctx context.Context, url string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, response.Status)
	}
	_, err = io.Copy(out, io.LimitReader(response.Body, 1<<20))
	return err
}

// facts prints a line each: what /proc says of the first process, how / is mounted, what comes of writing, whether there is a token.
func facts(out io.Writer) error {
	status, err := os.ReadFile("/proc/1/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(line, ":")
		if slices.Contains([]string{"Uid", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp"}, name) {
			fmt.Fprintf(out, "%s=%s\n", name, strings.Join(strings.Fields(value), ","))
		}
	}
	for _, dir := range []string{"/", "/etc", "/scratch"} {
		err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600)
		fmt.Fprintf(out, "write %s=%v\n", dir, errors.Unwrap(err))
	}
	_, err = os.Stat("/var/run/secrets/kubernetes.io/serviceaccount/token")
	fmt.Fprintf(out, "token=%v\n", errors.Unwrap(err))
	return nil
}

// eat takes more than any limit of a test's.
func eat(ctx context.Context) error {
	const most, step = 1 << 30, 8 << 20
	var kept [][]byte
	for taken := 0; taken < most && ctx.Err() == nil; taken += step {
		piece := make([]byte, step)
		for i := 0; i < len(piece); i += 4096 {
			piece[i] = 1
		}
		kept = append(kept, piece)
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("nothing has stopped it at %d MiB", len(kept)*step>>20)
}
