package weather_test

import (
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/weather"
)

func TestWeatherIsReadFromText(t *testing.T) {
	mild := weather.Presets()["mild"]
	mild.Seed, mild.Lag = 7, 0.5
	for text, want := range map[string]weather.Config{
		"fair":                {},
		"mild, seed=7,lag=.5": mild,
		"try-again-later=1,slow=0.1,slow-for=3s,keep=100,passphrase=Another ; 2026": {
			TryAgainLater: 1, Slow: 0.1, SlowFor: 3 * time.Second, Keep: 100, Passphrase: "Another ; 2026",
		},
	} {
		if got, err := weather.Parse(text); err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%s: %v, (-want +got)\n%s", text, err, cmp.Diff(want, got))
		}
	}
	for text, says := range map[string]string{
		"": "begin with fair", "bad": "begin with fair", "lag=0.1,mild": "begin with fair", "rain=1": "there is no field of that name, there are seed, busy",
		"lag=often": `"often"`, "slow-for=3": "missing unit", "keep=-1": "invalid syntax",
	} {
		if _, err := weather.Parse(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	for name, preset := range weather.Presets() {
		if err := preset.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsWrongIsSaidAtOnce(t *testing.T) {
	c := weather.Config{Busy: 1.5, Cut: weather.Chance(math.NaN()), Slow: 0.1, Lag: 0.1, SpellCalls: -1, Reset: 1}
	_, err := weather.New(http.NotFoundHandler(), c)
	for _, says := range []string{"busy is 1.5", "cut is NaN", "slow-for", "spell-calls is -1", "lag-ledgers", "no other network"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v\ndoes not say %q", err, says)
		}
	}
}

// The same seed and the same calls make the same weather, and another seed another.
func TestTheSeedMakesTheWeather(t *testing.T) {
	course := func(seed uint64) (all string) {
		c := weather.Presets()["storm"]
		c.Seed, c.SlowFor = seed, time.Nanosecond
		s := newSky(t, c)
		for i := range 100 {
			method := []string{protocol.GetHealthMethodName, protocol.GetNetworkMethodName, protocol.GetFeeStatsMethodName}[i%3]
			r := post(s.url, method, nil)
			all += fmt.Sprintln(r.status, r.err != nil, r.Error != nil)
		}
		return all + fmt.Sprint(s.weather.Seen())
	}
	one := course(1)
	if again := course(1); again != one {
		t.Errorf("the same seed (-first +second):\n%s", cmp.Diff(one, again))
	}
	if course(2) == one {
		t.Error("another seed makes no difference")
	}
}
