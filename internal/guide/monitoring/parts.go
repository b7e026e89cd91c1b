package monitoring

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"path"
	"reflect"
	"regexp"
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

// part is a program as one of the deployments runs it.
type part struct {
	subject string // "StatefulSet stellar-escrow/prometheus", "staging: StatefulSet stellar-escrow/prometheus", "service prometheus"
	where   guide.Place
	starts  string // the program that its command names; empty: the image's own
	args    []string
	env     map[string]string
	beside  []string // whence it has more of its environment, which is not read
	mounts  []mounted
	given   map[string]source // of Compose's: what secrets are made of, by the names of their files
}

// source is what Compose makes a secret of: a variable, or a file.
type source struct{ variable, file string }

// reference is a variable in an argument of a container.
var reference = regexp.MustCompile(`\$\([A-Za-z_.-][A-Za-z0-9_.-]*\)`)

// unknown is the value of a variable that does not stand in the tree.
const unknown = "what does not stand here"

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

// parts are the programs of this name, and those of an image that is called so, in each overlay and in the stack of one machine. What is the same in another
// overlay as in production is there once. absent says where there is none.
func parts(ctx context.Context, t *facts.Tree, name string) (found []part, absent []string, err error) {
	overlays, err := deployment.Overlays(t)
	if err != nil {
		return nil, nil, err
	}
	for _, o := range overlays {
		if o.Err != nil {
			return nil, nil, o.Err
		}
		there := false
		for _, w := range deployment.Workloads(o.Set) {
			for _, c := range w.Containers() {
				if w.Pod.Labels["app.kubernetes.io/name"] == name && (c.Name == name || len(w.Pod.Spec.Containers) == 1 && len(w.Pod.Spec.InitContainers) == 0) || imageIs(c.Image, name) {
					there, found = true, append(found, apart(found, ofPod(o.Set, w, c), o)...)
				}
			}
		}
		if !there {
			absent = append(absent, o.Name)
		}
	}
	p, err := stackfile.Project(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	there := false
	for _, service := range p.Model.ServiceNames() {
		if service != name && !imageIs(p.Model.Services[service].Image, name) {
			continue
		}
		one, err := ofService(t, p, service)
		if err != nil {
			return nil, nil, err
		}
		there, found = true, append(found, one)
	}
	if !there {
		absent = append(absent, stackfile.Name)
	}
	return found, absent, nil
}

// imageIs tells whether an image is called so, whatever its registry, tag and digest.
func imageIs(image, name string) bool {
	image, _, _ = strings.Cut(image, "@")
	base, _, _ := strings.Cut(path.Base(image), ":")
	return base == name
}

// apart is the part, unless there is one already that is the same in all but where it stands.
func apart(found []part, p part, o deployment.Overlay) []part {
	same := p
	for _, f := range found {
		same.where, same.subject = f.where, f.subject
		if reflect.DeepEqual(f, same) && strings.HasSuffix(f.subject, p.subject) {
			return nil
		}
	}
	if o.Name != deployment.Production {
		p.subject = o.String() + ": " + p.subject
	}
	return []part{p}
}

func ofPod(set *kube.Set, w kube.Workload, container corev1.Container) part {
	p := part{subject: w.String(), where: deployment.At(w.Object), env: map[string]string{}}
	p.args = slices.Concat(container.Command, container.Args)
	if len(container.Command) > 0 {
		p.starts = container.Command[0]
	}
	for _, e := range container.Env {
		p.env[e.Name] = e.Value
		if e.ValueFrom != nil {
			p.env[e.Name] = unknown
		}
	}
	for i, arg := range p.args { // as the kubelet does
		p.args[i] = reference.ReplaceAllStringFunc(arg, func(text string) string {
			if value, ok := p.env[text[2:len(text)-1]]; ok && value != unknown {
				return value
			}
			return text
		})
	}
	for _, from := range container.EnvFrom {
		switch {
		case from.ConfigMapRef != nil:
			p.beside = append(p.beside, "envFrom, ConfigMap "+from.ConfigMapRef.Name)
		case from.SecretRef != nil:
			p.beside = append(p.beside, "envFrom, Secret "+from.SecretRef.Name)
		}
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
	one := part{subject: "service " + name, where: stackfile.At(p, "services", name), args: slices.Concat(s.Entrypoint, s.Command), env: map[string]string{}, given: map[string]source{}}
	if len(s.Entrypoint) > 0 {
		one.starts = s.Entrypoint[0]
	}
	for name, value := range s.Environment {
		one.env[name] = unknown // that of whoever starts it
		if value != nil {
			one.env[name] = *value
		}
	}
	for _, file := range s.EnvFiles {
		one.beside = append(one.beside, "env_file "+file.Path)
	}
	for name, secret := range p.Model.Secrets {
		one.given[name] = source{secret.Environment, secret.File}
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
