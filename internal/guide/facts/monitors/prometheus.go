package monitors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// Prometheus is what its file says of alerts, and of how long it keeps what it has seen.
type Prometheus struct {
	RuleFiles []string      // patterns of paths; those that do not begin with / are from the file's folder
	Tells     []string      // the Alertmanagers, host:port, that are named one by one
	Finds     int           // how many lists of them are found otherwise, by DNS and the like
	Rewrites  int           // how many rules change or drop alerts before they are sent
	Keeps     string        // storage.tsdb.retention.time, which says more than the flag; empty: nothing
	KeepsSize string        // storage.tsdb.retention.size
	Senders   []Sender      // how alerts are sent, by each list of Alertmanagers
	Evaluates time.Duration // how often rules are looked at whose group says nothing of it
}

// Sender is one of the lists of Alertmanagers, all of which are told by the same means.
type Sender struct {
	Targets []string // host:port, those that are named one by one
	Odd     []string // settings by which what is sent may not come to a plain Alertmanager at these addresses
}

// ReadPrometheus reads it.
func ReadPrometheus(text []byte) (Prometheus, error) {
	var file struct {
		Global struct {
			Evaluates string `yaml:"evaluation_interval"`
		} `yaml:"global"`
		RuleFiles []string `yaml:"rule_files"`
		Alerting  struct {
			Relabel       []any            `yaml:"alert_relabel_configs"`
			Alertmanagers []map[string]any `yaml:"alertmanagers"`
		} `yaml:"alerting"`
		Storage struct {
			TSDB struct {
				Retention struct {
					Time string `yaml:"time"`
					Size string `yaml:"size"`
				} `yaml:"retention"`
			} `yaml:"tsdb"`
		} `yaml:"storage"`
	}
	if err := one(text, &file); err != nil {
		return Prometheus{}, err
	}
	p := Prometheus{RuleFiles: file.RuleFiles, Rewrites: len(file.Alerting.Relabel), Keeps: file.Storage.TSDB.Retention.Time, KeepsSize: file.Storage.TSDB.Retention.Size, Evaluates: evaluates}
	if file.Global.Evaluates != "" {
		var err error
		if p.Evaluates, err = Duration(file.Global.Evaluates); err != nil {
			return Prometheus{}, fmt.Errorf("evaluation_interval: %w", err)
		}
	}
	for _, group := range file.Alerting.Alertmanagers {
		sender := Sender{}
		for _, name := range slices.Sorted(maps.Keys(group)) {
			value := group[name]
			if !plainly(name, value) {
				sender.Odd = append(sender.Odd, name)
			}
			list, _ := value.([]any)
			switch {
			case name == "static_configs":
				for _, c := range list {
					fields, _ := c.(map[string]any)
					targets, _ := fields["targets"].([]any)
					for _, t := range targets {
						sender.Targets = append(sender.Targets, fmt.Sprint(t))
					}
				}
			case name == "alert_relabel_configs":
				p.Rewrites += len(list)
			case strings.HasSuffix(name, "_sd_configs"):
				p.Finds += len(list)
			}
		}
		p.Tells = append(p.Tells, sender.Targets...)
		p.Senders = append(p.Senders, sender)
	}
	return p, nil
}

const (
	evaluates = time.Minute // global.evaluation_interval, if nothing is said
	// leastTimeout is how long whoever is told must have to answer, at least.
	leastTimeout = time.Second
)

// plainly tells whether a setting of a list of Alertmanagers leaves it that they are spoken to by plain HTTP, at their own root, all of them.
func plainly(name string, value any) bool {
	text := fmt.Sprint(value)
	switch name {
	case "static_configs", "alert_relabel_configs", "follow_redirects", "enable_http2": // the second is told apart (Rewrites)
		return true
	case "api_version":
		return text == "v2"
	case "scheme":
		return text == "http"
	case "path_prefix":
		return text == "" || text == "/"
	case "timeout":
		d, err := Duration(text)
		return err == nil && d >= leastTimeout
	}
	return strings.HasSuffix(name, "_sd_configs")
}

// Loads tells whether a rules file in a folder is among the rule_files of a Prometheus whose own file is in that folder too.
func (p Prometheus) Loads(folder, name string) bool {
	for _, pattern := range p.RuleFiles {
		if !path.IsAbs(pattern) {
			pattern = path.Join(folder, pattern)
		}
		if ok, err := path.Match(pattern, path.Join(folder, name)); err == nil && ok {
			return true
		}
	}
	return false
}

// Alert is an alert that a rules file makes.
type Alert struct {
	Name   string
	Labels map[string]string
	Line   int
	Every  time.Duration // how often it is looked at; 0: as often as Prometheus looks at what says nothing of it
}

// ReadRules reads the alerts of a rules file.
func ReadRules(text []byte) (all []Alert, err error) {
	var file struct {
		Groups []struct {
			Interval string      `yaml:"interval"`
			Rules    []yaml.Node `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := one(text, &file); err != nil {
		return nil, err
	}
	for _, g := range file.Groups {
		var every time.Duration
		if g.Interval != "" {
			if every, err = Duration(g.Interval); err != nil {
				return nil, fmt.Errorf("interval: %w", err)
			}
		}
		for _, node := range g.Rules {
			var rule struct {
				Alert  string            `yaml:"alert"`
				Labels map[string]string `yaml:"labels"`
			}
			if err := node.Decode(&rule); err != nil {
				return nil, fmt.Errorf("line %d: %w", node.Line, err)
			}
			if rule.Alert != "" {
				all = append(all, Alert{rule.Alert, rule.Labels, node.Line, every})
			}
		}
	}
	return all, nil
}

// Duration reads a time as Prometheus and Loki write it: 30d, 720h.
func Duration(text string) (time.Duration, error) {
	d, err := model.ParseDuration(text)
	return time.Duration(d), err
}

// one reads a file of one document.
func one(text []byte, into any) error {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return errors.New("it has more than one document")
	}
	return nil
}
