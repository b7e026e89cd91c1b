package cache

import (
	"fmt"
	"os"
	"path/filepath"
)

// Folder is where things of one kind are kept. It is there when Folder returns.
func Folder(kind string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for what is built: %w", err)
	}
	dir := filepath.Join(base, "stellarescrow", kind)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make a folder for what is built: %w", err)
	}
	return dir, nil
}
