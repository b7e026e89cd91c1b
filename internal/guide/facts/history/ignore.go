package history

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// maxIgnore is how many bytes a .gitignore may have.
const maxIgnore = 1 << 20

// Ignored tells which of the files at the root of the tree its .gitignore keeps from being committed. Without a .gitignore none is.
func Ignored(files fs.FS, names ...string) (map[string]bool, error) {
	f, err := files.Open(".gitignore")
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]bool{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read .gitignore: %w", err)
	}
	defer f.Close()
	var patterns []gitignore.Pattern
	lines := bufio.NewScanner(io.LimitReader(f, maxIgnore))
	for lines.Scan() {
		if line := strings.TrimRight(lines.Text(), " \r"); line != "" && !strings.HasPrefix(line, "#") {
			patterns = append(patterns, gitignore.ParsePattern(line, nil))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read .gitignore: %w", err)
	}
	matcher, ignored := gitignore.NewMatcher(patterns), map[string]bool{}
	for _, name := range names {
		ignored[name] = matcher.Match([]string{name}, false)
	}
	return ignored, nil
}
