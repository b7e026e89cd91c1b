//go:build unix

package app

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/client"
	"github.com/Abdullahi130/StellarEscrow/test/parts/chromium"
)

// picturesIn is a folder that keeps the pictures of the page, for whoever wants to look at them.
const picturesIn = "STELLARESCROW_TEST_PICTURES"

// front stands for the ingress: the page and the api behind one name. While away is set the api is not there.
type front struct {
	*httptest.Server
	away   atomic.Bool
	answer atomic.Pointer[http.HandlerFunc] // in the api's place
}

func newFront(t *testing.T, api string) *front {
	t.Helper()
	page, err := client.New()
	if err != nil {
		t.Fatal(err)
	}
	to, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	mux := http.NewServeMux()
	mux.Handle("/", page)
	for _, path := range []string{"/v1/", "/openapi.json", "/openapi.yaml"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			switch own := f.answer.Load(); {
			case f.away.Load():
				panic(http.ErrAbortHandler)
			case own != nil:
				(*own)(w, r)
			default:
				proxy.ServeHTTP(w, r)
			}
		})
	}
	f.Server = httptest.NewUnstartedServer(mux)
	f.Server.Config.ErrorLog = nil
	f.Start()
	t.Cleanup(f.Close)
	return f
}

// TestThePageInABrowser opens it in front of a platform that runs, and uses it as a person would. The browser must have nothing to complain about: no
// violation of the policy, no error of a script.
func TestThePageInABrowser(t *testing.T) {
	b := chromium.Open(t)
	// Not the test's context: that ends before the cleanups, and the browser is stopped by one.
	p, err := startPlatform(context.WithoutCancel(t.Context()), environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, log: quiet}, "127.0.0.1:0", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	f := newFront(t, strings.TrimSuffix(p.ready.API, "/v1"))
	calm := func(when string) {
		t.Helper()
		for _, c := range b.Complaints() {
			t.Errorf("%s: the browser complains: %+v", when, c)
		}
	}
	// Requests that failed on purpose are no fault of the page's.
	calmBut := func(when string) {
		t.Helper()
		for _, c := range b.Complaints() {
			if c.Source != "network" {
				t.Errorf("%s: the browser complains: %+v", when, c)
			}
		}
	}
	picture := func(name string) {
		t.Helper()
		if dir := os.Getenv(picturesIn); dir != "" {
			b.Screenshot(filepath.Join(dir, name+".png"))
		}
	}
	again := func() {
		t.Helper()
		b.Run(`document.getElementById("again").click();`, nil)
	}

	b.Size(1200, 900)
	b.Go(f.URL)
	b.Wait("there is no trade yet", `!document.getElementById("speaks").hidden`)
	if text := b.Text("#speaks"); !strings.Contains(text, "No trade has been opened up to ledger ") {
		t.Errorf("without a trade it says %q", text)
	}
	id := openTrade(t, p.ready)
	b.Go(f.URL)
	b.Wait("the trade is shown", `document.querySelectorAll("#rows tr").length === 1`)
	row := b.Text("#rows tr")
	for _, want := range []string{id[:6] + "…" + id[60:], "open", "250.00 USDC", "0.00 USDC"} {
		if !strings.Contains(row, want) {
			t.Errorf("the trade is shown as %q, want %q in it", row, want)
		}
	}
	for selector, want := range map[string]string{
		"#network": p.ready.Passphrase, "#contract": p.ready.Contract, "#fee": "0.5 % of what a seller receives", "#open": "open", "#assets": "USDC of ",
		"#ledger": "ledger ", "#speaks": "As of ledger ", "#status": "As of ledger ",
	} {
		if text := b.Text(selector); !strings.Contains(text, want) {
			t.Errorf("%s says %q, want %q", selector, text, want)
		}
	}
	calm("with a trade")
	picture("desk")
	b.Run(`document.getElementById("now").scrollIntoView();`, nil)
	picture("desk-figures")

	var fits bool
	for _, width := range []int{320, 375, 768} {
		b.Size(width, 640)
		if b.Run("return document.documentElement.scrollWidth <= window.innerWidth;", &fits); !fits {
			t.Errorf("at %d pixels the page goes beyond its window", width)
		}
	}
	b.Size(320, 640)
	b.Prefer("prefers-color-scheme", "dark")
	picture("telephone-dark")
	var ground string
	if b.Run("return getComputedStyle(document.body).backgroundColor;", &ground); ground != "rgb(17, 20, 27)" {
		t.Errorf("in the dark its ground is %s", ground)
	}
	b.Prefer("prefers-color-scheme", "light")

	// By keyboard alone: past the menu to the content, and each stop can be seen.
	b.Go(f.URL)
	b.Press(chromium.Tab)
	b.Wait("the first stop is the way past the menu, and it is seen", `document.activeElement.className === "skip" && document.activeElement.getBoundingClientRect().top >= 0`)
	b.Press(chromium.Enter)
	b.Wait("the focus is in the content", `document.activeElement.id === "main"`)
	b.Press(chromium.Tab)
	var outlined bool
	if b.Run(`return document.activeElement !== document.body && getComputedStyle(document.activeElement).outlineStyle !== "none";`, &outlined); !outlined {
		t.Error("where the keyboard is cannot be seen")
	}
	calm("in a small window, by keyboard")

	// The api goes away, and comes back.
	b.Wait("there are figures", `document.querySelectorAll("#rows tr").length === 1`)
	f.away.Store(true)
	again()
	b.Wait("it says so", `!document.getElementById("trouble").hidden`)
	if text := b.Text("#trouble"); !strings.Contains(text, "cannot be reached") || !strings.Contains(text, "the contract holds it, not this site. Deadlines go on") {
		t.Errorf("while the api is away it says %q", text)
	}
	if text := b.Text("#status"); !strings.Contains(text, "old: it speaks for ledger ") || !strings.Contains(b.Text("#rows tr"), "250.00") {
		t.Errorf("of the figures that are still shown it says %q", text)
	}
	b.Run(`document.getElementById("now").scrollIntoView();`, nil)
	picture("telephone-away")
	f.away.Store(false)
	again()
	b.Wait("it is well again", `document.getElementById("trouble").hidden`)
	calmBut("back again")

	// Problems of the api's come with their own next step, and what is no answer of an api is told from them.
	for _, c := range []struct{ name, kind, body, want string }{
		{"a problem", "application/problem+json", `{"title":"Not ready","detail":"still <b>starting</b>","next_step":"come back in a minute"}`, "still <b>starting</b>\n\ncome back in a minute"},
		{"another site", "text/html", "<h1>hello</h1>", "There is no api behind this address (/v1/"},
		{"half an answer", "application/json", `{"trades":[`, "cut off"},
		{"an answer of another kind", "application/json", `{}`, "could not be understood"},
	} {
		answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			if strings.Contains(c.kind, "problem") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = w.Write([]byte(c.body))
		})
		f.answer.Store(&answer)
		b.Run(`document.getElementById("trouble-what").textContent = "";`, nil)
		again()
		b.Wait(c.name+" is told", `document.getElementById("trouble-what").textContent !== ""`)
		if text := b.Text("#trouble"); !strings.Contains(strings.Join(strings.Fields(text), " "), strings.Join(strings.Fields(c.want), " ")) {
			t.Errorf("%s: it says %q, want %q", c.name, text, c.want)
		}
	}
	calmBut("answers of others")

	f.answer.Store(nil)
	b.Go(f.URL + "/nothing")
	if text := b.Text("h1"); text != "There is nothing at this address" {
		t.Errorf("where nothing is it says %q", text)
	}
	calmBut("where nothing is")
}
