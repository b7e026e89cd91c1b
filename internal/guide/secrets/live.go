package secrets

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/breaks"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/cluster"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

// makers are the resources that make pods, and pods.
func makers() []string {
	return []string{"pods", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs", "cronjobs"}
}

// managed is the label that the driver gives each Secret which it makes (secrets-store-csi-driver, pkg/util/secretutil).
const managed = "secrets-store.csi.k8s.io/managed"

func runSources(ctx context.Context, s *facts.System) guide.Result {
	return deployment.Live(ctx, s, append(makers(), "secretproviderclasses", "secrets", "ingresses"), func(f *cluster.Facts) guide.Result {
		subjects, findings := sources(f.Set)
		more, wrong := held(f)
		return deployment.Once(append(subjects, more...), append(findings, wrong...))
	})
}

// held looks at the Secrets that the namespace has.
func held(f *cluster.Facts) (subjects []guide.Subject, findings []guide.Finding) {
	made := map[string]string{} // class by the Secret that it makes
	for _, c := range f.Set.SecretProviderClasses() {
		if _, err := c.Value.AWSObjects(); err != nil {
			continue
		}
		for _, s := range c.Value.Spec.SecretObjects {
			made[s.SecretName] = c.Name
		}
	}
	door := map[string]bool{}
	for _, i := range f.Set.Ingresses() {
		for _, t := range i.Value.Spec.TLS {
			door[t.SecretName] = true
		}
	}
	at := guide.Place{File: f.Cluster.Name}
	for _, s := range f.Secrets {
		name := "Secret " + f.Cluster.Namespace + "/" + s.Name
		switch {
		case made[s.Name] != "" && s.Labels[managed] == "true":
			subjects = append(subjects, guide.Subject{Name: name, Evidence: "made by the driver, of SecretProviderClass " + made[s.Name], At: at})
		case s.Account != "": // P2 is about those
		case door[s.Name]:
			subjects = append(subjects, guide.Subject{Name: name, Evidence: "the certificate of the front door, which C5 looks at", At: at})
		default:
			findings = append(findings, guide.Finding{Mode: "secret-by-hand", Subject: name, Detail: "no SecretProviderClass of AWS makes it: put its values into AWS Secrets Manager, and take it away", At: at})
		}
	}
	return subjects, findings
}

func runSynced(ctx context.Context, s *facts.System) guide.Result {
	return deployment.Live(ctx, s, append(makers(), "secretproviderclasses", "secrets"), func(f *cluster.Facts) guide.Result {
		subjects, findings := synced(f.Set, true)
		more, wrong := there(f)
		subjects, findings = append(subjects, more...), append(findings, wrong...)
		more, wrong, unseen := mounts(f)
		subjects, findings = append(subjects, more...), append(findings, wrong...)
		if unseen != nil && len(findings) == 0 {
			return guide.NoEvidence("%v", unseen)
		}
		return deployment.Once(subjects, findings)
	})
}

// there looks for the guide's Secret.
func there(f *cluster.Facts) ([]guide.Subject, []guide.Finding) {
	at := guide.Place{File: f.Cluster.Name}
	i := slices.IndexFunc(f.Secrets, func(s cluster.Secret) bool { return s.Name == guideSecret })
	switch {
	case i < 0:
		return nil, []guide.Finding{{Mode: "not-there", Subject: guideSecret, Detail: "no pod that mounts its class has been started", At: at}}
	case f.Secrets[i].Labels[managed] != "true":
		return nil, []guide.Finding{{Mode: "not-there", Subject: guideSecret, Detail: "it is there, and the driver has not made it", At: at}}
	}
	return []guide.Subject{{Name: "Secret " + guideSecret, Evidence: "made by the driver", At: at}}, nil
}

// mounts tells of each part whose pods run whether what it mounts is mounted: a container starts only when its volumes are there, and the driver keeps an object of its own about
// each of its mounts. unseen names consumers of which no pod runs; a job's runs only at its time.
func mounts(f *cluster.Facts) (subjects []guide.Subject, findings []guide.Finding, unseen error) {
	at := guide.Place{File: f.Cluster.Name}
	runs := map[string]bool{}
	for _, p := range f.Pods {
		if p.Namespace != f.Cluster.Namespace {
			continue
		}
		for _, m := range mounted(p.Spec) {
			i := slices.IndexFunc(f.Statuses, func(s cluster.Status) bool { return s.Pod == p.Name && s.Class == m.class && m.class != "" })
			if i >= 0 && !f.Statuses[i].Mounted {
				findings = append(findings, guide.Finding{Mode: "mount-failed", Subject: p.By.String(), Detail: fmt.Sprintf("pod %s: %s is not mounted: see kubectl describe pod", p.Name, m), At: at})
				continue
			}
			if p.Running() {
				runs[p.Labels["app.kubernetes.io/name"]] = true
				subjects = append(subjects, guide.Subject{Name: p.By.String(), Evidence: fmt.Sprintf("pod %s runs, with %s mounted", p.Name, m), At: at})
			}
		}
	}
	var idle []string
	for _, w := range deployment.Workloads(f.Set) {
		part := w.Pod.Labels["app.kubernetes.io/name"]
		if slices.Contains(consumers(), part) && !runs[part] && w.Kind != "CronJob" && w.Kind != "Job" && !slices.Contains(idle, part) {
			idle = append(idle, part)
		}
	}
	if len(idle) > 0 {
		unseen = fmt.Errorf("%s: no pod of %s runs: whether its secrets are mounted does not show", f.Cluster.Name, strings.Join(idle, ", "))
	}
	return subjects, findings, unseen
}

func class(name string) breaks.Object {
	return breaks.Object{Group: "secrets-store.csi.x-k8s.io", Version: "v1", Resource: "secretproviderclasses", Name: name}
}

func workload(name string) breaks.Object {
	return breaks.Object{Group: "apps", Version: "v1", Resource: "deployments", Name: name}
}

// objects changes what the guide's class fetches.
func objects(mode, what, old, new string, also ...string) guide.Break {
	return breaks.Change(mode, what, class(guideSecret), func(o breaks.Fields) error {
		text, err := o.Text("spec", "parameters", "objects")
		if err != nil {
			return err
		}
		if strings.Count(text, old) != 1 {
			return fmt.Errorf("%q stands there %d times, not once", old, strings.Count(text, old))
		}
		return o.Set(strings.Replace(text, old, new, 1), "spec", "parameters", "objects")
	}, append(also, "S1/class-differs")...)
}

// container adds to a list of the api's next containers.
func container(mode, what string, value any, list string, also ...string) guide.Break {
	return breaks.Change(mode, what, workload("api"), func(o breaks.Fields) error {
		return o.Each(func(c breaks.Fields) error { return c.Append(value, list) }, "spec", "template", "spec", "containers")
	}, also...)
}

func breakSynced() []guide.Break {
	mount := func(change func(breaks.Fields) error) func(breaks.Fields) error {
		return func(o breaks.Fields) error {
			changed := false
			err := o.Each(func(c breaks.Fields) error {
				return c.Each(func(m breaks.Fields) error {
					if name, _ := m["name"].(string); name != "api-secrets" {
						return nil
					}
					changed = true
					return change(m)
				}, "volumeMounts")
			}, "spec", "template", "spec", "containers")
			if err == nil && !changed {
				err = errors.New("no container mounts the volume api-secrets")
			}
			return err
		}
	}
	return []guide.Break{
		breaks.Change("not-synced", "the Secret lacks a key", class(guideSecret), func(o breaks.Fields) error {
			return o.Each(func(s breaks.Fields) error {
				data, err := s.List("data")
				if err != nil {
					return err
				}
				return s.Set(data[1:], "data")
			}, "spec", "secretObjects")
		}, "S1/class-differs"),
		breaks.Change("not-mounted", "the next pods of the api mount the class of their own alone", workload("api"), func(o breaks.Fields) error {
			return o.Each(func(v breaks.Fields) error {
				if name, err := v.Text("csi", "volumeAttributes", kube.ProviderClass); err != nil || name != guideSecret {
					return nil // another volume
				}
				return v.Set("api", "csi", "volumeAttributes", kube.ProviderClass)
			}, "spec", "template", "spec", "volumes")
		}, "S3/"+anotherFile),
		breaks.Change("by-subpath", "one file of the api's next pods is mounted by subPath", workload("api"), mount(func(m breaks.Fields) error {
			m["mountPath"] = "/run/secrets/api/RELAY_SECRET"
			return m.Set("RELAY_SECRET", "subPath")
		})),
		breaks.Change("writable-mount", "the next pods of the api could write their secrets", workload("api"), mount(func(m breaks.Fields) error { return m.Remove("readOnly") })),
	}
}
