package opinions

import (
	"errors"
	"fmt"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
)

// The rules that promtool and amtool have, by our names: they have none.
const (
	readsConfig = "check-config"
	readsRules  = "check-rules"
)

// promtool judges Prometheus' files. Of its settings it is asked for the syntax alone: otherwise it would read on this machine whatever files they name.
func promtool() tool {
	return tool{
		name: "promtool", install: "apt-get install --no-install-recommends prometheus", kinds: []string{prometheus, rules}, version: []string{"--version"},
		calls: func(names []string) (all []call) {
			for _, n := range names {
				args := []string{"check", "rules", "./" + n}
				if n == prometheusFile {
					args = []string{"check", "config", "--syntax-only", "./" + n}
				}
				all = append(all, call{args, []string{n}})
			}
			return all
		},
		read: func(o output, g given) (heard, error) { return readOutcome(o, g) },
	}
}

// amtool judges Alertmanager's settings.
func amtool() tool {
	return tool{
		name: "amtool", install: "apt-get install --no-install-recommends prometheus-alertmanager", kinds: []string{alertmanager}, version: []string{"--version"},
		calls: func(names []string) (all []call) {
			for _, n := range names {
				all = append(all, call{[]string{"check-config", "./" + n}, []string{n}})
			}
			return all
		},
		read: func(o output, g given) (heard, error) { return readOutcome(o, g) },
	}
}

// readOutcome reads the answer of a tool that takes one file and says in words, and by its exit code, whether it can be used.
func readOutcome(o output, g given) (heard, error) {
	if len(g.names) != 1 {
		return heard{}, errors.New("it is asked about one file at a time")
	}
	name, rule := g.names[0], readsConfig
	if name != prometheusFile && name != alertmanagerFile {
		rule = readsRules
	}
	said := string(o.out) + "\n" + string(o.err)
	h := heard{seen: map[string]bool{name: true}}
	c := check{rule: rule, subject: name, at: guide.Place{File: name}}
	switch _, why, failed := strings.Cut(said, "FAILED:"); {
	case o.exit == 0 && strings.Contains(string(o.out), "SUCCESS") && !failed:
		c.passed = true
	case o.exit == 1 && failed:
		c.says = clip(why)
	default:
		return heard{}, fmt.Errorf("exit code %d, and it says neither SUCCESS nor FAILED of %s", o.exit, name)
	}
	h.checks = []check{c}
	return h, nil
}
