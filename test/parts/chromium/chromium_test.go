//go:build unix

package chromium_test

import (
	"bytes"
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/chromium"
)

// TestWhatABrowserTells opens a page that breaks its own policy: a test that would not hear of it is worth nothing.
func TestWhatABrowserTells(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'self'")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>t</title><p id="seen">seen</p><p id="unseen" hidden>unseen</p><a href="#a">a</a><button onclick="1">b</button><script>document.title = "broken"</script>`)
	}))
	defer s.Close()
	b := chromium.Open(t)
	b.Go(s.URL)
	if seen, unseen := b.Text("#seen"), b.Text("#unseen"); seen != "seen" || unseen != "" {
		t.Errorf("%q and %q can be read", seen, unseen)
	}
	var title string
	if b.Run("return document.title;", &title); title != "t" {
		t.Errorf("the policy let the script run: %q", title)
	}
	violations := 0
	for _, c := range b.Complaints() {
		if strings.Contains(c.Message, "Content Security Policy") {
			violations++
		}
	}
	if violations == 0 {
		t.Error("no violation of the policy was heard of")
	}
	if again := b.Complaints(); len(again) != 0 {
		t.Errorf("asked again it says %v", again)
	}
	b.Size(320, 400)
	b.Prefer("prefers-color-scheme", "dark")
	var width int
	var dark bool
	b.Run("return window.innerWidth;", &width)
	b.Run("return matchMedia('(prefers-color-scheme: dark)').matches;", &dark)
	if width != 320 || !dark {
		t.Errorf("the page is %d wide, dark %t", width, dark)
	}
	b.Press(chromium.Tab)
	b.Wait("the link has the focus", "document.activeElement.tagName === 'A'")
	picture := filepath.Join(t.TempDir(), "page.png")
	b.Screenshot(picture)
	content, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := png.DecodeConfig(bytes.NewReader(content)); err != nil || c.Width != 320 || c.Height != 400 {
		t.Errorf("the picture is %dx%d, %v", c.Width, c.Height, err)
	}
}
