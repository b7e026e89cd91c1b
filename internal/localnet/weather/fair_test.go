package weather_test

import (
	"strings"
	"testing"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

// Whatever is asked, the answer is the node's own: in fair weather, after weather has been cleared, and in one that changes nothing of it.
func TestWhatTheNodeAnswers(t *testing.T) {
	s := newSky(t, weather.Config{})
	once := func(method string) string { return `{"jsonrpc":"2.0","id":1,"method":"` + method + `"}` }
	bodies := []string{
		`{"jsonrpc":"2.0","id":1,"method":"getEvents","params":{"pagination":{"cursor":"1"}}}`, // an error with data
		`{"jsonrpc":"2.0","id":1,"method":"getLedgers","params":{"startLedger":"5"}}`,
		`{"jsonrpc":"2.0","id":"a","method":"getLedgers","params":{"startLedger":2}}`,
		`{"jsonrpc":"1.0","id":1,"method":"getVersionInfo"}`,
		`{"id":1,"method":"getVersionInfo"}`,
		`{"jsonrpc":"2.0","id":null,"method":"getVersionInfo"}`,
		`{"jsonrpc":"2.0","method":"getVersionInfo"}`,
		`[` + once("getVersionInfo") + `,{"id":2,"method":"getVersionInfo"}]`,
		`[` + once("getVersionInfo") + `,` + once("getMoney") + `]`,
		`[` + once("getVersionInfo") + strings.Repeat(`,`+once("getVersionInfo"), 100) + `]`, // one call too many
		`[]`, `{}`, `1`, ``, `{"jsonrpc":"2.0"`,
	}
	for _, in := range []struct {
		name   string
		config weather.Config
	}{{"fair", weather.Config{}}, {"the same name", weather.Config{Passphrase: s.net.Passphrase()}}} {
		if err := s.weather.Set(in.config); err != nil {
			t.Fatal(err)
		}
		for _, body := range bodies {
			got, want := s.batch(s.url, body), s.batch(s.inside, body)
			if got = strings.TrimSpace(got); got != strings.TrimSpace(want) {
				t.Errorf("%s: %.120s\nis answered %.300s\nthe node says %.300s", in.name, body, got, want)
			}
		}
	}
}
