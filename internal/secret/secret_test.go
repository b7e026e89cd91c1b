package secret_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestSecretsHideThemselves(t *testing.T) {
	value := rand.Text()
	s := secret.New(value)
	type config struct {
		Password secret.Secret
		Nested   map[string]*secret.Secret
		private  secret.Secret // fmt asks no method of a field that it cannot reach
	}
	c := config{s, map[string]*secret.Secret{"k": &s}, s}
	var seen bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "%T", "%p"} {
		fmt.Fprintf(&seen, verb+"\n", s)
		fmt.Fprintf(&seen, verb+"\n", &s)
		fmt.Fprintf(&seen, verb+"\n", c)
	}
	must(t, json.NewEncoder(&seen).Encode(c))
	for _, h := range []slog.Handler{slog.NewTextHandler(&seen, nil), slog.NewJSONHandler(&seen, nil)} {
		slog.New(h).Info("x", "secret", s, "config", c, "pointer", &s)
	}
	fmt.Fprintln(&seen, fmt.Errorf("wrapped: %v", s))
	if hex := fmt.Sprintf("%x", value); strings.Contains(seen.String(), value) || strings.Contains(strings.ToLower(seen.String()), hex) {
		t.Errorf("the value shows:\n%s", seen.String())
	}
	if !strings.Contains(seen.String(), "[secret]") || s.Reveal() != value {
		t.Errorf("reveals %q, want %q; shown as\n%s", s.Reveal(), value, seen.String())
	}
}

func TestEqual(t *testing.T) {
	value := rand.Text()
	for offered, want := range map[string]bool{value: true, "": false, value + "x": false, value[1:]: false} {
		if secret.New(value).Equal(offered) != want {
			t.Errorf("equal to %q: %v, want %v", offered, !want, want)
		}
	}
	if (secret.Secret{}).Equal("") {
		t.Error("an empty secret lets the empty one in")
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestUnfitSecretsAreRefused(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ text, why string }{
		"empty":           {"", "it is empty"},
		"a line end only": {"\n", "it is empty"},
		"short":           {"tR9x!q", "it has 6 bytes"},
		"repeated":        {strings.Repeat("ab", 20), "repeats a few characters"},
		"a sequence":      {"1234567890123456", "follow each other"},
		"the alphabet":    {"abcdefghijklmnopqrst", "follow each other"},
		"well known":      {"changeme-changeme", "well-known words"},
		"of an example":   {"your-secret-password-here"[:20], "well-known words"},
		"with a year":     {"StellarEscrow2026!", "well-known words"},
		"two lines":       {rand.Text() + "\n" + "\n", "white space"},
		"white space":     {" " + rand.Text(), "white space"},
		"huge":            {strings.Repeat(rand.Text(), 3000), "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, "secret")
			write(t, path, c.text)
			_, err := secret.Open(secret.Need{Variable: "RELAY_SECRET_FILE", For: "the api's way to the indexer", Path: path}, time.Now)
			if !errors.Is(err, secret.ErrUnfit) || !strings.Contains(err.Error(), c.why) || !strings.Contains(err.Error(), "RELAY_SECRET_FILE") {
				t.Errorf("%v, want ErrUnfit: %s", err, c.why)
			}
			if text := strings.TrimSpace(c.text); text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("the value shows: %v", err)
			}
		})
	}
	for name, text := range map[string]string{
		"random": rand.Text(), "with a line end": rand.Text() + "\n", "as Windows writes it": rand.Text() + "\r\n", "a word before it": "stellar-9184203958102938", "digits": "8420395810293857",
	} {
		path := filepath.Join(dir, "good")
		write(t, path, text)
		f, err := secret.Open(secret.Need{Variable: "X_FILE", For: "a test", Path: path}, time.Now)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if got := f.Value().Reveal(); got != strings.TrimRight(text, "\r\n") {
			t.Errorf("%s: got %q, want %q", name, got, text)
		}
	}
}

// What is only in part a secret may be anything but empty.
func TestAnyContentButNone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "url")
	for text, good := range map[string]bool{"postgres://db/x": true, "a": true, "": false, " \n": false} {
		write(t, path, text)
		_, err := secret.Open(secret.Need{Variable: "DATABASE_URL_FILE", For: "a test", Path: path, Any: true}, time.Now)
		if (err == nil) != good {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := secret.Check("postgres-password"); !errors.Is(err, secret.ErrUnfit) {
		t.Errorf("well-known words: %v", err)
	}
}

func TestEverythingMissingIsNamedAtOnce(t *testing.T) {
	dir := t.TempDir()
	_, err := secret.OpenAll(time.Now,
		secret.Need{Variable: "ONE_FILE", For: "the first"},
		secret.Need{Variable: "TWO_FILE", For: "the second", Path: filepath.Join(dir, "gone")},
		secret.Need{Variable: "THREE_FILE", For: "the third", Path: dir},
	)
	for _, want := range []string{"ONE_FILE is not set: the first", "TWO_FILE", "no such file", "THREE_FILE", "it is no file"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\ndoes not say %q", err, want)
		}
	}
}

// A mounted secret changes by another link behind the same name, an edited one in place; in between it may be gone or half there.
func TestAChangedFileIsReadAgain(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	first, second, third := rand.Text(), rand.Text(), rand.Text()
	write(t, filepath.Join(dir, "v1"), first)
	write(t, filepath.Join(dir, "v2"), second)
	must(t, os.Symlink("v1", path))
	f, err := secret.Open(secret.Need{Variable: "X_FILE", For: "a test", Path: path}, func() time.Time { return now })
	must(t, err)
	expect := func(value string, problem bool) {
		t.Helper()
		if got := f.Value().Reveal(); got != value {
			t.Errorf("got %s, want %s", got, value)
		}
		if err := f.Problem(); (err != nil) != problem {
			t.Errorf("problem: %v", err)
		}
	}
	expect(first, false)
	must(t, os.Symlink("v2", path+".new"))
	must(t, os.Rename(path+".new", path))
	expect(second, false)
	must(t, os.Remove(path))
	expect(second, true)
	write(t, path, "short")
	expect(second, true)
	write(t, path, third)
	expect(third, false)
	for _, c := range []struct {
		wait time.Duration
		want string
	}{{0, third + " " + second}, {secret.Overlap - 1, third + " " + second}, {1, third}} {
		now = now.Add(c.wait)
		var good []string
		for _, v := range f.Values() {
			good = append(good, v.Reveal())
		}
		if got := strings.Join(good, " "); got != c.want {
			t.Errorf("good after %s more are %s, want %s", c.wait, got, c.want)
		}
	}
	must(t, os.Chtimes(path, time.Time{}, time.Unix(1_700_000_000, 0)))
	expect(third, false)
	if got := f.Since().Unix(); got != 1_700_000_000 {
		t.Errorf("written at %d", got)
	}
}
