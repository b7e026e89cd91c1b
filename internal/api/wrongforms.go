package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"
)

// What huma's schemas refuse, in this API's words: what was sent instead, and what is expected.

// wholeNumbers reads data for huma's schemas. They take a number for whole if its value is, as 2.0 and 1e3 are, and see no difference above 2^53; the Go
// types they are read into take digits up to 2^63-1. So exactly those become an int64, and every other number stays one that no schema takes: the field is named.
func wholeNumbers(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	return withIntegers(v), nil
}

func withIntegers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			v[k] = withIntegers(one)
		}
	case []any:
		for i, one := range v {
			v[i] = withIntegers(one)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
	}
	return v
}

// requiredProperty is how huma says that a field is missing; it names the object around it as the place.
var requiredProperty = regexp.MustCompile(`^expected required property (\w+) to be present$`)

// numberBound is how huma says that a number is out of bounds; it writes the bound as a float.
var numberBound = regexp.MustCompile(`^expected number ([<>])= (\S+)$`)

// inDigits writes 4.294967295e+09 as whoever heeds it has to.
func inDigits(bound string) string {
	n, err := strconv.ParseFloat(bound, 64)
	if err != nil {
		return bound
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// wrongField is a field error of huma's in our words.
func wrongField(d *huma.ErrorDetail) FieldError {
	f := FieldError{Location: d.Location, Message: d.Message}
	if missing := requiredProperty.FindStringSubmatch(d.Message); missing != nil {
		f.Location, f.Message = d.Location+"."+missing[1], "missing"
		return f // the value is the whole object around it
	}
	switch d.Message {
	case fmt.Sprintf(validation.MsgExpectedMinLength, 1): // of fields that may be left out
		f.Message = "empty: leave it out, or say something"
		return f
	case validation.MsgUnexpectedProperty:
		f.Message = "no field of this object: leave it out"
		if around, ok := d.Value.(map[string]any); ok {
			f.Value = inJSON(around[d.Location[strings.LastIndexByte(d.Location, '.')+1:]])
		}
		return f
	case validation.MsgExpectedInteger:
		f.Message = wantInteger(d.Value)
	case validation.MsgExpectedString:
		f.Message = sentInstead(d.Value) + "where a string is expected"
		switch d.Value.(type) {
		case json.Number, int64, bool:
			f.Message += ": put it in quotes"
		}
	case validation.MsgExpectedBoolean:
		f.Message = sentInstead(d.Value) + "where true or false is expected"
	case validation.MsgExpectedArray:
		f.Message = sentInstead(d.Value) + "where a list is expected: [ … ]"
	case validation.MsgExpectedObject:
		f.Message = sentInstead(d.Value) + "where an object is expected: { … }"
	}
	if bound := numberBound.FindStringSubmatch(d.Message); bound != nil {
		f.Message = map[string]string{"<": "above ", ">": "below "}[bound[1]] + inDigits(bound[2])
	}
	if f.Value = inJSON(d.Value); !strings.HasPrefix(d.Location, "body") { // a query or a path has words, not JSON
		f.Value = echo(fmt.Sprint(d.Value))
	}
	return f
}

func wantInteger(v any) string {
	const digits = "digits alone, without point or exponent, as 3600"
	n, ok := v.(json.Number)
	switch {
	case !ok:
		return sentInstead(v) + "where a whole number is expected: " + digits
	case strings.ContainsAny(n.String(), ".eE"):
		return "not written as a whole number: " + digits
	}
	return fmt.Sprintf("too large: a whole number from %d to %d is expected", math.MinInt64, math.MaxInt64)
}

// sentInstead names the kind of a JSON value at the beginning of a sentence.
func sentInstead(v any) string {
	switch v.(type) {
	case nil:
		return "null, "
	case string:
		return "a string, "
	case bool:
		return "true or false, "
	case []any:
		return "a list, "
	case map[string]any:
		return "an object, "
	}
	return "a number, "
}

// inJSON is a bad value as it stood in the body, shortened.
func inJSON(v any) string {
	var text strings.Builder
	if err := marshal(&text, v); err != nil { // it was read from JSON
		return ""
	}
	return echo(strings.TrimSuffix(text.String(), "\n"))
}
