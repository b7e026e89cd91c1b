package monitoring

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/stackfile"
)

// part is a program as one of the two deployments runs it.
type part struct {
	subject string // "StatefulSet stellar-escrow/prometheus", "service prometheus"
	where   guide.Place
	args    []string
	env     map[string]string
	mounts  []mounted
}

// mounted is what stands at a path of a part's file system.
type mounted struct {
	at    string
	kind  kind
	files map[string]string // of a kind plain: the texts by their paths below at, "" for at itself
}

// kind is how long what stands there lasts, and whose it is.
type kind string

const (
	plain     kind = "files of the tree"
	secrets   kind = "secrets"
	lasting   kind = "a volume that outlives it"
	passing   kind = "a volume that ends with it"
	elsewhere kind = "something of the machine's"
)

// find is the innermost mount that a path is in, and the path below it.
func (p part) find(name string) (m mounted, rest string, ok bool) {
	for _, c := range p.mounts {
		below, in := strings.CutPrefix(name, c.at)
		if in && (below == "" || strings.HasPrefix(below, "/")) && len(c.at) > len(m.at) {
			m, rest, ok = c, strings.TrimPrefix(below, "/"), true
		}
	}
	return m, rest, ok
}

// text is the file of the tree that stands at a path.
func (p part) text(name string) (string, bool) {
	m, rest, ok := p.find(name)
	if !ok || m.kind != plain {
		return "", false
	}
	text, ok := m.files[rest]
	return text, ok
}

// of is what stands at a path.
func (p part) of(name string) kind {
	m, _, ok := p.find(name)
	if !ok {
		return passing // of the container's own file system
	}
	return m.kind
}

// parts are the programs of this name in the production overlay and in the stack of one machine. absent says where there is none.
func parts(ctx context.Context, t *facts.Tree, name string) (found []part, absent []string, err error) {
	set, err := deployment.Rendered(t)
	if err != nil {
		return nil, nil, err
	}
	for _, w := range deployment.Workloads(set) {
		if w.Pod.Labels["app.kubernetes.io/name"] == name {
			found = append(found, ofPod(set, w, name))
		}
	}
	if len(found) == 0 {
		absent = append(absent, deployment.Production)
	}
	p, err := stackfile.Project(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	if _, ok := p.Model.Services[name]; !ok {
		return found, append(absent, stackfile.Name), nil
	}
	one, err := ofService(t, p, name)
	return append(found, one), absent, err
}

func ofPod(set *kube.Set, w kube.Workload, name string) part {
	p := part{subject: w.String(), where: deployment.At(w.Object), env: map[string]string{}}
	container := w.Pod.Spec.Containers[0]
	for _, c := range w.Pod.Spec.Containers {
		if c.Name == name {
			container = c
		}
	}
	p.args = slices.Concat(container.Command, container.Args)
	for _, e := range container.Env {
		p.env[e.Name] = e.Value
	}
	volumes := map[string]corev1.Volume{}
	for _, v := range w.Pod.Spec.Volumes {
		volumes[v.Name] = v
	}
	for _, m := range container.VolumeMounts {
		v, ok := volumes[m.Name]
		at := mounted{at: path.Clean(m.MountPath), kind: elsewhere}
		switch {
		case !ok: // a claim that a StatefulSet makes
			at.kind = lasting
		case v.PersistentVolumeClaim != nil:
			at.kind = lasting
		case v.EmptyDir != nil || v.Ephemeral != nil:
			at.kind = passing
		case v.Secret != nil || v.CSI != nil && v.CSI.Driver == kube.SecretsStoreDriver:
			at.kind = secrets
		case v.ConfigMap != nil:
			at.kind, at.files = plain, configFiles(set, w.Namespace, v.ConfigMap, m.SubPath)
		}
		p.mounts = append(p.mounts, at)
	}
	return p
}

// configFiles are the files that a volume of a ConfigMap has.
func configFiles(set *kube.Set, namespace string, from *corev1.ConfigMapVolumeSource, subPath string) map[string]string {
	files := map[string]string{}
	for _, m := range set.ConfigMaps() {
		if m.Namespace != namespace || m.Name != from.Name {
			continue
		}
		for key, text := range m.Value.Data {
			name := key
			if len(from.Items) > 0 {
				i := slices.IndexFunc(from.Items, func(k corev1.KeyToPath) bool { return k.Key == key })
				if i < 0 {
					continue
				}
				name = from.Items[i].Path
			}
			if subPath != "" {
				if name != subPath {
					continue
				}
				name = ""
			}
			files[name] = text
		}
	}
	return files
}

func ofService(t *facts.Tree, p *compose.Project, name string) (part, error) {
	s := p.Model.Services[name]
	one := part{subject: "service " + name, where: stackfile.At(p, "services", name), args: slices.Concat(s.Entrypoint, s.Command), env: map[string]string{}}
	for name, value := range s.Environment {
		if value != nil {
			one.env[name] = *value
		}
	}
	for _, v := range s.Volumes {
		m := mounted{at: path.Clean(v.Target), kind: elsewhere}
		switch {
		case v.Type == "tmpfs":
			m.kind = passing
		case v.Type == "volume" && v.Source == "":
			m.kind = passing // a volume without a name goes with its container
		case v.Type == "volume":
			m.kind = lasting
			if options := p.Model.Volumes[v.Source].DriverOpts; options["type"] == "tmpfs" {
				m.kind = passing
				if strings.HasPrefix(v.Source, "secrets-") { // the volumes that `secrets` fills
					m.kind = secrets
				}
			}
		case v.Type == "bind" && !path.IsAbs(v.Source) && !strings.HasPrefix(v.Source, "~"):
			files, err := treeFiles(t, path.Clean(v.Source))
			if err != nil {
				return part{}, err
			}
			m.kind, m.files = plain, files
		}
		one.mounts = append(one.mounts, m)
	}
	for _, target := range s.Tmpfs {
		at, _, _ := strings.Cut(target, ":")
		one.mounts = append(one.mounts, mounted{at: path.Clean(at), kind: passing})
	}
	for _, c := range s.Secrets {
		one.mounts = append(one.mounts, mounted{at: cmp.Or(c.Target, "/run/secrets/"+c.Source), kind: secrets})
	}
	return one, nil
}

// The bounds of a mounted folder: how many of its files are read, and how much of them.
const (
	maxBound      = 256
	maxBoundBytes = 16 << 20
)

// treeFiles are the texts of a file or folder of the tree.
func treeFiles(t *facts.Tree, name string) (map[string]string, error) {
	return facts.Read(t, "mounted "+name, func(files fs.FS) (map[string]string, error) {
		all, left := map[string]string{}, maxBoundBytes
		err := fs.WalkDir(files, name, func(at string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			if len(all) == maxBound {
				return fmt.Errorf("%s: it has more than %d files", name, maxBound)
			}
			text, err := facts.File(files, at)
			if left -= len(text); left < 0 {
				return fmt.Errorf("%s: its files have more than %d bytes", name, maxBoundBytes)
			}
			all[strings.TrimPrefix(strings.TrimPrefix(at, name), "/")] = string(text)
			return err
		})
		return all, err
	})
}
