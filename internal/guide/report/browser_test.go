//go:build unix

package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/test/parts/chromium"
)

// TestThePageInABrowser opens the report of this tree as somebody does who was sent the file.
func TestThePageInABrowser(t *testing.T) {
	browser := chromium.Open(t)
	for name, r := range map[string]bool{"ours": true, "sample": false} {
		var text bytes.Buffer
		audited := sample(t)
		if r {
			audited = ours(t)
		}
		if err := HTML(&text, audited); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name+".html")
		if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, scheme := range []string{"light", "dark"} {
			browser.Prefer("prefers-color-scheme", scheme)
			for _, width := range []int{320, 1280} {
				browser.Size(width, 900)
				browser.Go("file://" + path)
				// What is too wide scrolls in its own frame, which the keyboard reaches; the page does not.
				var page struct {
					Wide     int
					Frames   int
					Failed   string
					Headings int
				}
				browser.Run(`return {
					Wide: document.documentElement.scrollWidth,
					Frames: [...document.querySelectorAll(".scroll")].filter(f => f.tabIndex !== 0 || !f.getAttribute("aria-labelledby")).length,
					Failed: getComputedStyle(document.querySelector(".sum .fail")).color,
					Headings: [...document.querySelectorAll("h1,h2,h3,h4")].reduce((wrong, h, i, all) => wrong + (i > 0 && h.tagName[1] - all[i-1].tagName[1] > 1), 0),
				}`, &page)
				if page.Wide > width || page.Frames > 0 || page.Headings > 0 {
					t.Errorf("%s, %s at %d: %+v", name, scheme, width, page)
				}
				if want := map[string]string{"light": "rgb(176, 0, 32)", "dark": "rgb(255, 138, 154)"}[scheme]; page.Failed != want {
					t.Errorf("%s, %s: what fails is %s, want %s: the style sheet is not let in", name, scheme, page.Failed, want)
				}
				if folder := os.Getenv("SCREENSHOTS"); folder != "" {
					browser.Screenshot(filepath.Join(folder, strings.Join([]string{name, scheme, map[int]string{320: "narrow", 1280: "wide"}[width]}, "-")+".png"))
				}
			}
		}
		if name != "ours" {
			continue
		}
		// The first stop of the keyboard leads past the picture.
		browser.Press(chromium.Tab)
		var focused string
		browser.Run(`return document.activeElement.textContent`, &focused)
		if focused != "To the clauses" {
			t.Errorf("the first stop of the keyboard is %q", focused)
		}
		// A screen reader is told what a cell means.
		if got := browser.Text("tr:has(> th[scope=row]) td.wanted:first-of-type"); got != "" && !strings.Contains(got, "open as the guide") {
			t.Errorf("a cell says %q", got)
		}
		// The policy keeps out what somebody has put in.
		browser.Run(`const s = document.createElement("script"); s.textContent = "document.title = 'taken'"; document.body.append(s)`, nil)
		var title string
		browser.Run(`return document.title`, &title)
		if title == "taken" {
			t.Error("a script that was put in runs")
		}
		if c := browser.Complaints(); len(c) != 1 || c[0].Source != "security" {
			t.Errorf("the browser says %v, want that it refused the script", c)
		}
	}
	if c := browser.Complaints(); len(c) != 0 {
		t.Errorf("the browser complains: %v", c)
	}
}
