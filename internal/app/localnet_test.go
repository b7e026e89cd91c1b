package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// entries are the names in a folder.
func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// The folder of a network alone is none of a platform, nor the other way round: one line says which it is, and nothing is put into it.
func TestFoldersOfTheOtherCommand(t *testing.T) {
	network, dev := filepath.Join(t.TempDir(), "network"), filepath.Join(t.TempDir(), "platform")
	start(t, "localnet", "--listen", "127.0.0.1:0", "--data", network, "--json").stop()
	start(t, "dev", "--listen", "127.0.0.1:0", "--data", dev, "--json").stop()
	refused := func(want, command, dir string) {
		t.Helper()
		var before []string
		if _, err := os.Stat(dir); err == nil {
			before = entries(t, dir)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second) // it would serve
		defer cancel()
		err := Run(ctx, []string{command, "--listen", "127.0.0.1:0", "--data", dir}, &bytes.Buffer{}, &bytes.Buffer{})
		if err == nil || !strings.HasPrefix(err.Error(), "--data="+dir+" "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", command, err, want)
		}
		if before != nil && !slices.Equal(entries(t, dir), before) {
			t.Errorf("%s: the folder has %v, before %v", command, entries(t, dir), before)
		}
	}
	refused("is the folder of a network that `localnet` keeps", "dev", network)
	refused("is the folder of a platform that `dev` keeps (it has dev.json): give another folder, or "+filepath.Join(dev, chainFolder), "localnet", dev)
	start(t, "localnet", "--listen", "127.0.0.1:0", "--data", filepath.Join(dev, chainFolder), "--json").stop() // as it said
	start(t, "dev", "--listen", "127.0.0.1:0", "--data", dev, "--json").stop()
	if err := os.Remove(filepath.Join(dev, devStateFile)); err != nil {
		t.Fatal(err)
	}
	refused("is the folder of a platform that `dev` keeps (it has "+storeFile+")", "localnet", dev)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"localnet", "dev"} {
		refused("cannot be used: ", command, filepath.Join(file, "below"))
	}
}

// Weather befalls calls of RPC, and not those that move the clock; what there is none of is refused.
func TestALocalnetHasWeather(t *testing.T) {
	p := start(t, "localnet", "--listen", "127.0.0.1:0", "--json", "--weather", "server-error=1,seed=3")
	var r localnetReady
	if err := json.Unmarshal([]byte(p.line), &r); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]string{r.RPC: "-32001", r.Advance: "latestLedger"} {
		body := map[string]string{r.RPC: `{"jsonrpc":"2.0","id":1,"method":"getLatestLedger"}`, r.Advance: `{"seconds":60}`}[url]
		res, err := http.Post(url, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s says %s (%v), want %s", url, text, err, want)
		}
	}
	p.stop()
	for weather, want := range map[string]string{"hail": "fair, mild, rough or storm", "lag=2": "lag is 2", "reset=1": "no other network", "slow=0.1": "slow-for"} {
		err := Run(t.Context(), []string{"localnet", "--weather", weather}, &bytes.Buffer{}, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), "--weather="+weather) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", weather, err, want)
		}
	}
}
