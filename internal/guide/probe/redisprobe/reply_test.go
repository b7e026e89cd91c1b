package redisprobe

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

func FuzzReply(f *testing.F) {
	for _, seed := range []string{"+PONG\r\n", "-NOAUTH Authentication required.\r\n", "$5\r\na\r\nbc\r\n", "$-1\r\n", ":1\r\n", "\r\n", "$99999999999\r\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r, err := readReply(bufio.NewReader(bytes.NewReader(in)))
		if err != nil {
			return
		}
		// What was read is what stands there.
		switch r.kind {
		case '+', '-':
			if !strings.HasPrefix(string(in), string(r.kind)+r.text+"\r\n") || strings.Contains(r.text, "\r\n") {
				t.Fatalf("%q read as %+v", in, r)
			}
		case '$':
			if !strings.Contains(string(in), "\r\n"+r.text+"\r\n") || len(r.text) > maxText {
				t.Fatalf("%q read as %+v", in, r)
			}
		default:
			t.Fatalf("%q read as %+v", in, r)
		}
	})
}
