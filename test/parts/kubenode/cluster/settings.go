//go:build linux

package cluster

import (
	"bytes"
	"embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"text/template"
)

// settings fill the files of folder config.
type settings struct {
	Dir, IP, Node, Pods, DNS, CGroup, Plugins, Sync, Pause, CoreDNS string
	Hosts                                                           map[string]netip.Addr
}

//go:embed config
var configs embed.FS

func (s settings) fill(name string) ([]byte, error) {
	t, err := template.ParseFS(configs, "config/"+name)
	if err != nil {
		return nil, fmt.Errorf("read a file of settings: %w", err)
	}
	var b bytes.Buffer
	if err := t.Option("missingkey=error").Execute(&b, s); err != nil {
		return nil, fmt.Errorf("fill in %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// link makes a folder with every program under its own name, for the PATH inside.
func link(programs Programs, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, path := range programs {
		to := filepath.Join(dir, name)
		if to == path {
			continue
		}
		if err := os.Symlink(path, to); err != nil {
			return fmt.Errorf("show %s inside the node: %w", name, err)
		}
	}
	return nil
}
