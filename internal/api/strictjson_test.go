package api

import (
	"errors"
	"testing"
)

func TestFieldNamesAreOurs(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want error
	}{
		"as ours":                     {`{"seller":"A","bond":"1"}`, nil},
		"twice":                       {`{"seller":"A","seller":"B"}`, errDuplicate},
		"twice, once escaped":         {`{"seller":"A","\u0073eller":"B"}`, errDuplicate},
		"another case":                {`{"Seller":"A"}`, errName},
		"a letter that folds to ours": {`{"seller":"A","ſeller":"B"}`, errName},
		"deeper":                      {`{"terms":{"list":[{"A":1}]}}`, errName},
		"not UTF-8":                   {"{\"seller\":\"\xff\"}", errEncoding},
	} {
		t.Run(name, func(t *testing.T) {
			var v any
			if err := strictUnmarshal([]byte(test.text), &v); !errors.Is(err, test.want) {
				t.Errorf("%s: got %v, want %v", test.text, err, test.want)
			}
		})
	}
}
