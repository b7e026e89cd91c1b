package monitors

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Alertmanager is its file.
type Alertmanager struct{ config *config.Config }

// ReadAlertmanager reads it by Alertmanager's own loader: what that refuses, Alertmanager does not start with.
func ReadAlertmanager(text []byte) (_ *Alertmanager, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("it cannot be understood: %v", broken)
		}
	}()
	c, err := config.Load(string(text))
	if err != nil {
		return nil, err
	}
	return &Alertmanager{c}, nil
}

// Reached is a receiver that an alert comes to.
type Reached struct {
	Name string
	// Ways is how many ways the receiver tells somebody: a webhook, a mailbox. Without one the alert ends there unseen.
	Ways int
	// Files are what it reads to know whom to tell, such as a webhook's url_file.
	Files []string
	// Muted are the times at which the route tells nobody, or at which alone it tells somebody.
	Muted []string
}

// maxRoutes bounds the routes that are followed for one alert.
const maxRoutes = 10_000

// Reaches are the receivers of an alert with these labels, in the order of their routes.
func (a *Alertmanager) Reaches(alert map[string]string) []Reached {
	set := model.LabelSet{}
	for name, value := range alert {
		set[model.LabelName(name)] = model.LabelValue(value)
	}
	left := maxRoutes
	routes := a.follow(a.config.Route, set, a.config.Route.Receiver, &left)
	var all []Reached
	for _, r := range routes {
		all = append(all, a.receiver(r))
	}
	return all
}

// taken is a route that an alert ends at.
type taken struct {
	receiver string
	muted    []string
}

// follow is how Alertmanager chooses (dispatch.Route.Match): the first child that matches, and further ones while they say continue; none, then the route itself.
func (a *Alertmanager) follow(r *config.Route, alert model.LabelSet, receiver string, left *int) (all []taken) {
	if *left--; *left < 0 || r == nil || !matches(r, alert) {
		return nil
	}
	if r.Receiver != "" {
		receiver = r.Receiver
	}
	for _, child := range r.Routes {
		found := a.follow(child, alert, receiver, left)
		all = append(all, found...)
		if len(found) > 0 && !child.Continue {
			break
		}
	}
	if len(all) == 0 {
		all = []taken{{receiver, slices.Concat(r.MuteTimeIntervals, r.ActiveTimeIntervals)}}
	}
	return all
}

func matches(r *config.Route, alert model.LabelSet) bool {
	return matchesAll(alert, r.Match, r.MatchRE, r.Matchers)
}

func matchesAll(alert model.LabelSet, equal map[string]string, like config.MatchRegexps, matchers config.Matchers) bool {
	for name, value := range equal {
		if string(alert[model.LabelName(name)]) != value {
			return false
		}
	}
	for name, re := range like {
		if !re.MatchString(string(alert[model.LabelName(name)])) {
			return false
		}
	}
	return labels.Matchers(matchers).Matches(alert)
}

func (a *Alertmanager) receiver(t taken) Reached {
	r := Reached{Name: t.receiver, Muted: t.muted}
	for _, c := range a.config.Receivers {
		if c.Name != t.receiver {
			continue
		}
		// Whatever kinds of ways this version has: each is a list in a field of its own.
		fields := reflect.ValueOf(c)
		for i := range fields.NumField() {
			if f := fields.Field(i); f.Kind() == reflect.Slice {
				r.Ways += f.Len()
			}
		}
		r.Files = filesOf(c)
	}
	return r
}

// filesOf are the values of every setting that ends in _file.
func filesOf(c config.Receiver) (files []string) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil // a loaded one can be written
	}
	var all any
	if yaml.Unmarshal(text, &all) != nil {
		return nil
	}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, name := range slices.Sorted(maps.Keys(v)) {
				if path, ok := v[name].(string); ok && strings.HasSuffix(name, "_file") && path != "" {
					files = append(files, path)
					continue
				}
				walk(v[name])
			}
		}
	}
	walk(all)
	return files
}

// Inhibits tells by which rules, counted from 1, an alert with these labels may be kept back while another one fires. What the rule asks of labels that the
// alert is not said to have, it may have.
func (a *Alertmanager) Inhibits(alert map[string]string) (rules []int) {
	for i, r := range a.config.InhibitRules {
		possible := true
		for name, value := range alert {
			if want, ok := r.TargetMatch[name]; ok && want != value {
				possible = false
			}
			if re, ok := r.TargetMatchRE[name]; ok && !re.MatchString(value) {
				possible = false
			}
			for _, m := range r.TargetMatchers {
				if m.Name == name && !m.Matches(value) {
					possible = false
				}
			}
		}
		if possible {
			rules = append(rules, i+1)
		}
	}
	return rules
}
