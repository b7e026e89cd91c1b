package network

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

const (
	unknownSetting = "unknown-setting"
	unknownMount   = "unknown-mount"
	byItsVariable  = "setting-by-variable"
)

// Compose has settings by the dozen, and gets more with each year, of which several give a container what N10 takes from it: Docker's own socket, a hook that runs as root, a group, a device. So each that a
// service may have stands here, and what does not fails by its name until somebody has looked at it.

// settings are those of a service that take nothing back of what N10 asks, and those that a clause judges (N8: networks and ports; N9, N11, S11, A2, C6, M11: what is started and what it reads).
func settings() []string {
	return []string{
		"image", "build", "platform", "pull_policy", "command", "entrypoint", "working_dir", "environment", "env_file", "labels", "profiles", "depends_on", "healthcheck", "restart", "init",
		"stop_grace_period", "stop_signal", "tty", "stdin_open", "attach", "develop", "container_name", "hostname", "domainname", "dns", "dns_opt", "dns_search", "extra_hosts", "logging", "scale", "deploy",
		"cpus", "cpu_count", "cpu_percent", "cpu_period", "cpu_quota", "cpu_shares", "cpuset", "mem_limit", "mem_reservation", "memswap_limit", "pids_limit", "shm_size", "ulimits",
		"expose", "ports", "networks", "network_mode", "secrets", "configs", "volumes", "tmpfs",
		"user", "group_add", "read_only", "privileged", "cap_add", "cap_drop", "security_opt", "pid", "ipc", "userns_mode", "uts", "cgroup", "devices",
	}
}

// within are the settings inside of some of those that may stand there.
func within() map[string][]string {
	return map[string][]string{
		"build":            {"context", "dockerfile", "dockerfile_inline", "args", "target", "labels", "tags", "platforms", "cache_from", "cache_to", "no_cache", "pull"},
		"deploy":           {"mode", "replicas", "labels", "resources", "restart_policy", "update_config", "rollback_config", "placement"},
		"deploy.resources": {"limits", "reservations"}, "deploy.resources.limits": {"cpus", "memory", "pids"}, "deploy.resources.reservations": {"cpus", "memory"},
	}
}

// notByVariable are the settings that no variable may decide: what the file says of them would only be what happens without it.
func notByVariable() []string {
	return []string{"user", "group_add", "read_only", "privileged", "cap_add", "cap_drop", "security_opt", "pid", "ipc", "userns_mode", "uts", "cgroup", "devices", "tmpfs", "volumes", "configs",
		"pids_limit", "mem_limit", "deploy"}
}

// places are the folders of any container that hold no program and no setting of one: something may be mounted in them.
func places() []string {
	return []string{"/run", "/var/run", "/tmp", "/var/tmp", "/var/lib", "/var/log", "/var/cache", "/data", "/backups"}
}

// placesOf are more of them, by service: where its data are, and where it reads what another clause judges. Of redis N9 judges each, of secrets S11.
func placesOf() map[string][]string {
	return map[string][]string{
		"nginx": {"/etc/nginx"}, postgres: {"/etc/postgresql", "/docker-entrypoint-initdb.d"}, prometheus: {"/etc/prometheus", "/prometheus"}, alertmanager: {"/etc/alertmanager", "/alertmanager"},
		loki: {"/etc/loki", "/loki"}, grafana: {"/etc/grafana", "/usr/share/grafana/conf"}, redis: {"/"}, "secrets": {"/"},
	}
}

// known is what of a service is not as a list here has it: its settings, its mounts, and those that a variable decides.
func known(p *compose.Project, name string, s compose.Service) (findings []guide.Finding) {
	add := func(mode, detail string, path ...string) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: "service " + name, Detail: detail, At: stackfile.At(p, append([]string{"services", name}, path...)...)})
	}
	all, err := fields(s)
	if err != nil {
		add(unknownSetting, err.Error())
		return findings
	}
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(settings(), key) {
			add(unknownSetting, key+": nobody has looked at what it gives: take it away", key)
			continue
		}
		for _, inner := range beyond(all[key], key) {
			add(unknownSetting, inner+": nobody has looked at what it gives: take it away", key)
		}
	}
	for _, key := range notByVariable() {
		text, _ := p.Varies("services", name, key)
		if key == "volumes" {
			text = mountVaries(p, name)
		}
		if text != "" {
			add(byItsVariable, fmt.Sprintf("%s: %s: write the value itself", key, text), key)
		}
	}
	mounted := func(target string, path ...string) {
		if !below(target, slices.Concat(places(), placesOf()[name])) {
			add(unknownMount, target+" is no place for data: what stands there is the image's", path...)
		}
	}
	for i, v := range s.Volumes {
		at := []string{"volumes", strconv.Itoa(i)}
		mounted(v.Target, at...)
		if v.Type == "bind" && !ofMachine(v.Source) && (!v.ReadOnly || slices.Contains([]string{".", ".git", ".env"}, path.Clean(v.Source))) {
			add(unknownMount, v.Source+": mount what it reads of the checkout, and read-only", at...)
		}
	}
	for i, t := range s.Tmpfs {
		target, _, _ := strings.Cut(t, ":")
		mounted(target, "tmpfs", strconv.Itoa(i))
	}
	for i, c := range s.Configs {
		mounted(c.Target, "configs", strconv.Itoa(i))
	}
	return findings
}

// mayVary is the one mount that a variable may decide: where backups are kept.
const mayVary = ":/backups"

// mountVaries is the first mount of a service that a variable decides and must not.
func mountVaries(p *compose.Project, service string) string {
	for n := range maxPorts {
		path := []string{"services", service, "volumes", strconv.Itoa(n)}
		if _, there := p.Written(path...); !there {
			return ""
		}
		if text, _ := p.Varies(path...); text != "" && !(service == backup && strings.HasSuffix(text, mayVary)) {
			return text
		}
	}
	return ""
}

// fields are what a part of the model says, as JSON has it.
func fields(of any) (all map[string]any, err error) {
	text, err := json.Marshal(of)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("its settings cannot be listed: %w", err)
	}
	for key, value := range all {
		if value == nil { // command and entrypoint that are the image's
			delete(all, key)
		}
	}
	return all, nil
}

// beyond are the settings inside of one that are not in the list of those that may be.
func beyond(value any, of string) (names []string) {
	list := within()[of]
	fields, _ := value.(map[string]any)
	if list == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(list, key) {
			names = append(names, of+"."+key)
			continue
		}
		names = append(names, beyond(fields[key], of+"."+key)...)
	}
	return names
}

// below tells whether a path is one of the folders, or in one.
func below(name string, folders []string) bool {
	name = path.Clean(name)
	return slices.ContainsFunc(folders, func(f string) bool {
		return name == f || strings.HasPrefix(name, strings.TrimSuffix(f, "/")+"/")
	})
}

// givenByMachine tells whether a folder of the machine's is one that its owner hands in or takes out: the certificate of whoever renews it there, which is read, and where backups are kept.
func givenByMachine(service, target string, readOnly bool) bool {
	return service == door && path.Clean(target) == "/etc/nginx/tls" && readOnly || service == backup && path.Clean(target) == "/backups"
}

// ofMachine tells whether a mount's source is outside of the checkout.
func ofMachine(source string) bool {
	clean := path.Clean(source)
	return path.IsAbs(clean) || strings.HasPrefix(clean, "~") || clean == ".." || strings.HasPrefix(clean, "../")
}

// volumes looks at what the volumes are that services share: one of the local driver's options can make it any folder of the machine.
func volumes(p *compose.Project) (findings []guide.Finding) {
	for _, name := range slices.Sorted(maps.Keys(p.Model.Volumes)) {
		v := p.Model.Volumes[name]
		add := func(mode, detail string) {
			findings = append(findings, guide.Finding{Mode: mode, Subject: "volume " + name, Detail: detail, At: stackfile.At(p, "volumes", name)})
		}
		switch {
		case v.Driver != "" && v.Driver != "local":
			add(unknownSetting, "driver "+v.Driver+": nobody has looked at what it gives: leave it out")
		case len(v.DriverOpts) > 0 && v.DriverOpts["type"] != "tmpfs":
			add("shares-the-machine", "it is "+v.DriverOpts["device"]+" of the machine: let Docker keep it")
		}
		if text, _ := p.Varies("volumes", name); text != "" {
			add(byItsVariable, text+": write the value itself")
		}
	}
	return findings
}
