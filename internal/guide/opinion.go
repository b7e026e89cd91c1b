package guide

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Opinions is what tools of others say of the files that the guide has judged, held against what it says. Package opinions asks for them.
type Opinions struct {
	Tools []Tool
	// Said is what they say of clauses, in the order of the guide; Beside, of what no clause asks.
	Said, Beside []Opinion
	// Strange are written explanations that match nothing that was said: they explain what is no longer so.
	Strange []string
}

// Tool is one that was to be asked.
type Tool struct {
	Name     string   `json:"name"`
	Version  string   `json:"version,omitempty"`
	NotAsked string   `json:"not_asked,omitempty"` // why nothing is known of what it says; empty: it was asked
	Missing  bool     `json:"missing,omitempty"`   // it is not installed and nobody has named it, or the tree has nothing for it
	Checks   int      `json:"checks"`              // how often it has judged something
	Unseen   []string `json:"unseen,omitempty"`    // what it was given and did not look at: of that it has no opinion
	Skips    []string `json:"skips,omitempty"`     // what the files tell it to overlook, and whether it did
	Online   bool     `json:"online,omitempty"`    // it could have reached a network: this machine would not take that from it
}

// Stand is how a tool stands to what the guide says of a clause.
type Stand string

// The stands of a tool. The texts are those of every report.
const (
	Concurs   Stand = "agrees"
	Objects   Stand = "disagrees"            // and nobody has explained why
	Explained Stand = "disagrees, explained" // each objection has a written reason
	Blind     Stand = "sees nothing of it"   // the clause fails, and its rules find nothing
	Aside     Stand = "not compared"         // the guide could not look at the clause, and the tool has nothing against it
)

// Opinion is what one tool says of one clause.
type Opinion struct {
	Clause     string      `json:"clause,omitempty"` // empty for what no clause asks
	Tool       string      `json:"tool"`
	Stand      Stand       `json:"stand"`
	Rules      []string    `json:"rules"`  // of the tool's that are about it, and have judged something
	Checks     int         `json:"checks"` // how often they have
	Objections []Objection `json:"objections"`
}

// Objection is something that a tool would have otherwise.
type Objection struct {
	Rule    string `json:"rule"`
	Subject string `json:"subject"` // "Deployment stellar-escrow/api"
	Says    string `json:"says"`
	At      Place  `json:"at,omitzero"`
	Reason  string `json:"reason,omitempty"` // why it stands as it is; empty: nobody has said
}

// ErrOpinions is wrapped where a tool disagrees and nobody has said why, or an explanation is of nothing.
var ErrOpinions = errors.New("second opinions are not explained")

// Err is nil if each tool was asked and agrees, or disagrees for written reasons. It is ErrOpinions for what has none, else ErrNotEvidenced for a tool that was named and could not be
// asked, that broke, or if there was none at all.
func (o *Opinions) Err() error {
	unexplained, asked := 0, 0
	var not []string
	for _, s := range slices.Concat(o.Said, o.Beside) {
		for _, x := range s.Objections {
			if x.Reason == "" && s.Stand == Objects {
				unexplained++
			}
		}
	}
	for _, t := range o.Tools {
		switch {
		case t.NotAsked == "":
			asked++
		case !t.Missing:
			not = append(not, t.Name)
		}
	}
	switch {
	case unexplained+len(o.Strange) > 0:
		return fmt.Errorf("%w: %d objections without a reason, %d reasons without an objection", ErrOpinions, unexplained, len(o.Strange))
	case len(not) > 0:
		return fmt.Errorf("second opinions of %s: %w", strings.Join(not, ", "), ErrNotEvidenced)
	case asked == 0:
		return fmt.Errorf("second opinions: no tool is installed: %w", ErrNotEvidenced)
	}
	return nil
}

// with adds what the opinions come to to what the clauses do: what fails outweighs what could not be looked at.
func (o *Opinions) with(clauses error) error {
	if o == nil {
		return clauses
	}
	mine := o.Err()
	switch {
	case mine == nil:
		return clauses
	case clauses == nil:
		return mine
	case errors.Is(clauses, ErrNotEvidenced) && !errors.Is(mine, ErrNotEvidenced):
		return fmt.Errorf("%w; %v", mine, clauses)
	case errors.Is(mine, ErrNotEvidenced) && !errors.Is(clauses, ErrNotEvidenced):
		return fmt.Errorf("%w; %v", clauses, mine)
	}
	return fmt.Errorf("%w; %w", clauses, mine)
}
