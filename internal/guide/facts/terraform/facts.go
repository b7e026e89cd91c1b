package terraform

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// Root is a folder of Terraform files and the modules it calls.
type Root struct {
	Dir      string
	Files    []string // all .tf files, the modules' included, by path in the tree
	Settings Settings

	// Variants are what the root comes to, one for each file of variables in Dir or Dir/environments; one without a file when there is none.
	Variants []Variant

	Problems  []Problem   // what is wrong, in the order of files and lines
	Unchecked []Unchecked // what was not looked at, and why; Problems says nothing of it
}

// Settings are those of the root's terraform blocks.
type Settings struct {
	RequiredVersion string // as written: "= 1.12.2"
	Providers       map[string]Provider
	Backend         string // its type, "s3"; empty when none is named
}

// Provider is what required_providers says of one.
type Provider struct {
	Source, Version string
	File            string
	Line            int
}

// Variant is the root with one file of variables.
type Variant struct {
	VarFile   string     // path in the tree, or empty
	Missing   []string   // variables that have no default and no value in the file: the operator gives them
	Resources []Resource // of the root and of every module, by address
	Outputs   map[string]Value
}

// Of are the resources of a type, e.g. "aws_kms_key"; data sources and ephemeral ones have "data." and "ephemeral." before it.
func (v Variant) Of(kind string) []Resource {
	var of []Resource
	for _, r := range v.Resources {
		if r.Kind+r.Type == kind {
			of = append(of, r)
		}
	}
	return of
}

// Resource is one that would be made, or read.
type Resource struct {
	Address string // module.secrets.aws_secretsmanager_secret.this["redis"]; [*] where how many there are is not known
	Kind    string // "" for managed, "data." or "ephemeral."
	Type    string
	Name    string
	File    string
	Line    int
	Body
}

// Body is what stands in braces. Blocks made by `dynamic` are there as what they make.
type Body struct {
	Attributes map[string]Value
	Blocks     []Block
}

// Block is a nested one.
type Block struct {
	Type string
	Line int
	Body
}

// Get is the attribute; one that is not there is null.
func (b Body) Get(name string) Value { return b.Attributes[name] }

// BlocksOf are the nested blocks of a type.
func (b Body) BlocksOf(kind string) []Block {
	var of []Block
	for _, n := range b.Blocks {
		if n.Type == kind {
			of = append(of, n)
		}
	}
	return of
}

// Value is what an expression comes to. What only the provider knows (an ARN, an id) stands in it as its name: "${aws_kms_key.this.arn}", with
// the module's address before it.
type Value struct {
	Line  int
	value cty.Value // NilVal for none
}

// Given tells whether the value is there and not null; one that is computed is.
func (v Value) Given() bool { return v.value != cty.NilVal && !v.value.IsNull() }

// Literal tells whether all of the value is known from the files, with no name of something else in it.
func (v Value) Literal() bool {
	if !v.Given() || !v.value.IsWhollyKnown() {
		return false
	}
	literal := true
	_ = cty.Walk(v.value, func(_ cty.Path, inner cty.Value) (bool, error) {
		if inner.Type() == cty.String && !inner.IsNull() && strings.Contains(inner.AsString(), "${") {
			literal = false
		}
		return literal, nil
	})
	return literal
}

// Text is a string, a number or a bool as Terraform writes it, names of what is computed included. It is not there for lists and objects, and for
// what is computed as a whole.
func (v Value) Text() (string, bool) {
	if !v.Given() || !v.value.IsKnown() {
		return "", false
	}
	switch v.value.Type() {
	case cty.String:
		return v.value.AsString(), true
	case cty.Bool:
		return fmt.Sprint(v.value.True()), true
	case cty.Number:
		return v.value.AsBigFloat().Text('f', -1), true
	}
	return "", false
}

// Bool is whether it is true. Terraform takes "true" for true, and so does this.
func (v Value) Bool() (is, ok bool) {
	text, ok := v.Text()
	return text == "true", ok && (text == "true" || text == "false")
}

// Texts are the elements of a list, set or tuple of strings; a single string is a list of one, as IAM has it.
func (v Value) Texts() ([]string, bool) {
	if text, ok := v.Text(); ok {
		return []string{text}, true
	}
	if !v.Given() || !v.value.IsKnown() || !v.value.CanIterateElements() || v.value.Type().IsMapType() || v.value.Type().IsObjectType() {
		return nil, false
	}
	texts := []string{}
	for it := v.value.ElementIterator(); it.Next(); {
		_, element := it.Element()
		text, ok := Value{value: element}.Text()
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// JSON is the whole value, for what is neither; it is not there where a part is computed and has no name.
func (v Value) JSON() ([]byte, bool) {
	if !v.Given() || !v.value.IsWhollyKnown() {
		return nil, false
	}
	text, err := ctyjson.Marshal(v.value, v.value.Type())
	return text, err == nil
}

// String is the value for people.
func (v Value) String() string {
	if !v.Given() {
		return "null"
	}
	if text, ok := v.Text(); ok {
		return text
	}
	if text, ok := v.JSON(); ok {
		return string(text)
	}
	return "computed"
}

// Kind is the name of a way to be wrong.
type Kind string

// What can be wrong with a root.
const (
	Unreadable       Kind = "unreadable"        // a file that cannot be read, or that is beyond a bound
	Syntax           Kind = "syntax"            // not HCL
	UnknownBlock     Kind = "unknown-block"     // a block that neither Terraform nor the schema knows
	TooManyBlocks    Kind = "too-many-blocks"   // more of a block than the schema allows
	MissingBlock     Kind = "missing-block"     // a block that the schema wants
	UnknownArgument  Kind = "unknown-argument"  // an argument that the schema, or the module called, does not have
	MissingArgument  Kind = "missing-argument"  // one that it wants
	ReadOnlyArgument Kind = "read-only"         // one that only the provider sets
	Duplicate        Kind = "duplicate"         // declared twice
	UnknownReference Kind = "unknown-reference" // of something that is declared nowhere
	UnknownAttribute Kind = "unknown-attribute" // of something that its type does not have
	UnknownFunction  Kind = "unknown-function"  // one that Terraform does not have
	UnusedVariable   Kind = "unused-variable"
	UnusedLocal      Kind = "unused-local"
	NoModule         Kind = "no-module" // a call of a folder that is not in the tree, or has no .tf file
	Cycle            Kind = "cycle"     // a value that depends on itself
	WrongValue       Kind = "wrong-value"
	TooMuch          Kind = "too-much" // working it out was stopped
)

// Problem is one thing that is wrong.
type Problem struct {
	Kind    Kind
	File    string // path in the tree
	Line    int
	Subject string // what it is about: an address, a name
	Detail  string // what is wrong, and where it helps the next step
}

// String is "file:line: subject: detail (kind)".
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d: %s: %s (%s)", p.File, p.Line, p.Subject, p.Detail, p.Kind)
}

// Unchecked is what was not looked at.
type Unchecked struct {
	File, What, Why string
	Line            int
}
