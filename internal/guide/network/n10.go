package network

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// writable are the services whose root may be written, and why: "where applicable" is these, and no others.
func writable() map[string]string {
	return map[string]string{"secrets": "Compose puts a value of the environment into a file only where the root can be written; it has no network and no port"}
}

func n10() guide.Control {
	return guide.Control{
		ID:     "N10",
		Clause: "containers run `no-new-privileges:true`, `read_only: true` where applicable",
		Question: "Does every service of every profile have both, but for those whose root must be written for a reason that is listed here? Has none a capability, root's number or group, something of the machine's, no bound on " +
			"processes and memory, or a setting, or a mount where programs are, that is not on the list of what may be, and is nothing of that decided by a variable? Running: as the kernel has it, of every process of every " +
			"container, and has none of them a capability, or root's number?",
		Modes: []guide.Mode{
			{Name: "new-privileges", What: "a process of the container can gain privileges, by a setuid program"},
			{Name: "writable-root", What: "the container's root can be written: what gets in can stay"},
			{Name: "privileged", What: "the container has every privilege of the machine"},
			{Name: "needless-exception", What: "a service is listed as one whose root must be written, and its is not"},
			{Name: "has-capabilities", What: "a process of a container has, or could have, a capability"},
			{Name: "runs-as-root", What: "a process of a container is root's, on the machine or inside"},
			{Name: "shares-the-machine", What: "the container sees the machine's processes, or speaks to Docker, or its system calls are not filtered as Docker does it"},
			{Name: "unbounded", What: "nothing bounds how many processes the container has, or how much memory: it can take the machine's"},
			{Name: unknownSetting, What: "a service or a volume has a setting that nobody has looked at: several give a container what this clause takes from it"},
			{Name: unknownMount, What: "something is mounted where the image has programs or settings, or the checkout can be written"},
			{Name: byItsVariable, What: "a variable decides on a setting of this clause: what the file says is only what happens without it"},
		},
		Mutations: []guide.Mutation{
			stackfile.Change("new-privileges", "the option is gone from what all services share", `  security_opt: ["no-new-privileges:true"]`+"\n", ""),
			stackfile.Change("new-privileges", "the option is false", `"no-new-privileges:true"`, `"no-new-privileges:false"`),
			stackfile.Change("new-privileges", "the option is taken back behind itself", `["no-new-privileges:true"]`, `["no-new-privileges:true", "no-new-privileges:false"]`),
			stackfile.Change("has-capabilities", "what Docker gives by itself is kept", "  cap_drop: [ALL]\n", ""),
			stackfile.Change("has-capabilities", "postgres gets one", "    shm_size: 256m\n", "    shm_size: 256m\n    cap_add: [SYS_ADMIN]\n"),
			stackfile.Change("runs-as-root", "grafana is root", `    user: "472:472"`, `    user: "0:472"`),
			stackfile.Change("runs-as-root", "grafana is whoever its image says", `    user: "472:472"`+"\n", ""),
			stackfile.Change("shares-the-machine", "postgres sees all processes", "    shm_size: 256m\n", "    shm_size: 256m\n    pid: host\n"),
			stackfile.Change("shares-the-machine", "postgres may make every system call", "    shm_size: 256m\n", "    shm_size: 256m\n    security_opt: [\"no-new-privileges:true\", \"seccomp=unconfined\"]\n"),
			stackfile.Change("shares-the-machine", "alertmanager speaks to Docker", "      - alertmanager-data:/alertmanager\n", "      - alertmanager-data:/alertmanager\n      - /var/run/docker.sock:/var/run/docker.sock\n"),
			stackfile.Change("writable-root", "the root of what all services share can be written", "  restart: unless-stopped\n  read_only: true\n", "  restart: unless-stopped\n"),
			stackfile.Change("writable-root", "grafana's root can be written", "    ports: [\"127.0.0.1:3002:3000\"]\n", "    ports: [\"127.0.0.1:3002:3000\"]\n    read_only: false\n"),
			stackfile.Change("writable-root", "the root of a service of a profile can be written", "    profiles: [backup]\n", "    profiles: [backup]\n    read_only: false\n"),
			stackfile.Change("privileged", "the indexer is privileged", "    command: [indexer]\n", "    command: [indexer]\n    privileged: true\n"),
			{Mode: "privileged", What: "a developer's api is privileged", Change: func(d *guide.Draft) error {
				return d.Replace("docker-compose.dev.yml", "    command: [api, --log-level=debug]\n", "    command: [api, --log-level=debug]\n    privileged: true\n")
			}},
			stackfile.Change("runs-as-root", "redis is of root's group", "    user: \"999:999\"\n    entrypoint: [/bin/sh, /etc/redis/start.sh]\n", "    user: \"999:0\"\n    entrypoint: [/bin/sh, /etc/redis/start.sh]\n"),
			stackfile.Change("runs-as-root", "postgres is of Docker's group too", "    shm_size: 256m\n", "    shm_size: 256m\n    group_add: [docker]\n"),
			stackfile.Change("shares-the-machine", "postgres' system calls are filtered as a file says", "    shm_size: 256m\n", "    shm_size: 256m\n    security_opt: [\"no-new-privileges:true\", \"seccomp:./calls.json\"]\n"),
			stackfile.Change("shares-the-machine", "alertmanager has root's files", "      - alertmanager-data:/alertmanager\n", "      - alertmanager-data:/alertmanager\n      - /root/.ssh:/run/ssh:ro\n"),
			stackfile.Change("shares-the-machine", "a volume is the machine's root", "  alertmanager-data: {}\n", "  alertmanager-data: {driver_opts: {type: none, o: bind, device: /}}\n"),
			stackfile.Change("unbounded", "postgres may have any number of processes", "    shm_size: 256m\n", "    shm_size: 256m\n    pids_limit: -1\n"),
			stackfile.Change("unbounded", "postgres may have all memory", "    shm_size: 256m\n    mem_limit: 1g\n", "    shm_size: 256m\n    mem_limit: 0\n"),
			stackfile.Change(unknownSetting, "postgres speaks to Docker by a setting of its own", "    shm_size: 256m\n", "    shm_size: 256m\n    use_api_socket: true\n"),
			stackfile.Change(unknownSetting, "root runs something in postgres' container once it has begun", "    shm_size: 256m\n", "    shm_size: 256m\n    post_start: [{command: [id], user: root, privileged: true}]\n"),
			stackfile.Change(unknownSetting, "postgres may open every device", "    shm_size: 256m\n", "    shm_size: 256m\n    device_cgroup_rules: [\"a *:* rwm\"]\n"),
			stackfile.Change(unknownSetting, "postgres reserves the machine's graphics cards", "    shm_size: 256m\n", "    shm_size: 256m\n    deploy: {resources: {reservations: {devices: [{capabilities: [gpu]}]}}}\n"),
			stackfile.Change(unknownMount, "another program stands where the indexer's is", `    volumes: ["secrets-indexer:/run/secrets/stellar-escrow:ro"]`, `    volumes: ["secrets-indexer:/run/secrets/stellar-escrow:ro", "./scripts/dr-test.sh:/stellarescrow:ro"]`),
			stackfile.Change(unknownMount, "postgres can write its own programs", "      - /tmp:uid=999,gid=999,mode=0700,size=64m,noexec,nosuid,nodev\n", "      - /tmp:uid=999,gid=999,mode=0700,size=64m,noexec,nosuid,nodev\n      - /usr/local/bin:exec\n"),
			stackfile.Change(unknownMount, "loki can write the checkout", "      - loki-data:/loki\n", "      - loki-data:/loki\n      - ./docs:/loki/docs\n"),
			stackfile.Change(byItsVariable, "whether postgres is privileged a variable says", "    shm_size: 256m\n", "    shm_size: 256m\n    privileged: ${PRIVILEGED:-false}\n"),
			stackfile.Change(byItsVariable, "whether roots are read-only a variable says", "  restart: unless-stopped\n  read_only: true\n", "  restart: unless-stopped\n  read_only: ${READ_ONLY:-true}\n"),
			stackfile.Change(byItsVariable, "what loki mounts a variable says", "      - loki-data:/loki\n", "      - ${LOKI_DATA:-loki-data}:/loki\n"),
			stackfile.Change("needless-exception", "the root of secrets is read-only", "    read_only: false\n", ""),
		},
		Tree: func(ctx context.Context, t *facts.Tree) guide.Result {
			return stackfile.JudgeEach(ctx, t, judgeHardened)
		},
		Running: runHardened,
	}
}

func judgeHardened(p *compose.Project) guide.Result {
	var findings []guide.Finding
	var subjects []guide.Subject
	for name, s := range p.Model.Services {
		where := stackfile.At(p, "services", name)
		add := func(mode, detail string) {
			findings = append(findings, guide.Finding{Mode: mode, Subject: "service " + name, Detail: detail, At: where})
		}
		if !gainsNothing(s.SecurityOpt) {
			add("new-privileges", `write security_opt: ["no-new-privileges:true"]`)
		}
		if s.Privileged {
			add("privileged", "take privileged away")
		}
		if len(s.CapAdd) > 0 || !slices.Contains(s.CapDrop, "ALL") {
			add("has-capabilities", "write cap_drop: [ALL], and no cap_add")
		}
		user, group, _ := strings.Cut(s.User, ":")
		if slices.ContainsFunc(append([]string{user, group}, s.GroupAdd...), rootly) {
			add("runs-as-root", "write user: and two numbers that are not 0, its own and its group's, and no group but by such a number")
		}
		if (s.PidsLimit <= 0 || s.MemLimit <= 0) && !bounded(s) {
			add("unbounded", "write pids_limit and mem_limit")
		}
		findings = append(findings, known(p, name, s)...)
		for _, how := range shares(name, s) {
			add("shares-the-machine", how+": take it away")
		}
		reason := writable()[name]
		switch {
		case !s.ReadOnly && reason == "":
			add("writable-root", "write read_only: true, and a tmpfs or volume for what is written")
		case s.ReadOnly && reason != "":
			add("needless-exception", "it is listed as one whose root must be written: take it from the list")
		}
		evidence := "no new privileges, read-only root"
		if reason != "" {
			evidence = fmt.Sprintf("no new privileges; its root can be written: %s", reason)
		}
		subjects = append(subjects, guide.Subject{Name: "service " + name, Evidence: evidence, At: where})
	}
	return guide.Judge(subjects, append(findings, volumes(p)...))
}

// rootly tells whether a user or a group may be root's: 0, a name, which the image may give any number, or none, which the image decides.
func rootly(id string) bool {
	return strings.Trim(id, "0123456789") != "" || strings.Trim(id, "0") == ""
}

// bounded tells whether deploy bounds what pids_limit and mem_limit do not.
func bounded(s compose.Service) bool {
	if s.Deploy == nil || s.Deploy.Resources.Limits == nil {
		return false
	}
	l := s.Deploy.Resources.Limits
	return max(s.PidsLimit, l.Pids) > 0 && s.PidsLimit >= 0 && max(s.MemLimit, l.MemoryBytes) > 0
}

// gainsNothing tells whether the option is there, and nothing takes it back.
func gainsNothing(options []string) bool {
	there := false
	for _, o := range options {
		key, value, given := strings.Cut(strings.ReplaceAll(o, "=", ":"), ":")
		if key != "no-new-privileges" {
			continue
		}
		if given && value != "true" {
			return false
		}
		there = true
	}
	return there
}

// shares is what of the machine's a service has; its network is N8's.
func shares(name string, s compose.Service) (all []string) {
	for what, value := range map[string]string{"pid": s.Pid, "ipc": s.Ipc, "userns_mode": s.UserNSMode, "uts": s.Uts, "cgroup": s.Cgroup} {
		if value == "host" {
			all = append(all, what+": host")
		}
	}
	for _, o := range s.SecurityOpt {
		if key, _, _ := strings.Cut(strings.ReplaceAll(o, "=", ":"), ":"); key != "no-new-privileges" {
			all = append(all, "security_opt "+o)
		}
	}
	for _, v := range s.Volumes {
		if v.Type == "bind" && ofMachine(v.Source) && !givenByMachine(name, v.Target, v.ReadOnly) || strings.HasSuffix(v.Source, "docker.sock") {
			all = append(all, "the machine's "+v.Source)
		}
	}
	for _, d := range s.Devices {
		all = append(all, "the device "+d.Source)
	}
	slices.Sort(all)
	return all
}
