package vectors

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
)

//go:embed defaults.json stories
var files embed.FS

// Load parses every story, in the order of their names. The error names every problem of every file, with file and step.
func Load() ([]*Story, error) { return load(files) }

func load(tree fs.FS) ([]*Story, error) {
	data, err := fs.ReadFile(tree, "defaults.json")
	if err != nil {
		return nil, fmt.Errorf("read the defaults: %w", err)
	}
	def, err := parseDefaults(data)
	if err != nil {
		return nil, fmt.Errorf("defaults.json: %w", err)
	}
	var stories []*Story
	var errs []error
	err = fs.WalkDir(tree, "stories", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if path.Ext(name) != ".json" || strings.Count(name, "/") != 2 {
			errs = append(errs, fmt.Errorf("%s: a story is a file stories/GROUP/NAME.json", name))
			return nil
		}
		data, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		s, err := parse(strings.TrimSuffix(strings.TrimPrefix(name, "stories/"), ".json"), data, def)
		if err != nil {
			errs = append(errs, err)
			return nil
		}
		stories = append(stories, s)
		return nil
	})
	slices.SortFunc(stories, func(a, b *Story) int { return strings.Compare(a.Name, b.Name) })
	return stories, errors.Join(append(errs, err)...)
}

type defaults struct {
	Platform Platform `json:"platform"`
	Terms    rawTerms `json:"terms"`
}

func parseDefaults(data []byte) (defaults, error) {
	var d defaults
	return d, strict(data, &d)
}

// rawStory is the file as written; steps and terms stay raw so that each one's problems are reported.
type rawStory struct {
	Name     string                     `json:"name"`
	About    string                     `json:"about"`
	Covers   []string                   `json:"covers"`
	Actors   []string                   `json:"actors"`
	Platform json.RawMessage            `json:"platform"`
	Balances map[string]Amount          `json:"balances"`
	Terms    map[string]json.RawMessage `json:"terms"`
	Steps    []json.RawMessage          `json:"steps"`
}

// parse reads the story called name (GROUP/NAME). Every line of its error starts with the name.
func parse(name string, data []byte, def defaults) (*Story, error) {
	var raw rawStory
	if err := strict(data, &raw); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := parser{
		def:  def,
		file: name,
		story: &Story{
			Name: raw.Name, About: raw.About, Covers: raw.Covers, Balances: raw.Balances,
			Actors: append([]string{Admin, Receiver}, raw.Actors...), Platform: def.Platform, Terms: map[string]Terms{},
		},
	}
	p.head(raw)
	for _, t := range slices.Sorted(maps.Keys(raw.Terms)) {
		p.where = "terms " + t
		terms := p.terms(t, raw.Terms[t])
		for _, other := range slices.Sorted(maps.Keys(p.story.Terms)) {
			if reflect.DeepEqual(p.story.Terms[other], terms) {
				p.problem("these are the same terms as %q: one trade has one name", other)
			}
		}
		p.story.Terms[t] = terms
	}
	var at Time
	for i, data := range raw.Steps {
		p.where = fmt.Sprintf("step %d", i)
		st := p.step(data, at)
		if st.At < at {
			p.problem("at %d is before the step in front of it, at %d", st.At, at)
		}
		at = st.At
		p.story.Steps = append(p.story.Steps, st)
	}
	return p.story, errors.Join(p.errs...)
}

type parser struct {
	def   defaults
	file  string
	where string
	story *Story
	errs  []error
}

func (p *parser) problem(format string, args ...any) {
	where := p.file
	if p.where != "" {
		where += ": " + p.where
	}
	p.errs = append(p.errs, fmt.Errorf("%s: %w", where, fmt.Errorf(format, args...)))
}

func (p *parser) head(raw rawStory) {
	if raw.Name != p.file {
		p.problem("name is %q, the file is called %q", raw.Name, p.file)
	}
	if !strings.HasSuffix(raw.About, ".") {
		p.problem("about is not a sentence ending in a full stop")
	}
	if len(raw.Covers) == 0 {
		p.problem("covers names nothing")
	}
	if len(raw.Steps) == 0 {
		p.problem("there are no steps")
	}
	seen := map[string]bool{Contract: true, Token: true, Nobody: true}
	for _, a := range p.story.Actors {
		if seen[a] {
			p.problem("actor %q is named twice, or always there", a)
		}
		seen[a] = true
	}
	for _, a := range slices.Sorted(maps.Keys(raw.Balances)) {
		p.actor("balances", a)
	}
	if raw.Platform != nil {
		if err := strict(raw.Platform, &p.story.Platform); err != nil {
			p.problem("platform: %w", err)
		}
	}
}

// actor checks that name is somebody who can hold tokens and sign.
func (p *parser) actor(field, name string) {
	if !slices.Contains(p.story.Actors, name) {
		p.problem("%s: %q is not among the actors", field, name)
	}
}

// address checks that name is an address.
func (p *parser) address(field, name string) {
	if name != Contract && name != Token {
		p.actor(field, name)
	}
}

// rawTerms are terms as written; a nil field is left to the defaults.
type rawTerms struct {
	Buyer          *string        `json:"buyer"`
	Seller         *string        `json:"seller"`
	Asset          *string        `json:"asset"`
	Milestones     []rawMilestone `json:"milestones"`
	DeliverBy      *Time          `json:"deliver_by"` // in the defaults only
	FundBy         *Time          `json:"fund_by"`
	Inspection     *uint64        `json:"inspection"`
	Windows        rawWindows     `json:"windows"`
	Panel          *[]string      `json:"panel"`
	Quorum         *uint32        `json:"quorum"`
	AppealPanel    *[]string      `json:"appeal_panel"`
	AppealQuorum   *uint32        `json:"appeal_quorum"`
	Bond           *Amount        `json:"bond"`
	ArbitrationFee *Amount        `json:"arbitration_fee"`
	FallbackPpm    *uint32        `json:"fallback_ppm"`
	FeeBps         *uint32        `json:"fee_bps"`
	TermsHash      *Hash          `json:"terms_hash"`
	Salt           *Hash          `json:"salt"`
}

type rawMilestone struct {
	Amount      Amount `json:"amount"`
	DeliverBy   *Time  `json:"deliver_by"`
	Description *Hash  `json:"description"`
	Times       *int   `json:"times"`
}

type rawWindows struct {
	Offers *uint64 `json:"offers"`
	Ruling *uint64 `json:"ruling"`
	Appeal *uint64 `json:"appeal"`
}

// mostTimes is more milestones than any terms have that are about having too many.
const mostTimes = 100

func (p *parser) terms(name string, data []byte) Terms {
	var r rawTerms
	if err := strict(data, &r); err != nil {
		p.problem("%w", err)
		return Terms{}
	}
	if r.DeliverBy != nil {
		p.problem("deliver_by belongs to a milestone")
	}
	d := p.def.Terms
	t := Terms{
		Buyer: *or(r.Buyer, d.Buyer), Seller: *or(r.Seller, d.Seller), Asset: *or(r.Asset, d.Asset),
		FundBy: *or(r.FundBy, d.FundBy), Inspection: *or(r.Inspection, d.Inspection),
		Windows: Windows{
			Offers: *or(r.Windows.Offers, d.Windows.Offers),
			Ruling: *or(r.Windows.Ruling, d.Windows.Ruling),
			Appeal: *or(r.Windows.Appeal, d.Windows.Appeal),
		},
		Panel:       panel(*or(r.Panel, d.Panel), r.Quorum),
		AppealPanel: panel(*or(r.AppealPanel, d.AppealPanel), r.AppealQuorum),
		Bond:        *or(r.Bond, d.Bond), ArbitrationFee: *or(r.ArbitrationFee, d.ArbitrationFee),
		FallbackPpm: *or(r.FallbackPpm, d.FallbackPpm), FeeBps: *or(r.FeeBps, d.FeeBps),
		TermsHash: *or(r.TermsHash, d.TermsHash),
	}
	salt, _ := hashNamed("hash:salt-" + name)
	t.Salt = *or(r.Salt, &salt)
	for _, a := range slices.Concat([]string{t.Buyer, t.Seller, t.Asset}, t.Panel.Arbitrators, t.AppealPanel.Arbitrators) {
		p.address("address", a)
	}
	if r.Milestones == nil {
		r.Milestones = d.Milestones
	}
	for _, m := range r.Milestones {
		if m.Amount == "" {
			p.problem("milestone %d has no amount", len(t.Milestones))
		}
		times := *or(m.Times, new(1))
		if times < 1 || times > mostTimes {
			p.problem("milestone %d is there %d times: write 1 to %d", len(t.Milestones), times, mostTimes)
			continue
		}
		for range times {
			text, _ := hashNamed(fmt.Sprintf("hash:milestone-%d", len(t.Milestones)))
			t.Milestones = append(t.Milestones, Milestone{
				Amount: m.Amount, DeliverBy: *or(m.DeliverBy, d.DeliverBy), Description: *or(m.Description, &text),
			})
		}
	}
	return t
}

func panel(names []string, quorum *uint32) Panel {
	majority := uint32(0)
	if len(names) > 0 {
		majority = uint32(len(names)/2 + 1)
	}
	return Panel{Arbitrators: names, Quorum: *or(quorum, &majority)}
}

func or[T any](v, def *T) *T {
	if v != nil {
		return v
	}
	return def
}

// strict decodes one JSON value and refuses unknown fields, fields written twice, and anything behind it. Fields that data does not name stay as they are.
func strict(data []byte, v any) error {
	if err := once(json.NewDecoder(bytes.NewReader(data)), deepest); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("there is something behind the JSON value")
	}
	return nil
}

// deepest is how many values may stand within each other. A story has nine.
const deepest = 100

// once refuses an object that names a field twice, which encoding/json would accept, taking the last one; in another case it is the same field to it.
func once(d *json.Decoder, deep int) error {
	if deep == 0 {
		return fmt.Errorf("more than %d values stand within each other", deepest)
	}
	tok, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := tok.(json.Delim)
	if !ok {
		return nil
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			key, err := d.Token()
			if err != nil {
				return err
			}
			k := strings.ToLower(key.(string))
			if seen[k] {
				return fmt.Errorf("field %q is written twice", key)
			}
			seen[k] = true
		}
		if err := once(d, deep-1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}
