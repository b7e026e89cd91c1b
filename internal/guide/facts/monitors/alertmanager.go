package monitors

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

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
	// Waits is how long a first alert is held back at most for others of its group, or a further one of a group that has been told of.
	Waits time.Duration
	// Odd are settings of the receiver by which somebody may not be told, such as a time within which nobody answers.
	Odd []string

	to config.Receiver // whom it tells; without its name
}

// Same tells whether two receivers tell the same people by the same ways.
func (r Reached) Same(other Reached) bool { return reflect.DeepEqual(r.to, other.to) }

// Within tells whether a receiver tells only whom the other tells too, by the files that say whom.
func (r Reached) Within(other Reached) bool {
	return len(r.Files) > 0 && r.Ways == len(r.Files) && !slices.ContainsFunc(r.Files, func(f string) bool { return !slices.Contains(other.Files, f) })
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
	routes := a.follow(a.config.Route, set, taken{receiver: a.config.Route.Receiver, wait: groupWait, interval: groupInterval}, &left)
	var all []Reached
	for _, r := range routes {
		all = append(all, a.receiver(r))
	}
	return all
}

// What a route does that says nothing of it (dispatch.DefaultRouteOpts).
const (
	groupWait     = 30 * time.Second
	groupInterval = 5 * time.Minute
)

// taken is a route that an alert ends at.
type taken struct {
	receiver       string
	muted          []string
	wait, interval time.Duration
}

// follow is how Alertmanager chooses (dispatch.Route.Match): the first child that matches, and further ones while they say continue; none, then the route itself.
func (a *Alertmanager) follow(r *config.Route, alert model.LabelSet, around taken, left *int) (all []taken) {
	if *left--; *left < 0 || r == nil || !matches(r, alert) {
		return nil
	}
	if r.Receiver != "" {
		around.receiver = r.Receiver
	}
	if r.GroupWait != nil {
		around.wait = time.Duration(*r.GroupWait)
	}
	if r.GroupInterval != nil {
		around.interval = time.Duration(*r.GroupInterval)
	}
	for _, child := range r.Routes {
		found := a.follow(child, alert, around, left)
		all = append(all, found...)
		if len(found) > 0 && !child.Continue {
			break
		}
	}
	if len(all) == 0 {
		around.muted = slices.Concat(r.MuteTimeIntervals, r.ActiveTimeIntervals)
		all = []taken{around}
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
	r := Reached{Name: t.receiver, Muted: t.muted, Waits: max(t.wait, t.interval)}
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
		r.Files, r.Odd = settingsOf(c)
		r.to = c
		r.to.Name = ""
	}
	return r
}

// settingsOf are, of every way of a receiver, the values of what ends in _file, and what of it can keep anybody from being told.
func settingsOf(c config.Receiver) (files, odd []string) {
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, []string{"what cannot be written"} // a loaded one can be
	}
	var all any
	if err := yaml.Unmarshal(text, &all); err != nil {
		return nil, []string{"what cannot be read"}
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
				text, _ := v[name].(string)
				switch {
				case strings.HasSuffix(name, "_file") && text != "":
					files = append(files, text)
				case name == "timeout" && text != "":
					if d, err := time.ParseDuration(text); err != nil || d != 0 && d < leastTimeout {
						odd = append(odd, name+": "+text)
					}
				case name == "proxy_url" && text != "", name == "proxy_from_environment" && v[name] == true:
					odd = append(odd, name)
				default:
					walk(v[name])
				}
			}
		}
	}
	walk(all)
	return files, odd
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
