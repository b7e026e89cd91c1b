//go:build unix

package chromium

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"
)

// Browser is one window. Its methods fail the test if the browser does not do what is asked.
type Browser struct {
	t      testing.TB
	driver *driver
	path   string // of its session
}

// Entry is something that the browser has complained about.
type Entry struct {
	Level   string // SEVERE, WARNING, INFO
	Source  string // security, javascript, network, console-api …
	Message string
}

// Open starts a browser with an empty profile.
func Open(t testing.TB) *Browser {
	t.Helper()
	b := &Browser{t: t, driver: start(t)}
	args := []string{"--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--force-color-profile=srgb"}
	if os.Geteuid() == 0 {
		args = append(args, "--no-sandbox") // it refuses to run as root with one
	}
	var session struct{ SessionID string }
	b.call(http.MethodPost, "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"browserName":        "chrome",
		"goog:chromeOptions": map[string]any{"args": args},
		"goog:loggingPrefs":  map[string]string{"browser": "ALL"},
	}}}, &session)
	b.path = "/session/" + session.SessionID
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), stopGrace)
		defer cancel()
		if err := b.driver.call(ctx, http.MethodDelete, b.path, nil, nil); err != nil {
			t.Log(err) // it is killed with its driver
		}
	})
	return b
}

func (b *Browser) call(method, path string, in, value any) {
	b.t.Helper()
	if err := b.driver.call(b.t.Context(), method, b.path+path, in, value); err != nil {
		b.t.Fatalf("chromium: %v", err)
	}
}

// Go opens an address and returns when it has loaded.
func (b *Browser) Go(url string) {
	b.t.Helper()
	b.call(http.MethodPost, "/url", map[string]string{"url": url}, nil)
}

// Run runs a script, the body of a function, in the page and reads what it returns.
func (b *Browser) Run(script string, value any, args ...any) {
	b.t.Helper()
	if args == nil {
		args = []any{}
	}
	b.call(http.MethodPost, "/execute/sync", map[string]any{"script": script, "args": args}, value)
}

// Text is what can be read of the one element that a CSS selector finds; nothing of one that is hidden.
func (b *Browser) Text(selector string) (text string) {
	b.t.Helper()
	b.Run(`const found = document.querySelectorAll(arguments[0]); if (found.length !== 1) throw new Error(found.length + " elements are " + arguments[0]); return found[0].checkVisibility() ? found[0].innerText : "";`, &text, selector)
	return text
}

// Wait returns when a script returns true.
func (b *Browser) Wait(what, script string) {
	b.t.Helper()
	const most, every = 20 * time.Second, 20 * time.Millisecond
	for end := time.Now().Add(most); ; time.Sleep(every) {
		var done bool
		if b.Run("return !!("+script+");", &done); done {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("chromium: after %s: not %s", most, what)
		}
	}
}

// Press presses keys one after the other, by their WebDriver names: "\uE004" is the tabulator, "\uE007" enter.
func (b *Browser) Press(keys ...string) {
	b.t.Helper()
	var actions []map[string]string
	for _, k := range keys {
		actions = append(actions, map[string]string{"type": "keyDown", "value": k}, map[string]string{"type": "keyUp", "value": k})
	}
	b.call(http.MethodPost, "/actions", map[string]any{"actions": []any{map[string]any{"type": "key", "id": "keyboard", "actions": actions}}}, nil)
}

// The keys that Press takes by name.
const (
	Tab   = "\ue004"
	Enter = "\ue007"
)

// Size makes the page so many CSS pixels wide and high, as a small telephone or a desk would.
func (b *Browser) Size(width, height int) {
	b.t.Helper()
	b.protocol("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false})
}

// Prefer answers the page's media queries, such as prefers-color-scheme with dark.
func (b *Browser) Prefer(feature, value string) {
	b.t.Helper()
	b.protocol("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]string{"name": feature, "value": value}}})
}

// protocol is a call of Chromium's own protocol.
func (b *Browser) protocol(method string, params map[string]any) {
	b.t.Helper()
	b.call(http.MethodPost, "/goog/cdp/execute", map[string]any{"cmd": method, "params": params}, nil)
}

// Complaints are what the browser has said since it was asked last: violations of a policy, errors of scripts, requests that failed.
func (b *Browser) Complaints() (all []Entry) {
	b.t.Helper()
	b.call(http.MethodPost, "/se/log", map[string]string{"type": "browser"}, &all)
	return all
}

// Screenshot writes the picture of what is seen to a file.
func (b *Browser) Screenshot(path string) {
	b.t.Helper()
	var encoded string
	b.call(http.MethodGet, "/screenshot", nil, &encoded)
	picture, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		err = os.WriteFile(path, picture, 0o600)
	}
	if err != nil {
		b.t.Fatal(fmt.Errorf("screenshot: %w", err))
	}
}
