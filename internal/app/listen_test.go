package app

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestLocalhostIsLookedUp(t *testing.T) {
	for name, test := range map[string]struct {
		found   []string
		err     error
		address string
		want    string
		says    string
	}{
		"a number is left alone":     {nil, errors.New("not asked"), "127.0.0.1:4000", "127.0.0.1:4000", ""},
		"the usual":                  {[]string{"127.0.0.1"}, nil, "localhost:0", "127.0.0.1:0", ""},
		"both, IPv4 is taken":        {[]string{"::1", "127.0.0.1"}, nil, "localhost:0", "127.0.0.1:0", ""},
		"IPv6 only":                  {[]string{"::1"}, nil, "localhost:0", "[::1]:0", ""},
		"IPv4 written as IPv6":       {[]string{"::ffff:127.0.0.1"}, nil, "localhost:0", "127.0.0.1:0", ""},
		"another machine":            {[]string{"10.1.2.3"}, nil, "localhost:4000", "", "localhost is 10.1.2.3 on this machine, which can be reached from outside: write 127.0.0.1:4000"},
		"another machine beside it":  {[]string{"127.0.0.1", "10.1.2.3"}, nil, "localhost:0", "", "write 127.0.0.1:0"},
		"nobody knows it":            {nil, errors.New("no such host"), "localhost:0", "", "write 127.0.0.1:0"},
		"it is known to have no one": {nil, nil, "localhost:0", "", "write 127.0.0.1:0"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := resolved(t.Context(), "--listen", test.address, func(context.Context, string, string) ([]netip.Addr, error) {
				var all []netip.Addr
				for _, text := range test.found {
					all = append(all, netip.MustParseAddr(text))
				}
				return all, test.err
			})
			if got != test.want || (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("%q, %v; want %q, %q", got, err, test.want, test.says)
			}
		})
	}
}

// TestListeningOnLocalhost starts the smaller of the two programs that listen; what it prints can be reached.
func TestListeningOnLocalhost(t *testing.T) {
	p := start(t, "localnet", "--listen", "localhost:0", "--json")
	if url := p.ready().RPC; !strings.HasPrefix(url, "http://127.0.0.1:") && !strings.HasPrefix(url, "http://[::1]:") {
		t.Errorf("listens on %s", url)
	}
	p.stop()
}
