package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// Nobody without the secret is told anything, and nothing is believed that was not said with it.
func TestBothEndsOfAStreamProveThemselves(t *testing.T) {
	key, other := rand.Text(), rand.Text()
	plain := func(status int, body string) func(http.Handler) http.Handler {
		return func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); _, _ = io.WriteString(w, body) })
		}
	}
	for name, c := range map[string]struct {
		server, client Keys
		between        func(http.Handler) http.Handler
		good           bool
	}{
		"the same":                    {keysOf(key), keysOf(key), nil, true},
		"another":                     {keysOf(key), keysOf(other), nil, false},
		"none":                        {keysOf(key), keysOf(), nil, false},
		"an empty one at both":        {keysOf(""), keysOf(""), nil, false},
		"changed at the server first": {keysOf(other, key), keysOf(key), nil, true},
		"changed at the client first": {keysOf(key), keysOf(other, key), nil, true},
		"a server without it":         {keysOf(key), keysOf(key), plain(200, `{"mac":"`+strings.Repeat("0", 64)+`","kind":"entry","seq":1,"hash":"","payload":{}}`+"\n"), false},
		"a refusal of somebody":       {keysOf(key), keysOf(key), plain(422, `{"kind":"invalid","detail":"go away"}`), false},
		"an end of somebody":          {keysOf(key), keysOf(key), plain(200, `{"mac":"`+strings.Repeat("0", 64)+`","kind":"end","seq":0}`+"\n"), false},
		"nothing":                     {keysOf(key), keysOf(key), plain(200, ""), false},
		"a line without an end":       {keysOf(key), keysOf(key), plain(200, strings.Repeat("x", 3*maxStreamLine)), false},
		"a call that was changed":     {keysOf(key), keysOf(key), changedCall, false},
		"a server that sends elsewhere": {keysOf(key), keysOf(key), func(http.Handler) http.Handler {
			return http.RedirectHandler("/elsewhere", http.StatusTemporaryRedirect)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWireOf(t, 2, pace{beat: time.Minute, write: time.Minute, age: 50 * time.Millisecond}, c.server, c.client, c.between)
			got, err := all(w.client.Stream(t.Context(), 0))
			if c.good != (err == nil) || c.good != (len(got) == 2) || errors.Is(err, ErrInvalid) {
				t.Errorf("%d entries, %v", len(got), err)
			}
			if err != nil && !errors.Is(err, ErrUnavailable) {
				t.Errorf("%v is not ErrUnavailable", err)
			}
		})
	}
}

func changedCall(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(bytes.Replace(body, []byte("0"), []byte("1"), 1)))
		next.ServeHTTP(w, r)
	})
}

func TestACallForTheStreamIsGoodOnce(t *testing.T) {
	var heard *http.Request
	var said []byte
	w := newWire(t, 2, pace{beat: time.Minute, write: time.Minute, age: 30 * time.Millisecond}, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			said, _ = io.ReadAll(r.Body)
			heard = r.Clone(context.Background())
			r.Body = io.NopCloser(bytes.NewReader(said))
			next.ServeHTTP(w, r)
		})
	})
	if _, err := all(w.client.Stream(t.Context(), 0)); err != nil {
		t.Fatal(err)
	}
	heard.Body = io.NopCloser(bytes.NewReader(said))
	answer := httptest.NewRecorder()
	if w.streams.ServeHTTP(answer, heard); answer.Code != http.StatusUnauthorized {
		t.Errorf("made again, it is answered with %d %s", answer.Code, answer.Body)
	}
}

// held is an answer that goes to nobody yet.
type held struct{ *httptest.ResponseRecorder }

func (held) SetWriteDeadline(time.Time) error { return nil }

// noise is what nonces are made of where each is to be the same.
type noise byte

func (n noise) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(n)
	}
	return len(p), nil
}

type inBetween func(*http.Request) *http.Response

func (f inBetween) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// TestWhoeverIsInBetweenIsNoticed does to the lines of an answer what somebody in between could. Whatever it is, what comes out is the
// beginning of the truth, and then an error.
func TestWhoeverIsInBetweenIsNoticed(t *testing.T) {
	w := newWire(t, 6, pace{beat: 4 * time.Millisecond, write: time.Minute, age: 30 * time.Millisecond}, nil)
	answered := func(nonces io.Reader) (lines [][]byte) {
		through := inBetween(func(r *http.Request) *http.Response {
			answer := held{httptest.NewRecorder()}
			w.streams.ServeHTTP(answer, r)
			lines = bytes.SplitAfter(bytes.Clone(answer.Body.Bytes()), []byte("\n"))
			if answer.Header().Get("Connection") != "close" {
				t.Error("the connection, with its bound, would be used again")
			}
			return answer.Result()
		})
		if got, err := all(NewClient(w.server.URL, w.client.keys, time.Now, nonces, through).Stream(t.Context(), 0)); err != nil || len(got) != 6 {
			t.Fatalf("%d entries, %v", len(got), err)
		}
		return lines[:len(lines)-1]
	}
	truth, before := answered(noise(1)), answered(noise(2))
	var changed []byte
	client := NewClient(w.server.URL, w.client.keys, time.Now, noise(1), inBetween(func(*http.Request) *http.Response {
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(changed))}
	}))
	try := func(name string, whole bool, do func([][]byte) []byte) {
		t.Helper()
		changed = do(truth)
		same := bytes.Equal(changed, bytes.Join(truth, nil))
		got, err := all(client.Stream(t.Context(), 0))
		if wrong := w.same(got, 0); wrong != nil {
			t.Errorf("%s: %v", name, wrong)
		}
		if err == nil && !same && !whole {
			t.Errorf("%s: nothing was noticed, with %d entries", name, len(got))
		}
		if same && (err != nil || len(got) != 6) {
			t.Errorf("%s: unchanged, it is %d entries, %v", name, len(got), err)
		}
		if err != nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	join := func(lines ...[]byte) []byte { return bytes.Join(lines, nil) }
	try("nothing", false, func(l [][]byte) []byte { return join(l...) })
	try("more behind the end", true, func(l [][]byte) []byte { return append(join(l...), l[1]...) })
	for i := range min(len(truth), len(before)) {
		if bytes.Equal(truth[i], before[i]) {
			t.Errorf("line %d is the same in two answers: %s", i, truth[i])
		}
	}
	last := len(truth) - 1
	if last < 8 {
		t.Fatalf("%d lines, want a beat, six entries, more beats and an end", len(truth))
	}
	for i := range truth {
		try(fmt.Sprint("without line ", i), false, func(l [][]byte) []byte { return join(slices.Delete(slices.Clone(l), i, i+1)...) })
		try(fmt.Sprint("cut before line ", i), false, func(l [][]byte) []byte { return join(l[:i]...) })
		try(fmt.Sprint("cut within line ", i), false, func(l [][]byte) []byte { return append(join(l[:i]...), l[i][:len(l[i])-1]...) })
		try(fmt.Sprint("twice line ", i), i == last, func(l [][]byte) []byte { return join(slices.Insert(slices.Clone(l), i, l[i])...) })
		try(fmt.Sprint("the call before's line ", i), false, func(l [][]byte) []byte {
			l = slices.Clone(l)
			l[i] = before[min(i, len(before)-1)]
			return join(l...)
		})
		if i < last {
			try(fmt.Sprint("exchanged with the next: line ", i), false, func(l [][]byte) []byte {
				l = slices.Clone(l)
				l[i], l[i+1] = l[i+1], l[i]
				return join(l...)
			})
		}
		try(fmt.Sprint("a carriage return in line ", i), false, func(l [][]byte) []byte {
			l = slices.Clone(l)
			l[i] = append(slices.Clone(l[i][:len(l[i])-1]), '\r', '\n')
			return join(l...)
		})
		try(fmt.Sprint("an empty line before line ", i), false, func(l [][]byte) []byte { return join(slices.Insert(slices.Clone(l), i, []byte("\n"))...) })
	}
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for range 3000 {
		try("a bit", false, func(l [][]byte) []byte {
			out := join(l...)
			out[random.IntN(len(out))] ^= 1 << random.IntN(8)
			return out
		})
		try("the end of a line", false, func(l [][]byte) []byte {
			out := join(l...)
			at := random.IntN(len(out) - 1) // behind the end nothing is read
			return slices.Insert(out, at, '\n')
		})
	}
}

// FuzzStreamLine: behind a mac that is right stands whatever the indexer has written; without one, whatever anybody has.
func FuzzStreamLine(f *testing.F) {
	secretOf := secret.New("a key of this test alone")
	for _, l := range []streamLine{{Kind: lineBeat}, {Kind: lineEnd, Seq: 9, Why: "it stops"}, {Kind: lineEntry, Seq: 1, Hash: "00", Payload: json.RawMessage(`{"a":"é<"}`)}} {
		line, err := (&lineKey{key: secretOf, nonce: "n"}).write(l)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(line[:len(line)-1], true)
		f.Add(line[:len(line)-1], false)
	}
	f.Add([]byte(macBefore+strings.Repeat("0", 64)+macBehind+`"kind":"entry","seq":1}{}`), true)
	f.Add([]byte(macBefore), true)
	f.Fuzz(func(t *testing.T, line []byte, signed bool) {
		key := &lineKey{key: secretOf, nonce: "n"}
		line = bytes.Clone(line)
		if at := macEnd + len(macBehind); signed && len(line) >= at {
			copy(line[len(macBefore):], key.mac(line[at:]))
		}
		l, err := key.read(line)
		if err != nil {
			return
		}
		if !signed && string(line[len(macBefore):macEnd]) != key.macAt(0, line) {
			t.Fatalf("believed without a mac: %q", line)
		}
		if e, err := l.entry(); err == nil && l.Kind == lineEntry {
			again, err := lineOf(e)
			if err != nil {
				return // its own indexer would not have sent it
			}
			if l.Hash != again.Hash || !bytes.Equal(l.Payload, again.Payload) {
				t.Errorf("%+v became %+v", l, again)
			}
		}
	})
}

// macAt is the mac that line number n must have.
func (k *lineKey) macAt(n int64, line []byte) string {
	return (&lineKey{key: k.key, nonce: k.nonce, n: n}).mac(line[macEnd+len(macBehind):])
}
