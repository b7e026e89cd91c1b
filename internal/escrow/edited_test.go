package escrow_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// mostEdits bounds the edits of a story. Each walks all of it: a thousand took ten seconds on a loaded machine, after which the fuzzing engine takes its worker
// for stuck.
const mostEdits = 16

// edited is a story with some of its values exchanged for others of it, and steps left out, repeated or moved: what is still a story, and another one. An edit
// is four bytes. Text that is no JSON object with steps stays as it is.
func edited(text, edits []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var story map[string]any
	if d.Decode(&story) != nil {
		return text
	}
	for edit := range slices.Chunk(edits[:min(len(edits), 4*mostEdits)], 4) {
		steps, _ := story["steps"].([]any)
		if len(edit) < 4 || len(steps) == 0 {
			break
		}
		how, at, with := edit[0], int(edit[1])<<8|int(edit[2]), int(edit[3])
		i, j := at%len(steps), with%len(steps)
		switch how % 8 {
		case 0:
			story["steps"] = slices.Delete(slices.Clone(steps), i, i+1)
		case 1:
			story["steps"] = slices.Insert(slices.Clone(steps), j, steps[i])
		case 2:
			steps[i], steps[j] = steps[j], steps[i]
		default:
			all := leaves(story["terms"], nil)
			all = leaves(story["steps"], all)
			exchange(all, at, with)
		}
	}
	out, err := json.Marshal(story)
	if err != nil {
		return text
	}
	return out
}

// leaf is a value that holds no others, in its place.
type leaf struct {
	value any
	set   func(any)
}

func leaves(v any, found []leaf) []leaf {
	within := func(v any, set func(any)) {
		switch v.(type) {
		case map[string]any, []any:
			found = leaves(v, found)
		default:
			found = append(found, leaf{v, set})
		}
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			within(v[name], func(x any) { v[name] = x })
		}
	case []any:
		for i := range v {
			within(v[i], func(x any) { v[i] = x })
		}
	}
	return found
}

// kind tells values apart that cannot stand for each other.
func kind(v any) string {
	switch v := v.(type) {
	case json.Number:
		return "number"
	case bool:
		return "bool"
	case string:
		if strings.Trim(v, "-0123456789") == "" {
			return "amount"
		}
		return "name"
	}
	return "null"
}

// exchange puts a value that another place has into one, or one that no place has.
func exchange(all []leaf, at, with int) {
	if len(all) == 0 {
		return
	}
	place := all[at%len(all)]
	var others []any
	for _, l := range all {
		if kind(l.value) == kind(place.value) {
			others = append(others, l.value)
		}
	}
	switch kind(place.value) {
	case "number":
		others = append(others, json.Number("0"), json.Number("1"), json.Number("4294967295"), json.Number("1000001"))
	case "amount":
		others = append(others, "0", "1", "-1", "9223372036854775807", "9223372036854775808", "1000000000000000000000000000000")
	case "bool":
		others = append(others, true, false)
	}
	place.set(others[with%len(others)])
}
