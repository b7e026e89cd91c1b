package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// longestStory bounds what is fuzzed: several times the longest story there is.
const longestStory = 256 << 10

// FuzzParse: any text is a story or is refused, by an error whose every line names the story and says something; a story that is written anew is the same.
func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(strings.Replace(good, `"times": 2`, `"times": 1000000000`, 1)))
	f.Add(bytes.Repeat([]byte("["), longestStory))
	for _, name := range storyFiles(f) {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > longestStory {
			return
		}
		var head struct{ Name string }
		_ = json.Unmarshal(text, &head) // what has no name is refused for that, among other things
		s, err := Parse(head.Name, text)
		if err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if said, ok := strings.CutPrefix(line, head.Name+": "); ok && strings.TrimSpace(said) == "" {
					t.Errorf("refused, and it does not say why: %q", err)
				}
			}
			return
		}
		again, err := written(s, hashesIn(text, s))
		if err != nil {
			t.Fatalf("a story cannot be written: %v\n%s", err, text)
		}
		back, err := Parse(s.Name, again)
		if err != nil {
			t.Fatalf("a story that was written anew is refused: %v\n%s", err, again)
		}
		if !reflect.DeepEqual(s, back) {
			t.Errorf("written anew it is another story (-was +is):\n%s", cmp.Diff(s, back))
		}
	})
}

func storyFiles(t testing.TB) []string {
	t.Helper()
	list, err := fs.Glob(files, "stories/*/*.json")
	if err != nil || len(list) == 0 {
		t.Fatalf("there are no stories: %v", err)
	}
	return list
}

// hashesIn finds the texts of all hashes that a story can have: those that are written in it, and those of the defaults.
func hashesIn(text []byte, s *Story) map[Hash]string {
	found := map[Hash]string{}
	note := func(name string) {
		if h, ok := hashNamed(name); ok {
			found[h] = name
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case string:
			note(v)
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		}
	}
	var all any
	_ = json.Unmarshal(text, &all) // it has been parsed
	walk(all)
	note("zero")
	note("hash:terms")
	for name, t := range s.Terms {
		note("hash:salt-" + name)
		for i := range t.Milestones {
			note(fmt.Sprintf("hash:milestone-%d", i))
		}
	}
	return found
}
