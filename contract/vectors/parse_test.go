package vectors

import "testing"

func TestLoad(t *testing.T) {
	stories, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	if len(stories) == 0 {
		t.Fatal("no stories")
	}
}
