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

	appsv1 "k8s.io/api/apps/v1"
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
	origin  origin
}

// origin is where a part comes from, which may differ between parts that are the same.
type origin struct {
	workload kube.Workload
	ports    []corev1.ContainerPort
	service  string // of Compose
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

// system is what somebody deploys as a whole: an overlay, or the stack of one machine, with or without a file over it.
type system struct {
	file   string // where it stands: the overlay's folder, or the Compose file that makes it what it is
	prefix string // of the subjects of its parts; empty for those that the others are held against
	set    *kube.Set
	stack  *compose.Project // of the two there is one
}

func systems(ctx context.Context, t *facts.Tree) (all []system, err error) {
	overlays, err := deployment.Overlays(t)
	if err != nil {
		return nil, err
	}
	for _, o := range overlays {
		if o.Err != nil {
			return nil, o.Err
		}
		s := system{file: o.Name, set: o.Set}
		if o.Name != deployment.Production {
			s.prefix = o.String() + ": "
		}
		all = append(all, s)
	}
	stacks, err := stackfile.Stacks(ctx, t)
	for _, one := range stacks {
		s := system{file: one.String(), stack: one.Project}
		if one.Over != "" {
			s.prefix = one.Over + ": "
		}
		all = append(all, s)
	}
	return all, err
}

// parts are the programs of this name, and those of an image that is called so, that a system starts.
func (s system) parts(t *facts.Tree, name string) (found []part, err error) {
	if s.stack != nil {
		for _, service := range s.stack.Model.ServiceNames() {
			if c := s.stack.Model.Services[service]; service != name && !imageIs(c.Image, name) || !started(c) {
				continue
			}
			one, err := ofService(t, s.stack, service)
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		}
		return found, nil
	}
	for _, w := range deployment.Workloads(s.set) {
		for _, c := range w.Containers() {
			of := w.Pod.Labels["app.kubernetes.io/name"] == name && (c.Name == name || len(w.Pod.Spec.Containers) == 1 && len(w.Pod.Spec.InitContainers) == 0) || imageIs(c.Image, name)
			if of && s.runs(w) {
				found = append(found, ofPod(s.set, w, c))
			}
		}
	}
	return found, nil
}

// runs tells whether a workload has a pod at all.
func (s system) runs(w kube.Workload) bool {
	none := func(n *int32) bool { return n != nil && *n == 0 }
	for _, d := range kube.Of[appsv1.Deployment](s.set) {
		if d.Object == w.Object && none(d.Value.Spec.Replicas) {
			return false
		}
	}
	for _, d := range kube.Of[appsv1.StatefulSet](s.set) {
		if d.Object == w.Object && none(d.Value.Spec.Replicas) {
			return false
		}
	}
	return true
}

// started tells whether `docker compose up` starts a service.
func started(s compose.Service) bool {
	none := func(n *int) bool { return n != nil && *n == 0 }
	return len(s.Profiles) == 0 && !none(s.Scale) && (s.Deploy == nil || !none(s.Deploy.Replicas))
}

// parts are those of every system. What is the same in another one as in an earlier is there once. absent says where there is none.
func parts(ctx context.Context, t *facts.Tree, name string) (found []part, absent []string, err error) {
	all, err := systems(ctx, t)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range all {
		own, err := s.parts(t, name)
		if err != nil {
			return nil, nil, err
		}
		if len(own) == 0 {
			absent = append(absent, s.file)
		}
		for _, p := range own {
			found = append(found, apart(found, p, s)...)
		}
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
func apart(found []part, p part, s system) []part {
	same := p
	for _, f := range found {
		same.where, same.subject, same.origin = f.where, f.subject, f.origin
		if reflect.DeepEqual(f, same) && strings.HasSuffix(f.subject, p.subject) {
			return nil
		}
	}
	p.subject = s.prefix + p.subject
	return []part{p}
}

func ofPod(set *kube.Set, w kube.Workload, container corev1.Container) part {
	p := part{subject: w.String(), where: deployment.At(w.Object), env: map[string]string{}, origin: origin{workload: w, ports: container.Ports}}
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
		case !ok && goes(set, w): // a claim that a StatefulSet makes
			at.kind = passing
		case !ok:
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

// goes tells whether the volumes that a StatefulSet makes go with it, or with its pods.
func goes(set *kube.Set, w kube.Workload) bool {
	for _, s := range kube.Of[appsv1.StatefulSet](set) {
		if p := s.Value.Spec.PersistentVolumeClaimRetentionPolicy; s.Object == w.Object && p != nil {
			return p.WhenDeleted == appsv1.DeletePersistentVolumeClaimRetentionPolicyType || p.WhenScaled == appsv1.DeletePersistentVolumeClaimRetentionPolicyType
		}
	}
	return false
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
	one := part{subject: "service " + name, where: stackfile.At(p, "services", name), args: slices.Concat(s.Entrypoint, s.Command), env: map[string]string{}, given: map[string]source{},
		origin: origin{service: name}}
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
		case v.Type == "bind" && ofTree(v.Source):
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
	for _, c := range s.Configs {
		m, from := mounted{at: path.Clean(cmp.Or(c.Target, "/"+c.Source)), kind: elsewhere}, p.Model.Configs[c.Source]
		switch {
		case from.Content != "":
			m.kind, m.files = plain, map[string]string{"": from.Content}
		case from.File != "" && ofTree(from.File):
			files, err := treeFiles(t, path.Clean(from.File))
			if err != nil {
				return part{}, err
			}
			m.kind, m.files = plain, files
		}
		one.mounts = append(one.mounts, m)
	}
	if len(s.VolumesFrom) > 0 {
		one.mounts = append(one.mounts, mounted{at: "/", kind: elsewhere})
	}
	for _, c := range s.Secrets {
		one.mounts = append(one.mounts, mounted{at: cmp.Or(c.Target, "/run/secrets/"+c.Source), kind: secrets})
	}
	return one, nil
}

// ofTree tells whether a path that Compose names is one of the tree's.
func ofTree(name string) bool {
	return !path.IsAbs(name) && !strings.HasPrefix(name, "~") && fs.ValidPath(path.Clean(name))
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
