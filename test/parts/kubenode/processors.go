//go:build linux

package kubenode

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// moreProcessors makes a kubelet that is shown, of the machine, files of ours about its processors. It counts those there, and nothing else: what pods get
// of them is the kernel's to say, by their shares. The kubelet would refuse pods beyond what it counts, whatever the scheduler thinks.
//
// It reads the number of a processor out of the name of its folder, and takes cpu0 and cpu00 for two threads of that number: so it counts more, and still
// names none to the kernel that is not there.
func moreProcessors(dir, kubelet string, wanted int) (string, error) {
	there := runtime.NumCPU()
	files := map[string]string{"node0/distance": "10\n"}
	meminfo, err := os.ReadFile("/sys/devices/system/node/node0/meminfo")
	if err != nil {
		return "", fmt.Errorf("read how much memory the machine has: %w", err)
	}
	files["node0/meminfo"] = string(meminfo)
	for i := range max(wanted, there) {
		topology := fmt.Sprintf("node0/cpu%s%d/topology/", strings.Repeat("0", i/there), i%there)
		files[topology+"core_id"], files[topology+"physical_package_id"] = fmt.Sprintf("%d\n", i), "0\n"
	}
	for name, text := range files {
		path := filepath.Join(dir, "node", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return "", err
		}
	}
	script := fmt.Sprintf("#!/bin/sh\nset -eu\nmount --bind %s/node /sys/devices/system/node\nexec %s \"$@\"\n", dir, kubelet)
	path := filepath.Join(dir, "kubelet")
	return path, os.WriteFile(path, []byte(script), 0o755)
}
