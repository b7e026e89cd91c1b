package stackfile_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// What Compose would read beside our file, or instead of it, is not passed over: a stack that nobody starts says nothing of the one that runs.
func TestAnotherFileThatComposeReads(t *testing.T) {
	for _, other := range []string{"", "compose.yaml", "compose.yml", "compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml"} {
		t.Run(other, func(t *testing.T) {
			files := fstest.MapFS{stackfile.Name: {Data: []byte("name: a\nservices:\n  redis: {image: redis}\n")}}
			if other != "" {
				files[other] = &fstest.MapFile{Data: []byte("services:\n  redis:\n    ports: [\"6379:6379\"]\n")}
			}
			_, err := stackfile.Project(t.Context(), facts.Open(files))
			if other == "" && err != nil {
				t.Fatalf("our file alone: %v", err)
			}
			if other != "" && (err == nil || !strings.Contains(err.Error(), other)) {
				t.Errorf("got %v, want an error that names %s", err, other)
			}
			if _, err := stackfile.Refused(t.Context(), facts.Open(files), "A"); other != "" && err == nil {
				t.Error("what Compose refuses is told though it would read another file")
			}
		})
	}
}
