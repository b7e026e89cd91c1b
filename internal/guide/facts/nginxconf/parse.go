package nginxconf

import (
	"fmt"
	"slices"
	"strings"
)

// statement is a directive as it is written, with its block if it has one.
type statement struct {
	words []string
	line  int
	block []statement
	opens bool // it has a block
}

// parse takes a file apart as ngx_conf_read_token (nginx 1.28) does, to the letter where that is odd: a } within a word is a character as any other, and so are
// { behind a $, quotes within a word, # within a word. Whoever reads it otherwise sees blocks where nginx sees none.
func parse(file string, text []byte) ([]statement, error) {
	r := reader{file: file, text: text, line: 1}
	open := [][]statement{nil} // blocks that are not closed, outermost first
	for {
		s, end, err := r.next()
		if err != nil {
			return nil, err
		}
		last := len(open) - 1
		switch end {
		case directive:
			open[last] = append(open[last], s)
		case blockStart:
			s.opens = true
			open[last] = append(open[last], s)
			if open = append(open, nil); len(open) > maxDepth {
				return nil, fmt.Errorf("%s: more than %d blocks in each other", Place{file, s.line}, maxDepth)
			}
		case blockEnd:
			if last == 0 {
				return nil, fmt.Errorf("%s: unexpected }", Place{file, r.line})
			}
			around := open[last-1]
			around[len(around)-1].block = open[last]
			open = open[:last]
		case fileEnd:
			if last > 0 {
				return nil, fmt.Errorf("%s: the file ends where } is expected", Place{file, r.line})
			}
			return open[0], nil
		}
	}
}

// ending is what a statement ended with.
type ending int

const (
	directive  ending = iota // ;
	blockStart               // {
	blockEnd                 // }, without a statement
	fileEnd
)

// reader reads statements.
type reader struct {
	file  string
	text  []byte
	at    int
	line  int
	words int // so far
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (r *reader) fail(what string) error {
	return fmt.Errorf("%s: %s", Place{r.file, r.line}, what)
}

// next reads the words up to ; or {.
func (r *reader) next() (s statement, end ending, err error) {
	for {
		c, ok := r.skip()
		switch {
		case !ok && len(s.words) > 0:
			return s, 0, r.fail("the file ends where ; or { is expected")
		case !ok:
			return s, fileEnd, nil
		case c == ';' || c == '{':
			if r.at++; len(s.words) == 0 {
				return s, 0, r.fail("unexpected " + string(c))
			}
			if c == '{' {
				return s, blockStart, nil
			}
			return s, directive, nil
		case c == '}':
			if r.at++; len(s.words) > 0 {
				return s, 0, r.fail("unexpected }")
			}
			return s, blockEnd, nil
		}
		if len(s.words) == 0 {
			s.line = r.line
		}
		word, err := r.word()
		if err != nil {
			return s, 0, err
		}
		s.words = append(s.words, word)
		if r.words++; r.words > maxWords {
			return s, 0, r.fail(fmt.Sprintf("more than %d words", maxWords))
		}
	}
}

// skip goes over space and comments to the next character; false at the end.
func (r *reader) skip() (c byte, ok bool) {
	comment := false
	for ; r.at < len(r.text); r.at++ {
		c := r.text[r.at]
		switch {
		case c == '\n':
			r.line++
			comment = false
		case comment || space(c):
		case c == '#':
			comment = true
		default:
			return c, true
		}
	}
	return 0, false
}

// word reads one, that begins here.
func (r *reader) word() (string, error) {
	var quote byte
	if c := r.text[r.at]; c == '"' || c == '\'' {
		quote = c
		r.at++
	}
	from := r.at
	for variable := false; r.at < len(r.text); r.at++ {
		c := r.text[r.at]
		if c == '\n' {
			r.line++
		}
		switch {
		case c == '{' && variable: // ${name}
			continue
		case c == '\\': // whatever follows has no meaning
			if r.at++; r.at < len(r.text) && r.text[r.at] == '\n' {
				r.line++
			}
		case quote != 0 && c == quote:
			word := unescape(r.text[from:r.at])
			r.at++
			return word, r.afterQuote(word)
		case quote == 0 && (space(c) || c == ';' || c == '{'):
			if c == '\n' {
				r.line-- // skip counts it
			}
			return unescape(r.text[from:r.at]), r.bound(from)
		}
		variable = c == '$'
	}
	return "", r.fail("the file ends within a word")
}

func (r *reader) bound(from int) error {
	if r.at-from > maxWord {
		return r.fail(fmt.Sprintf("a word of more than %d bytes", maxWord))
	}
	return nil
}

// afterQuote checks that something may follow a quoted word directly.
func (r *reader) afterQuote(word string) error {
	if len(word) > maxWord {
		return r.fail(fmt.Sprintf("a word of more than %d bytes", maxWord))
	}
	if r.at < len(r.text) {
		if c := r.text[r.at]; !space(c) && c != ';' && c != '{' && c != ')' {
			return r.fail(fmt.Sprintf("unexpected %q behind a quoted word", c))
		}
	}
	return nil
}

// escapes are what \ and a character stand for; before any other it stands for itself.
var escapes = map[byte]byte{'"': '"', '\'': '\'', '\\': '\\', 't': '\t', 'r': '\r', 'n': '\n'}

func unescape(text []byte) string {
	if !slices.Contains(text, '\\') {
		return string(text)
	}
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if c, ok := escapes[text[i+1]]; ok {
				out.WriteByte(c)
				i++
				continue
			}
		}
		out.WriteByte(text[i])
	}
	return out.String()
}
