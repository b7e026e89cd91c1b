package fix

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// ofPods are the remedies of manifests.
func ofPods() []Remedy {
	return []Remedy{
		{"P1/not-enforced", "label the namespace", inNamespace("enforce")},
		{"P1/not-told", "label the namespace", inNamespace("audit", "warn")},
		{"P1/not-restricted", "write what the standard asks for", restrict},
		{"P1/writable-root", "make the root read-only", readOnlyRoot},
		{"P2/token-mounted", "mount no token", noToken},
		{"S3/writable-mount", "mount the secrets read-only", readOnlySecrets},
		{"N1/no-default-deny", "deny everything to every pod that no other policy allows", denyAll},
		{"N1/not-denied", "deny everything to every pod that no other policy allows", denyAll},
	}
}

// object edits the manifest that a finding stands in.
func (e *edit) object(f guide.Finding, change func(*manifest, *yaml.Node) ([]byte, error)) error {
	text, err := e.Read(f.At.File)
	if err != nil {
		return err
	}
	m, err := readYAML(text)
	if err != nil {
		return err
	}
	doc, err := m.at(f.At.Line)
	if err != nil {
		return err
	}
	changed, err := change(m, doc)
	if err != nil {
		return err
	}
	return e.Write(f.At.File, changed)
}

// several makes changes one after the other, each in the text as it is by then. find gives what is to be set, or nothing when all is.
func several(m *manifest, line int, next func(doc *yaml.Node) (at *yaml.Node, value string, path []string)) ([]byte, error) {
	const most = 100 // edits of one manifest
	text := m.text
	for range most {
		now, err := readYAML(text)
		if err != nil {
			return nil, err
		}
		doc, err := now.at(line)
		if err != nil {
			return nil, err
		}
		at, value, path := next(doc)
		if at == nil {
			return text, nil
		}
		if text, err = now.set(at, value, path...); err != nil {
			return nil, err
		}
	}
	return nil, errGuess
}

func inNamespace(modes ...string) func(*edit, guide.Finding) error {
	return func(e *edit, f guide.Finding) error {
		return e.object(f, func(m *manifest, _ *yaml.Node) ([]byte, error) {
			return several(m, f.At.Line, func(doc *yaml.Node) (*yaml.Node, string, []string) {
				for _, mode := range modes {
					label := "pod-security.kubernetes.io/" + mode
					if is := descend(doc, "metadata", "labels", label); is == nil || is.Value != "restricted" {
						return doc, "restricted", []string{"metadata", "labels", label}
					}
				}
				return nil, "", nil
			})
		})
	}
}

// podOf is the pod of a manifest, whatever makes it.
func podOf(doc *yaml.Node) *yaml.Node {
	for _, path := range [][]string{{"spec", "template", "spec"}, {"spec", "jobTemplate", "spec", "template", "spec"}} {
		if pod := descend(doc, path...); pod != nil {
			return pod
		}
	}
	if kind := child(doc, "kind"); kind != nil && kind.Value == "Pod" {
		return child(doc, "spec")
	}
	return nil
}

func containersOf(pod *yaml.Node) (all []*yaml.Node) {
	for _, list := range []string{"initContainers", "containers"} {
		if seq := child(pod, list); seq != nil {
			all = append(all, seq.Content...)
		}
	}
	return all
}

// inContainers sets a value in every container where it is another.
func inContainers(e *edit, f guide.Finding, fine func(*yaml.Node) bool, value string, path ...string) error {
	return e.object(f, func(m *manifest, _ *yaml.Node) ([]byte, error) {
		return several(m, f.At.Line, func(doc *yaml.Node) (*yaml.Node, string, []string) {
			for _, c := range containersOf(podOf(doc)) {
				if is := descend(c, path...); is == nil || !fine(is) {
					return c, value, path
				}
			}
			return nil, "", nil
		})
	})
}

func says(text string) func(*yaml.Node) bool {
	return func(n *yaml.Node) bool { return n.Value == text }
}

func readOnlyRoot(e *edit, f guide.Finding) error {
	return inContainers(e, f, says("true"), "true", "securityContext", "readOnlyRootFilesystem")
}

// restrict writes what one check of the standard asks for, where that can be only one thing.
func restrict(e *edit, f guide.Finding) error {
	check, _, _ := strings.Cut(f.Detail, ":")
	switch check {
	case "allowPrivilegeEscalation != false":
		return inContainers(e, f, says("false"), "false", "securityContext", "allowPrivilegeEscalation")
	case "privileged":
		return inContainers(e, f, says("false"), "false", "securityContext", "privileged")
	case "unrestricted capabilities", "non-default capabilities":
		return inContainers(e, f, func(n *yaml.Node) bool {
			drop := child(n, "drop")
			return child(n, "add") == nil && drop != nil && len(drop.Content) == 1 && drop.Content[0].Value == "ALL"
		}, "{drop: [ALL]}", "securityContext", "capabilities")
	case "seccompProfile":
		return inPod(e, f, "{type: RuntimeDefault}", "securityContext", "seccompProfile")
	case "runAsNonRoot != true":
		return inPod(e, f, "true", "securityContext", "runAsNonRoot")
	case "host namespaces":
		return e.object(f, func(m *manifest, _ *yaml.Node) ([]byte, error) {
			return several(m, f.At.Line, func(doc *yaml.Node) (*yaml.Node, string, []string) {
				for _, name := range []string{"hostPID", "hostIPC", "hostNetwork"} {
					if is := child(podOf(doc), name); is != nil && is.Value != "false" {
						return podOf(doc), "false", []string{name}
					}
				}
				return nil, "", nil
			})
		})
	}
	return errGuess
}

func inPod(e *edit, f guide.Finding, value string, path ...string) error {
	return e.object(f, func(m *manifest, doc *yaml.Node) ([]byte, error) {
		pod := podOf(doc)
		if pod == nil {
			return nil, errGuess
		}
		return m.set(pod, value, path...)
	})
}

// noToken writes it into the pod, or into the account if that is what the finding is about.
func noToken(e *edit, f guide.Finding) error {
	const name = "automountServiceAccountToken"
	switch {
	case strings.HasSuffix(f.Detail, "into the pod"):
		return inPod(e, f, "false", name)
	case !strings.Contains(f.Detail, "into the account "):
		return errGuess // a projected one: what mounts it is not known
	}
	_, account, _ := strings.Cut(f.Detail, "into the account ")
	return e.object(f, func(m *manifest, _ *yaml.Node) ([]byte, error) {
		for _, doc := range m.docs {
			if kind, named := child(doc, "kind"), descend(doc, "metadata", "name"); kind != nil && kind.Value == "ServiceAccount" && named != nil && named.Value == account {
				return m.set(doc, "false", name)
			}
		}
		return nil, errGuess // it stands in another file
	})
}

// readOnlySecrets mounts every volume of secrets read-only, in every container.
func readOnlySecrets(e *edit, f guide.Finding) error {
	return e.object(f, func(m *manifest, _ *yaml.Node) ([]byte, error) {
		return several(m, f.At.Line, func(doc *yaml.Node) (*yaml.Node, string, []string) {
			pod := podOf(doc)
			secret := map[string]bool{}
			if volumes := child(pod, "volumes"); volumes != nil {
				for _, v := range volumes.Content {
					driver := descend(v, "csi", "driver")
					if name := child(v, "name"); name != nil {
						secret[name.Value] = child(v, "secret") != nil || child(v, "projected") != nil || driver != nil && driver.Value == kube.SecretsStoreDriver
					}
				}
			}
			for _, c := range containersOf(pod) {
				mounts := child(c, "volumeMounts")
				if mounts == nil {
					continue
				}
				for _, v := range mounts.Content {
					name, is := child(v, "name"), child(v, "readOnly")
					if name != nil && secret[name.Value] && (is == nil || is.Value != "true") {
						return v, "true", []string{"readOnly"}
					}
				}
			}
			return nil, "", nil
		})
	})
}

// denyAll adds a policy of its own: one that is there and denies less is somebody's, and does no harm beside it.
func denyAll(e *edit, f guide.Finding) error {
	const file, name = "k8s/base/network-policy.yaml", "deny-everything-to-everybody"
	text, err := e.Read(file)
	if err != nil {
		return err
	}
	if strings.Contains(string(text), name) {
		return errGuess
	}
	return e.Append(file, `---
# Nothing reaches any pod, and no pod anything, but by a rule of another policy.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: `+name+`
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
`)
}
