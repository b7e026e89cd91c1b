//go:build linux

package cluster

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func TestEverySettingIsFilledIn(t *testing.T) {
	s := settings{
		Dir: "/a/folder", IP: NodeIP, Node: NodeName, Pods: Pods, DNS: dnsService, CGroup: "group", Plugins: plugins, Sync: "10s", Pause: pauseImage, CoreDNS: dnsImage,
		Hosts: map[string]netip.Addr{"rpc.example": netip.MustParseAddr("203.0.113.1"), "hook.example": netip.MustParseAddr("203.0.113.2")},
	}
	entries, err := configs.ReadDir("config")
	if err != nil || len(entries) == 0 {
		t.Fatalf("files: %v, %v", entries, err)
	}
	for _, e := range entries {
		text, err := s.fill(e.Name())
		if err != nil {
			t.Error(err)
		}
		if bytes.Contains(text, []byte("{{")) || bytes.Contains(text, []byte("<no value>")) {
			t.Errorf("%s has something left to fill in:\n%s", e.Name(), text)
		}
		if strings.HasSuffix(e.Name(), ".toml") || strings.HasSuffix(e.Name(), ".conf") {
			continue
		}
		documents := 0 // JSON is YAML
		for decoder := yaml.NewDecoder(bytes.NewReader(text)); ; documents++ {
			var document map[string]any
			if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v\n%s", e.Name(), err, text)
			}
		}
		if documents == 0 {
			t.Errorf("%s is empty", e.Name())
		}
	}
	dns, err := s.fill("coredns.yaml")
	if err != nil || !strings.Contains(string(dns), "203.0.113.1 rpc.example\n") || !strings.Contains(string(dns), "fallthrough") {
		t.Errorf("hosts outside: %s, %v", dns, err)
	}
	s.Hosts = nil
	if dns, err := s.fill("coredns.yaml"); err != nil || strings.Contains(string(dns), "hosts {") {
		t.Errorf("no hosts outside: %s, %v", dns, err)
	}
}

func TestAFolderThatWouldNotBeSeenInside(t *testing.T) {
	for _, dir := range []string{"/run/user/0/node", "/var/lib/node"} {
		if _, err := StartNode(t.Context(), Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
			t.Errorf("in %s: %v", dir, err)
		}
	}
}
