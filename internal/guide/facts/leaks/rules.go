package leaks

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/viper"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
)

// maxConfig is how many bytes a configuration may have.
const maxConfig = 256 << 10

// decoding is how deep gitleaks' command looks into what is encoded unless it is told otherwise.
const decoding = 5

// Rules are a configuration, with gitleaks' own rules where it asks for them. They are safe for concurrent use.
type Rules struct {
	Default  bool      // gitleaks' own rules are among them
	Disabled []string  // those of its own that are not
	Own      []string  // names of the configuration's rules
	Allowed  []Allowed // what is no leak though a rule finds it
	whole    config.Config
	text     [sha256.Size]byte // its hash
}

// Allowed is an allowlist.
type Allowed struct {
	Rule        string // empty: of all
	Description string
}

// Load reads a configuration of the tree.
func Load(files fs.FS, name string) (*Rules, error) {
	text, err := facts.File(files, name)
	if err != nil {
		return nil, err
	}
	if len(text) > maxConfig {
		return nil, fmt.Errorf("read %s: a configuration has at most %d bytes", name, maxConfig)
	}
	r := &Rules{text: sha256.Sum256(text)}
	if err := r.load(text); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return r, nil
}

func (r *Rules) load(text []byte) error {
	own, err := read(text)
	if err != nil {
		return err
	}
	if own.Extend.Path != "" || own.Extend.URL != "" {
		return fmt.Errorf("it takes rules from %s, which is not looked at", own.Extend.Path+own.Extend.URL)
	}
	// gitleaks puts its own rules in by a counter of the process, which lets it be done twice: it is done here.
	r.Default, r.Disabled = own.Extend.UseDefault, own.Extend.DisabledRules
	own.Extend = config.Extend{}
	mine, err := translate(own)
	if err != nil {
		return err
	}
	r.Own = mine.OrderedRules
	for _, a := range mine.Allowlists {
		r.Allowed = append(r.Allowed, Allowed{"", a.Description})
	}
	for _, name := range mine.OrderedRules {
		for _, a := range mine.Rules[name].Allowlists {
			r.Allowed = append(r.Allowed, Allowed{name, a.Description})
		}
	}
	if r.whole = mine; !r.Default {
		return nil
	}
	base, err := read([]byte(config.DefaultConfig))
	if err != nil {
		return err
	}
	if r.whole, err = translate(base); err != nil {
		return err
	}
	for _, name := range r.Disabled {
		delete(r.whole.Rules, name)
	}
	for _, name := range mine.OrderedRules {
		r.whole.Rules[name] = mine.Rules[name]
		if !slices.Contains(r.whole.OrderedRules, name) {
			r.whole.OrderedRules = append(r.whole.OrderedRules, name)
		}
	}
	for k := range mine.Keywords {
		r.whole.Keywords[k] = struct{}{}
	}
	r.whole.Allowlists = append(r.whole.Allowlists, mine.Allowlists...)
	return nil
}

func read(text []byte) (*config.ViperConfig, error) {
	v := viper.New()
	v.SetConfigType("toml")
	if err := v.ReadConfig(bytes.NewReader(text)); err != nil {
		return nil, err
	}
	c := &config.ViperConfig{}
	return c, v.UnmarshalExact(c)
}

// translate makes the rules. gitleaks panics for an expression that is none.
func translate(c *config.ViperConfig) (out config.Config, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("a rule cannot be read: %v", broken)
		}
	}()
	return c.Translate()
}

// detector is one that hides nothing because of a remark beside it.
func (r *Rules) detector() *detect.Detector {
	d := detect.NewDetector(r.whole)
	d.IgnoreGitleaksAllow = true
	d.MaxDecodeDepth = decoding
	return d
}

// Sees are the names of the rules that find something in a text.
func (r *Rules) Sees(text string) (names []string) {
	//lint:ignore SA1019 the detector of this version takes no other
	for _, f := range r.detector().Detect(detect.Fragment{Raw: text, FilePath: "a-file.txt"}) {
		names = append(names, f.RuleID)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// ErrNoRules is that a configuration has no rules at all: nothing would ever be found.
var ErrNoRules = errors.New("the configuration has no rules")

// Names are those of all rules, in order.
func (r *Rules) Names() []string {
	names := make([]string, 0, len(r.whole.Rules))
	for n := range r.whole.Rules {
		names = append(names, n)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}
