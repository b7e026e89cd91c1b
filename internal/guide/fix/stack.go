package fix

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// ofStack are the remedies of docker-compose.yml.
func ofStack() []Remedy {
	return []Remedy{
		{"N8/published-to-the-world", "bind the port to 127.0.0.1", bindPorts},
		{"N8/published-beside-the-door", "bind the port to 127.0.0.1", bindPorts},
		{"N9/password-not-required", "have Compose refuse to start without it", requireVariable},
		{"C7/password-not-required", "have Compose refuse to start without it", requireVariable},
		{"S11/not-required", "have Compose refuse to start without it", requireVariable},
		{"N10/new-privileges", "write no-new-privileges", inService(`["no-new-privileges:true"]`, "security_opt")},
		{"N10/writable-root", "make the root read-only", inService("true", "read_only")},
		{"N10/privileged", "take the privileges away", inService("false", "privileged")},
	}
}

// inService sets a key of the service that the finding is about, where it is written: in what several merge, if it comes from there.
func inService(value, name string) func(*edit, guide.Finding) error {
	return func(e *edit, f guide.Finding) error {
		return e.stack(f, func(m *manifest, service *yaml.Node) ([]byte, error) {
			return m.set(holder(service, name), value, name)
		})
	}
}

// stack edits the mapping of a service.
func (e *edit) stack(f guide.Finding, change func(*manifest, *yaml.Node) ([]byte, error)) error {
	text, err := e.Read(stackfile.Name)
	if err != nil {
		return err
	}
	m, err := readYAML(text)
	if err != nil {
		return err
	}
	if len(m.docs) != 1 {
		return errGuess
	}
	service := descend(m.docs[0], "services", strings.TrimPrefix(f.Subject, "service "))
	if service == nil {
		return errGuess
	}
	changed, err := change(m, service)
	if err != nil {
		return err
	}
	return e.Write(stackfile.Name, changed)
}

// bindPorts binds the first port of the service that is not.
func bindPorts(e *edit, f guide.Finding) error {
	return e.stack(f, func(m *manifest, service *yaml.Node) ([]byte, error) {
		ports := child(holder(service, "ports"), "ports")
		if ports == nil || ports.Kind != yaml.SequenceNode {
			return nil, errGuess
		}
		for _, p := range ports.Content {
			switch p.Kind {
			case yaml.MappingNode:
				if host := child(p, "host_ip"); host == nil || !loopback(host.Value) {
					return m.set(p, "127.0.0.1", "host_ip")
				}
			case yaml.ScalarNode:
				bound, ok := bindPort(p.Value)
				if !ok {
					return nil, errGuess
				}
				if bound != p.Value {
					return m.replace(p, `"`+bound+`"`)
				}
			default:
				return nil, errGuess
			}
		}
		return nil, errGuess
	})
}

var portNumbers = regexp.MustCompile(`^[0-9]+(-[0-9]+)?$`)

// bindPort is a port in Compose's short form, bound to 127.0.0.1. It is false for what is not written with numbers.
func bindPort(text string) (string, bool) {
	rest, protocol, hasProtocol := strings.Cut(text, "/")
	parts := strings.Split(rest, ":")
	target := parts[len(parts)-1]
	published, host := "", ""
	if len(parts) > 1 {
		published, host = parts[len(parts)-2], strings.Join(parts[:len(parts)-2], ":")
	}
	if !portNumbers.MatchString(target) || published != "" && !portNumbers.MatchString(published) {
		return "", false
	}
	if loopback(host) {
		return text, true
	}
	bound := "127.0.0.1:" + published + ":" + target
	if hasProtocol {
		bound += "/" + protocol
	}
	return bound, true
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && address.IsLoopback()
}

// requireVariable has Compose ask for a variable that must have a value: where it is taken from the environment with a default or without any question, or, if nothing
// takes it so, in a list of what is required.
func requireVariable(e *edit, f guide.Finding) error {
	text, err := e.Read(stackfile.Name)
	if err != nil {
		return err
	}
	const ask = ":?write a value into .env, see .env.example"
	use := regexp.MustCompile(`\$\{` + regexp.QuoteMeta(f.Subject) + `(?:(:?[-?])([^${}]*))?\}`)
	lines := bytes.SplitAfter(text, []byte("\n"))
	found := false
	for i, line := range lines {
		code, comment, commented := bytes.Cut(line, []byte("#"))
		changed := use.ReplaceAllFunc(code, func(whole []byte) []byte {
			found = true
			if was := use.FindSubmatch(whole); string(was[1]) == "?" && len(was[2]) > 0 {
				return fmt.Appendf(nil, "${%s:?%s}", f.Subject, was[2])
			}
			return fmt.Appendf(nil, "${%s%s}", f.Subject, ask)
		})
		if lines[i] = changed; commented {
			lines[i] = append(append(bytes.Clone(changed), '#'), comment...)
		}
	}
	if found {
		return e.Write(stackfile.Name, bytes.Join(lines, nil))
	}
	item := fmt.Sprintf("  - ${%s%s}\n", f.Subject, ask)
	if at := bytes.Index(text, []byte("\nx-required:\n")); at >= 0 {
		at += len("\nx-required:\n")
		return e.Write(stackfile.Name, bytes.Join([][]byte{text[:at], []byte(item), text[at:]}, nil))
	}
	return e.Append(stackfile.Name, "\nx-required:\n"+item)
}
