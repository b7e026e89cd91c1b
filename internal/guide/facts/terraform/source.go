package terraform

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"
)

// Bounds of what is read: several times what a large root of people's has, and little enough to be read at once.
const (
	maxFileBytes   = 256 << 10
	maxFiles       = 1000    // of a root, its modules and its variables
	maxBytes       = 8 << 20 // of all of them
	maxModules     = 200     // folders
	maxVariants    = 20
	maxNesting     = 60     // brackets within brackets
	maxConditions  = 2000   // question marks in a file; each is a level of the parser
	maxOperators   = 5000   // in a file; likewise, and the tree of a long sum is as deep as the sum is long
	maxUnaryChain  = 16     // ! and - one after the other, likewise
	maxCallDepth   = 16     // modules within modules
	maxProblems    = 1000   // listed, and as many of what is unchecked
	maxListEntries = 10_000 // of a folder
)

// reader reads folders of a tree, each once.
type reader struct {
	tree      fs.FS
	schema    *Schema
	functions map[string]function.Function
	files     int
	bytes     int
	work      int
	sources   map[string]*source // by folder
	anatomies map[hclsyntax.Expression]*anatomy
	open      map[string]bool // folders that are being read: one that calls itself is among them
	root      *Root
}

func (r *reader) problem(kind Kind, file string, line int, subject, format string, args ...any) {
	p := Problem{kind, file, line, subject, fmt.Sprintf(format, args...)}
	if slices.Contains(r.root.Problems, p) {
		return // a module that is called twice is wrong once
	}
	if len(r.root.Problems) >= maxProblems {
		r.unchecked(r.root.Dir, 0, r.root.Dir, fmt.Sprintf("more than %d problems: the rest is not listed", maxProblems))
		return
	}
	r.root.Problems = append(r.root.Problems, p)
}

func (r *reader) unchecked(file string, line int, what, why string) {
	u := Unchecked{file, what, why, line}
	if len(r.root.Unchecked) < maxProblems && !slices.Contains(r.root.Unchecked, u) {
		r.root.Unchecked = append(r.root.Unchecked, u)
	}
}

// folder lists a folder that is reached without a symbolic link: whether one leads out of the tree, an fs.FS does not say.
func (r *reader) folder(dir string) ([]fs.DirEntry, error) {
	if !fs.ValidPath(dir) {
		return nil, fmt.Errorf("%s is outside the tree", dir)
	}
	if dir != "." {
		above, err := r.folder(path.Dir(dir))
		if err != nil {
			return nil, err
		}
		found := false
		for _, e := range above {
			if e.Name() == path.Base(dir) {
				if found = e.IsDir(); !found {
					return nil, fmt.Errorf("%s is not a folder; symbolic links are not followed", dir)
				}
			}
		}
		if !found {
			return nil, fmt.Errorf("%s: %w", dir, fs.ErrNotExist)
		}
	}
	list, err := fs.ReadDir(r.tree, dir)
	if err == nil && len(list) > maxListEntries {
		return nil, fmt.Errorf("%s has more than %d entries", dir, maxListEntries)
	}
	return list, err
}

// file reads a file that folder has listed, and parses it. What is wrong with it is a problem of the root's, and the body then nil.
func (r *reader) file(name string, entry fs.DirEntry) *hclsyntax.Body {
	if r.files++; r.files > maxFiles {
		r.problem(Unreadable, name, 0, name, "not read: the root has more than %d files", maxFiles)
		return nil
	}
	text, err := r.text(name, entry)
	if err != nil {
		r.problem(Unreadable, name, 0, name, "%v", err)
		return nil
	}
	if r.bytes += len(text); r.bytes > maxBytes {
		r.problem(Unreadable, name, 0, name, "not read: the files of the root have more than %d bytes", maxBytes)
		return nil
	}
	if line, err := nesting(text, name); err != nil {
		r.problem(Unreadable, name, line, name, "%v", err)
		return nil
	}
	parsed, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			line := 0
			if d.Subject != nil {
				line = d.Subject.Start.Line
			}
			r.problem(Syntax, name, line, name, "%s: %s", d.Summary, d.Detail)
		}
	}
	if diags.HasErrors() || parsed == nil {
		return nil
	}
	return parsed.Body.(*hclsyntax.Body)
}

func (r *reader) text(name string, entry fs.DirEntry) ([]byte, error) {
	if !entry.Type().IsRegular() {
		return nil, errors.New("it is not a regular file; symbolic links are not followed")
	}
	f, err := r.tree.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFileBytes+1))
	if err == nil && len(text) > maxFileBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxFileBytes)
	}
	return text, err
}

// nesting refuses what the parser, which recurses, would need a deep stack for; a stack that is used up ends the whole process.
func nesting(text []byte, name string) (line int, err error) {
	tokens, _ := hclsyntax.LexConfig(text, name, hcl.InitialPos) // what is wrong here, the parser says again
	depth, conditions, operators, unary := 0, 0, 0, 0
	for _, t := range tokens {
		chain := false
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc:
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc:
			depth--
		case hclsyntax.TokenQuestion:
			conditions++
		case hclsyntax.TokenBang, hclsyntax.TokenMinus:
			chain = true
			operators++
		case hclsyntax.TokenPlus, hclsyntax.TokenStar, hclsyntax.TokenSlash, hclsyntax.TokenPercent, hclsyntax.TokenAnd, hclsyntax.TokenOr,
			hclsyntax.TokenEqualOp, hclsyntax.TokenNotEqual, hclsyntax.TokenLessThan, hclsyntax.TokenLessThanEq, hclsyntax.TokenGreaterThan, hclsyntax.TokenGreaterThanEq:
			operators++
		}
		if unary++; !chain {
			unary = 0
		}
		switch {
		case depth > maxNesting:
			return t.Range.Start.Line, fmt.Errorf("it has brackets nested more than %d deep", maxNesting)
		case conditions > maxConditions:
			return t.Range.Start.Line, fmt.Errorf("it has more than %d conditions", maxConditions)
		case operators > maxOperators:
			return t.Range.Start.Line, fmt.Errorf("it has more than %d operators", maxOperators)
		case unary > maxUnaryChain:
			return t.Range.Start.Line, fmt.Errorf("it has more than %d signs one after the other", maxUnaryChain)
		}
	}
	return 0, nil
}

// source is a folder's declarations. It is shared by all calls of the module.
type source struct {
	dir       string
	variables map[string]*variable
	locals    map[string]*hclsyntax.Attribute
	outputs   map[string]*output
	resources map[string]*resource // by kind, type and name: data.aws_region.current
	calls     map[string]*call
	providers []*hclsyntax.Block
}

// module reads a folder, and the modules it calls.
func (r *reader) module(dir string, depth int) (*source, error) {
	if s, ok := r.sources[dir]; ok {
		return s, nil
	}
	if len(r.sources) >= maxModules || depth > maxCallDepth {
		return nil, fmt.Errorf("more than %d modules, or more than %d within each other", maxModules, maxCallDepth)
	}
	list, err := r.folder(dir)
	if err != nil {
		return nil, err
	}
	s := &source{dir, map[string]*variable{}, map[string]*hclsyntax.Attribute{}, map[string]*output{}, map[string]*resource{}, map[string]*call{}, nil}
	r.sources[dir] = s
	r.open[dir] = true
	defer delete(r.open, dir)
	found := false
	for _, e := range list {
		name := path.Join(dir, e.Name())
		switch {
		case e.IsDir() || strings.HasPrefix(e.Name(), "."):
		case strings.HasSuffix(name, ".tf.json"):
			r.unchecked(name, 0, name, "Terraform written as JSON is not read")
		case e.Name() == "override.tf", strings.HasSuffix(name, "_override.tf"):
			r.unchecked(name, 0, name, "overrides are not read")
		case strings.HasSuffix(name, ".tf"):
			found = true
			r.root.Files = append(r.root.Files, name)
			if body := r.file(name, e); body != nil {
				r.declare(s, body)
			}
		}
	}
	if !found {
		return nil, errors.New("it has no .tf file")
	}
	for _, c := range sorted(s.calls) {
		r.resolve(s, c, depth)
	}
	return s, nil
}

// resolve finds the module that a call names.
func (r *reader) resolve(s *source, c *call, depth int) {
	file, line := at(c.block.DefRange())
	attr := c.block.Body.Attributes["source"]
	if attr == nil {
		r.problem(MissingArgument, file, line, c.address(), "source is missing")
		return
	}
	value, diags := attr.Expr.Value(nil)
	if diags.HasErrors() || !(Value{value: value}).Literal() {
		r.problem(NoModule, file, line, c.address(), "its source is not a plain string")
		return
	}
	from, _ := Value{value: value}.Text()
	if !strings.HasPrefix(from, "./") && !strings.HasPrefix(from, "../") {
		r.unchecked(file, line, c.address(), fmt.Sprintf("%s is not in this tree", from))
		return
	}
	dir := path.Join(s.dir, from)
	if r.open[dir] {
		r.problem(Cycle, file, line, c.address(), "%s calls itself", dir)
		return
	}
	child, err := r.module(dir, depth+1)
	if err != nil {
		r.problem(NoModule, file, line, c.address(), "%s: %v", dir, err)
		return
	}
	c.child = child
}

// has tells whether Terraform has a function; those of providers (provider::aws::arn_parse) are the provider's.
func (r *reader) has(function string) bool {
	name := strings.TrimPrefix(function, "core::")
	_, known := r.functions[name]
	return known || strings.Contains(name, "::")
}
