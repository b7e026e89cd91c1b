package weather

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is a part of a Config, and its name for people.
type field struct {
	name  string
	value any
}

func fields(c *Config) []field {
	return []field{
		{"seed", &c.Seed},
		{"busy", &c.Busy}, {"unavailable", &c.Unavailable}, {"invalid-request", &c.InvalidRequest}, {"server-error", &c.ServerError},
		{"try-again-later", &c.TryAgainLater}, {"lost-answer", &c.LostAnswer},
		{"duplicate", &c.Duplicate}, {"disorder", &c.Disorder}, {"stale", &c.Stale}, {"empty-page", &c.EmptyPage},
		{"truncate", &c.Truncate}, {"cut", &c.Cut}, {"slow", &c.Slow}, {"slow-for", &c.SlowFor},
		{"lag", &c.Lag}, {"flap", &c.Flap}, {"lag-ledgers", &c.LagLedgers}, {"spell-calls", &c.SpellCalls},
		{"keep", &c.Keep}, {"forget", &c.Forget}, {"fork", &c.Fork}, {"fork-ledgers", &c.ForkLedgers}, {"reset", &c.Reset}, {"passphrase", &c.Passphrase},
	}
}

// Presets are the kinds of weather that have a name: each can be gone through with patience, and nothing that lasts for good is among it.
func Presets() map[string]Config {
	some := func(p Chance) Config {
		return Config{
			Busy: p, Unavailable: p, InvalidRequest: p / 4, ServerError: p, TryAgainLater: 4 * p, LostAnswer: 4 * p, Duplicate: p, Disorder: p, Stale: p, EmptyPage: 0.5,
			Truncate: p, Cut: p, Slow: p, SlowFor: 2 * time.Second, Lag: p, Flap: p, LagLedgers: 8, SpellCalls: 20,
		}
	}
	return map[string]Config{"fair": {}, "mild": some(0.01), "rough": some(0.05), "storm": some(0.15)}
}

// Parse reads weather as it is written on a command line: the name of a preset, or fields as in "lag=0.1,lag-ledgers=5,spell-calls=10", or a
// preset and then fields of it that are to be otherwise. What it returns is not validated: Other, say, can only be set by a program.
func Parse(text string) (Config, error) {
	var c Config
	for i, part := range strings.Split(text, ",") {
		name, value, given := strings.Cut(strings.TrimSpace(part), "=")
		if !given {
			preset, known := Presets()[name]
			if !known || i > 0 {
				return Config{}, fmt.Errorf("weather %.60q: begin with fair, mild, rough or storm, or name fields as in lag=0.1: %s", part, names(&c))
			}
			c = preset
			continue
		}
		if err := set(&c, name, value); err != nil {
			return Config{}, fmt.Errorf("weather %.60q: %w", part, err)
		}
	}
	return c, nil
}

func set(c *Config, name, value string) (err error) {
	all := fields(c)
	i := slices.IndexFunc(all, func(f field) bool { return f.name == name })
	if i < 0 {
		return fmt.Errorf("there is no field of that name, there are %s", names(c))
	}
	switch into := all[i].value.(type) {
	case *Chance:
		var p float64
		p, err = strconv.ParseFloat(value, 64)
		*into = Chance(p)
	case *uint64:
		*into, err = strconv.ParseUint(value, 10, 64)
	case *uint32:
		var n uint64
		n, err = strconv.ParseUint(value, 10, 32)
		*into = uint32(n)
	case *int:
		*into, err = strconv.Atoi(value)
	case *time.Duration:
		*into, err = time.ParseDuration(value)
	case *string:
		*into = value
	}
	return err
}

func names(c *Config) string {
	var all []string
	for _, f := range fields(c) {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}
