package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

var (
	errDuplicate = errors.New("a field stands twice")
	errName      = errors.New("a field's name is none of this API's, they are lower case letters, digits and _")
	errEncoding  = errors.New("the text is not UTF-8")
	errTooDeep   = fmt.Errorf("lists and objects stand more than %d deep", maxDepth)
)

// strictUnmarshal reads one JSON document into v. Two readers of a document in which a field stands twice, or under a name that is only like
// ours, may each take another one, so such a document, and one with something after it, is refused.
func strictUnmarshal(data []byte, v any) error {
	if !utf8.Valid(data) {
		return errEncoding
	}
	if err := checkNames(data); err != nil {
		return err
	}
	whole, forSchemas := v.(*any)
	if !forSchemas || !json.Valid(data) { // wholeNumbers would stop at the end of a first document
		return json.Unmarshal(data, v)
	}
	var err error
	*whole, err = wholeNumbers(data)
	return err
}

// checkNames walks data once. Field names must be written as ours are: encoding/json would also take "Seller", and "ſeller" for it.
func checkNames(data []byte) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	type level struct {
		seen map[string]bool // nil in a list
		key  bool            // the next token is a field's name
	}
	var stack []level
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil // whether the document is whole is json.Unmarshal's to say
		}
		if err != nil {
			return err
		}
		top := len(stack) - 1
		switch tok {
		case json.Delim('{'), json.Delim('['):
			if top >= maxDepth {
				return errTooDeep
			}
			if top >= 0 {
				stack[top].key = stack[top].seen != nil
			}
			if tok == json.Delim('{') {
				stack = append(stack, level{seen: map[string]bool{}, key: true})
			} else {
				stack = append(stack, level{})
			}
			continue
		case json.Delim('}'), json.Delim(']'):
			stack = stack[:top]
			continue
		}
		if top < 0 || stack[top].seen == nil {
			continue
		}
		if !stack[top].key {
			stack[top].key = true
			continue
		}
		name, _ := tok.(string)
		if strings.ContainsFunc(name, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
			return fmt.Errorf("%w: %q", errName, echo(name))
		}
		if stack[top].seen[name] {
			return fmt.Errorf("%w: %q", errDuplicate, echo(name))
		}
		stack[top].seen[name] = true
		stack[top].key = false
	}
}
