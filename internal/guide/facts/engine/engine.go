package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/ports"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/probe/procs"
)

// The bounds of what is asked.
const (
	answerWait    = 10 * time.Second
	maxAnswer     = 4 << 20 // bytes
	maxContainers = 200
)

// Facts is what an engine runs of a project.
type Facts struct {
	Name       string // how reports call it: "engine /run/docker.sock"
	Containers []Container
	// Listening are the sockets that wait where the engine publishes ports; Unheard is why they could not be listed.
	Listening []ports.Socket
	Unheard   error
	// Forwards are what packet rules hand on there; Unruled is why they could not be read, as from another network or without the right to.
	Forwards []ports.Forward
	Unruled  error

	peer int // the engine's process, 0 if the kernel does not tell
}

// Container is one that runs.
type Container struct {
	ID, Name string
	Service  string // of the Compose file
	Ports    []Port
	// What the engine was told.
	Privileged, ReadOnlyRoot, NoNewPrivileges, HostNetwork bool
	// Environment are the names that it has, sorted.
	Environment []string
	// Processes are how the kernel confines each of its processes; Unseen is why that could not be seen.
	Processes []procs.Process
	Unseen    error

	pid int // of the first one, as the engine has it
}

// Port is one that is published.
type Port struct {
	Address  netip.Addr // of the machine; unspecified for all of them
	Public   uint16
	Private  uint16
	Protocol string
}

func (p Port) String() string {
	return fmt.Sprintf("%s to %d/%s", netip.AddrPortFrom(p.Address, p.Public), p.Private, p.Protocol)
}

// Look asks the engine. It fails if the engine does not tell which containers it runs, or of each how.
func Look(ctx context.Context, t facts.Engine) (Facts, error) {
	f := Facts{Name: "engine " + t.Socket}
	c := &client{socket: t.Socket}
	c.http = &http.Client{Timeout: answerWait, Transport: &http.Transport{DialContext: c.dial, DisableCompression: true}}
	defer c.http.CloseIdleConnections()
	filters, err := json.Marshal(map[string][]string{"label": {"com.docker.compose.project=" + t.Project}})
	if err != nil {
		return f, err
	}
	var list []struct{ ID string }
	if err := c.get(ctx, "/containers/json?filters="+url.QueryEscape(string(filters)), &list); err != nil {
		return f, fmt.Errorf("%s: %w", f.Name, err)
	}
	if len(list) > maxContainers {
		return f, fmt.Errorf("%s: it runs more than %d containers", f.Name, maxContainers)
	}
	for _, l := range list {
		if !isID(l.ID) {
			return f, fmt.Errorf("%s: %.40q is no container's id", f.Name, l.ID)
		}
		var told inspected
		if err := c.get(ctx, "/containers/"+l.ID+"/json", &told); err != nil {
			return f, fmt.Errorf("%s: %w", f.Name, err)
		}
		one, err := told.container()
		if err != nil {
			return f, fmt.Errorf("%s: container %.12s: %w", f.Name, l.ID, err)
		}
		one.Processes, one.Unseen = confined(c.peer, told.State.PID, l.ID)
		f.Containers = append(f.Containers, one)
	}
	slices.SortFunc(f.Containers, func(a, b Container) int { return strings.Compare(a.Name, b.Name) })
	f.peer = c.peer
	f.Listening, f.Unheard = listening(c.peer)
	f.Forwards, f.Unruled = forwarded(ctx, c.peer)
	return f, nil
}

func isID(text string) bool {
	return len(text) == 64 && strings.Trim(text, "0123456789abcdef") == ""
}

// client is the socket, and who is at its other end.
type client struct {
	socket string
	http   *http.Client
	peer   int // the process that listens there, as the kernel has it; 0 where it does not say
}

func (c *client) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", c.socket)
	if err != nil {
		return nil, err
	}
	if unix, ok := conn.(*net.UnixConn); ok && c.peer == 0 {
		c.peer = peerOf(unix)
	}
	return conn, nil
}

func (c *client) get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine"+path, nil)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	switch {
	case len(text) > maxAnswer:
		return fmt.Errorf("GET %s: the answer has more than %d bytes", path, maxAnswer)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("GET %s: %s", path, res.Status)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// inspected is what the API tells of a container, as far as it is asked for.
type inspected struct {
	ID    string
	Name  string
	State struct {
		Running bool
		PID     int
	}
	Config struct {
		Labels map[string]string
		Env    []string
	}
	HostConfig struct {
		Privileged, ReadonlyRootfs bool
		NetworkMode                string
		SecurityOpt                []string
	}
	NetworkSettings struct {
		Ports map[string][]struct{ HostIP, HostPort string }
	}
}

func (i inspected) container() (c Container, err error) {
	c = Container{ID: i.ID, Name: strings.TrimPrefix(i.Name, "/"), Service: i.Config.Labels["com.docker.compose.service"], pid: i.State.PID,
		Privileged: i.HostConfig.Privileged, ReadOnlyRoot: i.HostConfig.ReadonlyRootfs, HostNetwork: i.HostConfig.NetworkMode == "host"}
	if c.Service == "" || i.State.PID <= 0 {
		return c, fmt.Errorf("service %q, process %d: that is none of a Compose project which runs", c.Service, i.State.PID)
	}
	for _, o := range i.HostConfig.SecurityOpt {
		switch strings.Replace(o, "=", ":", 1) { // Podman and Docker write it either way
		case "no-new-privileges", "no-new-privileges:true":
			c.NoNewPrivileges = true
		}
	}
	for _, e := range i.Config.Env {
		name, _, _ := strings.Cut(e, "=")
		c.Environment = append(c.Environment, name)
	}
	slices.Sort(c.Environment)
	for inner, bindings := range i.NetworkSettings.Ports {
		for _, b := range bindings {
			var p Port
			number, protocol, ok := strings.Cut(inner, "/")
			if _, err := fmt.Sscan(number, &p.Private); err != nil || !ok {
				return c, fmt.Errorf("a port %.20q", inner)
			}
			if _, err := fmt.Sscan(b.HostPort, &p.Public); err != nil {
				return c, fmt.Errorf("a published port %.20q", b.HostPort)
			}
			if b.HostIP == "" {
				b.HostIP = "0.0.0.0"
			}
			if p.Address, err = netip.ParseAddr(b.HostIP); err != nil {
				return c, fmt.Errorf("a published port: %w", err)
			}
			p.Protocol = protocol
			c.Ports = append(c.Ports, p)
		}
	}
	slices.SortFunc(c.Ports, func(a, b Port) int { return strings.Compare(a.String(), b.String()) })
	return c, nil
}
