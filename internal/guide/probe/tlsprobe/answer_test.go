package tlsprobe

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func record(kind byte, body ...byte) []byte {
	return append([]byte{kind, 3, 3, byte(len(body) >> 8), byte(len(body))}, body...)
}

// said is a ServerHello as the stand-in writes it.
func said(v version, suite uint32) []byte {
	return oldServer{compress: true, answers: extTicket}.hello(heard{version: v, compress: v < tls13, extensions: []uint16{extTicket}}, suite)
}

func TestAnswersAreRead(t *testing.T) {
	whole := said(tls12, 0xC02F)
	body := whole[5:]
	many := bytes.Repeat(record(recordAlert, 1, 112), maxWarnings+1)
	for name, c := range map[string]struct {
		in   []byte
		want answer
	}{
		"a ServerHello":                  {whole, answer{kind: hello, version: tls12, suite: 0xC02F, compressed: true, extensions: []uint16{extTicket}}},
		"of TLS 1.3":                     {said(tls13, 0x1301), answer{kind: hello, version: tls13, suite: 0x1301, extensions: []uint16{extTicket, extVersions}}},
		"of SSLv3":                       {said(sslv3, 5), answer{kind: hello, version: sslv3, suite: 5, compressed: true}},
		"with more behind it":            {append(bytes.Clone(whole), 1, 2, 3), answer{kind: hello, version: tls12, suite: 0xC02F, compressed: true, extensions: []uint16{extTicket}}},
		"in three records":               {append(append(record(22, body[:2]...), record(22, body[2:30]...)...), record(22, body[30:]...)...), answer{kind: hello, version: tls12, suite: 0xC02F, compressed: true, extensions: []uint16{extTicket}}},
		"after a warning":                {append(record(recordAlert, 1, 112), whole...), answer{kind: hello, version: tls12, suite: 0xC02F, compressed: true, extensions: []uint16{extTicket}}},
		"an alert":                       {record(recordAlert, 2, 40), answer{kind: alert, alert: 40}},
		"close_notify":                   {record(recordAlert, 1, 0), answer{kind: closed}},
		"nothing":                        {nil, answer{kind: closed}},
		"half a header":                  {[]byte{22, 3}, answer{kind: closed}},
		"half a record":                  {whole[:20], answer{kind: closed}},
		"too many warnings":              {many, answer{kind: nonsense, problem: "more than 4 warnings"}},
		"half an alert":                  {record(recordAlert, 2), answer{kind: nonsense, problem: "an alert of 1 bytes"}},
		"HTTP":                           {[]byte("HTTP/1.1 400 Bad Request\r\n\r\n"), answer{kind: nonsense, problem: `begins with "HTTP/"`}},
		"an empty record":                {record(recordHandshake), answer{kind: nonsense, problem: `begins with "\x16\x03\x03\x00\x00"`}},
		"a record beyond the protocol's": {[]byte{22, 3, 3, 0xff, 0xff, 0}, answer{kind: nonsense, problem: `begins with "\x16\x03\x03\xff\xff"`}},
		"application data":               {record(23, 1, 2, 3), answer{kind: nonsense, problem: `begins with "\x17\x03\x03\x00\x03"`}},
		"another message":                {record(22, 11, 0, 0, 1, 0), answer{kind: nonsense, problem: "a handshake message of type 11"}},
		"a huge ServerHello":             {record(22, 2, 0xff, 0xff, 0xff), answer{kind: nonsense, problem: "a ServerHello of 16777215 bytes"}},
		"a short ServerHello":            {record(22, 2, 0, 0, 2, 3, 3), answer{kind: nonsense, problem: "a ServerHello that cannot be read"}},
		"never whole":                    {append(record(22, 2, 0, 0x10, 0), bytes.Repeat(record(22, 1), maxRecords)...), answer{kind: nonsense, problem: "no ServerHello in 16 records"}},
	} {
		t.Run(name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{"at once": bytes.NewReader(c.in), "byte by byte": iotest.OneByteReader(bytes.NewReader(c.in))} {
				got, err := readAnswer(r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(answer{})); diff != "" {
					t.Errorf("%s (-want +got):\n%s", how, diff)
				}
			}
		})
	}
	broken := errors.New("broken")
	for what, read := range map[string]func(io.Reader) (answer, error){"TLS": readAnswer, "SSLv2": readAncient} {
		if _, err := read(iotest.ErrReader(broken)); !errors.Is(err, broken) {
			t.Errorf("%s: a reader's own error came back as %v", what, err)
		}
	}
}

func TestAnswersOfSSLv2AreRead(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want answer
	}{
		"a SERVER-HELLO":   {"\x80\x12\x04\x00\x01\x00\x02\x00\x01\x00\x06\x00\x00c\x01\x00\x80\x02\x00\x80", answer{kind: hello, version: sslv2, kinds: []uint32{0x010080, 0x020080}}},
		"another version":  {"\x80\x0b\x04\x00\x01\x03\x00\x00\x00\x00\x00\x00\x00", answer{kind: nonsense, problem: "no SERVER-HELLO"}},
		"an error":         {"\x80\x03\x00\x00\x01", answer{kind: nonsense, problem: "no SERVER-HELLO"}},
		"too short":        {"\x80\x04\x04\x00\x01\x00", answer{kind: nonsense, problem: "no SERVER-HELLO"}},
		"lengths that lie": {"\x80\x0b\x04\x00\x01\x00\x02\xff\xff\x00\x06\x00\x00", answer{kind: nonsense, problem: "no SERVER-HELLO"}},
		"an alert of TLS":  {"\x15\x03\x00\x00\x02\x02\x46", answer{kind: nonsense, problem: "answered by TLS, not by SSLv2"}},
		"nothing":          {"", answer{kind: closed}},
		"half":             {"\x80\x12\x04", answer{kind: closed}},
	} {
		got, err := readAncient(strings.NewReader(c.in))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(answer{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// counted tells how much was read.
type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func FuzzAnswer(f *testing.F) {
	for _, v := range []version{sslv3, tls12, tls13} {
		f.Add(said(v, 0x002F))
	}
	f.Add(record(recordAlert, 2, 40))
	f.Add([]byte("\x80\x12\x04\x00\x01\x00\x02\x00\x01\x00\x06\x00\x00c\x01\x00\x80\x02\x00\x80"))
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, read := range []func(io.Reader) (answer, error){readAnswer, readAncient} {
			r := &counted{r: io.MultiReader(bytes.NewReader(in), &endless{})}
			a, err := read(r)
			if err != nil || a.kind == 0 || a.kind == closed { // what never ends is never closed, but by close_notify
				if a.kind != closed || !bytes.Contains(in, []byte{0}) {
					t.Fatalf("%+v, %v", a, err)
				}
			}
			if most := maxRecords * (maxFragment + 5); r.n > most {
				t.Fatalf("read %d bytes, the bound is %d", r.n, most)
			}
			if a.String() == "" || a.kind == nonsense && a.problem == "" || len(a.extensions) > maxServerHello/4 {
				t.Fatalf("%+v", a)
			}
		}
	})
}

// endless has zeroes for ever.
type endless struct{}

func (*endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
