package door

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/deployment"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/kube"
)

const (
	controllerDir  = "k8s/ingress-nginx"
	controllerFile = controllerDir + "/controller.yaml"
	waysFile       = "k8s/base/ingress.yaml"

	// Where the controller reads its settings, as its chart and its manifests start it.
	controllerNamespace = "ingress-nginx"
	controllerSettings  = "ingress-nginx-controller"
)

// ingress is the front door of a cluster as the tree has it: what ingress-nginx is told, and every Ingress of every overlay. Where it is told nothing, its own
// defaults hold; those that changed between its versions are none to rely on.
type ingress struct {
	settings map[string]string // of the ConfigMap that the controller reads; nil: the tree has none
	at       guide.Place
	headers  map[string]string // of the ConfigMap that add-headers names; nil: there is none
	added    guide.Place       // where it stands
	ways     []way
	others   []setting // of overlays, that say something else
	unseen   []string  // why some overlay's are not known
}

// setting is where an overlay has settings of the controller's.
type setting struct {
	overlay string
	at      guide.Place
}

// way is an Ingress of an overlay.
type way struct {
	overlay string // as a report calls it
	kube.Found[networkingv1.Ingress]
}

func (w way) name() string { return fmt.Sprintf("ingress-nginx, %s: Ingress %s", w.overlay, w.Name) }

// ingressOf is nil where the tree has neither settings for a controller nor an Ingress.
func ingressOf(t *facts.Tree) (*ingress, error) {
	controller, err := facts.Read(t, controllerDir, func(files fs.FS) (*kube.Set, error) {
		if _, err := fs.Stat(files, controllerDir); errors.Is(err, fs.ErrNotExist) {
			return &kube.Set{}, nil
		}
		return kube.Render(files, controllerDir)
	})
	if err != nil {
		return nil, err
	}
	in := &ingress{at: guide.Place{File: controllerDir}}
	overlays, err := overlaysOf(t)
	if err != nil {
		return nil, err
	}
	for _, o := range overlays {
		if o.Err != nil {
			in.unseen = append(in.unseen, o.Err.Error())
			continue
		}
		for _, i := range o.Set.Ingresses() {
			in.ways = append(in.ways, way{o.String(), i})
		}
	}
	for _, c := range controller.ConfigMaps() {
		if c.Namespace == controllerNamespace && c.Name == controllerSettings {
			in.settings, in.at = c.Value.Data, deployment.At(c.Object)
		}
	}
	for _, o := range overlays {
		if o.Err != nil {
			continue
		}
		for _, c := range o.Set.ConfigMaps() {
			if c.Namespace == controllerNamespace && c.Name == controllerSettings && !maps.Equal(c.Value.Data, in.settings) {
				in.others = append(in.others, setting{o.String(), deployment.At(c.Object)})
			}
		}
	}
	in.added = in.at
	for _, c := range controller.ConfigMaps() {
		if c.Namespace+"/"+c.Name == in.settings["add-headers"] {
			in.headers, in.added = c.Value.Data, deployment.At(c.Object)
		}
	}
	if !in.known() && len(in.unseen) == 0 {
		return nil, nil
	}
	return in, nil
}

// known tells whether anything of it is: without an Ingress and without settings nothing says that there is one.
func (in *ingress) known() bool { return in.settings != nil || len(in.ways) > 0 }

// overlaysOf are those of the tree; none where it has no Kubernetes at all.
func overlaysOf(t *facts.Tree) ([]deployment.Overlay, error) {
	there, err := facts.Read(t, "k8s", func(files fs.FS) (bool, error) {
		_, err := fs.Stat(files, "k8s")
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	})
	if err != nil || !there {
		return nil, err
	}
	return deployment.Overlays(t)
}

// setting is what the controller is told, or otherwise what it does when it is told nothing.
func (in *ingress) setting(key, otherwise string) string {
	if v, ok := in.settings[key]; ok {
		return v
	}
	return otherwise
}

const (
	ownConfiguration = "own-configuration"
	unjudgedSetting  = "unjudged-setting"
)

// doorModes are ways to fail of every clause of the door.
func doorModes() []guide.Mode {
	return []guide.Mode{
		noServerMode(),
		{Name: anotherFile, What: "Compose starts nginx with a configuration that is not in the tree, or in a way by which it is not known with which"},
		{Name: ownConfiguration, What: "whoever may write an Ingress can write nginx' configuration by it, or somebody has: whatever the settings say, it can say otherwise"},
		{Name: unjudgedSetting, What: "a setting of the ingress controller, an annotation of an Ingress, or a directive of nginx, is none of those that are known to leave the clause as it is"},
	}
}

// judgedSettings are settings that one of the clauses looks at, harmless those that bear on none.
var (
	judgedSettings = []string{
		"ssl-protocols", "ssl-ciphers", "ssl-ecdh-curve", "hsts", "hsts-max-age", "hsts-include-subdomains", "hsts-preload", "add-headers", "enable-ocsp", "ssl-redirect", "force-ssl-redirect", "use-forwarded-headers",
		"allow-snippet-annotations", "annotations-risk-level",
	}
	harmless = []string{
		"ssl-session-tickets", "ssl-session-cache", "ssl-session-timeout", "ssl-buffer-size", "ssl-prefer-server-ciphers", "hide-headers", "server-tokens",
		"compute-full-forwarded-for", "forwarded-for-header", "proxy-real-ip-cidr", "enable-real-ip", "use-proxy-protocol", "proxy-next-upstream", "proxy-next-upstream-tries",
		"proxy-next-upstream-timeout", "proxy-connect-timeout", "proxy-send-timeout", "proxy-read-timeout", "proxy-body-size", "proxy-buffer-size", "proxy-buffering", "proxy-request-buffering",
		"client-header-timeout", "client-body-timeout", "client-header-buffer-size", "client-body-buffer-size", "large-client-header-buffers", "keep-alive", "keep-alive-requests",
		"limit-req-status-code", "limit-conn-status-code", "limit-rate", "limit-rate-after", "log-format-escape-json", "log-format-upstream", "access-log-path", "error-log-path", "error-log-level",
		"disable-access-log", "worker-processes", "worker-shutdown-timeout", "max-worker-connections", "use-http2", "use-gzip", "enable-brotli", "upstream-keepalive-connections",
		"upstream-keepalive-timeout", "strict-validate-path-type",
	}
	// annotations of an Ingress, after their prefix, that bear on no clause; ssl-redirect and force-ssl-redirect are N11's.
	annotations = []string{
		"ssl-redirect", "force-ssl-redirect", "proxy-body-size", "proxy-read-timeout", "proxy-send-timeout", "proxy-connect-timeout", "proxy-buffering", "proxy-request-buffering", "proxy-buffer-size",
		"limit-rps", "limit-rpm", "limit-connections", "limit-burst-multiplier", "limit-rate", "limit-rate-after", "client-body-buffer-size", "enable-access-log",
	}
)

const annotated = "nginx.ingress.kubernetes.io/"

// undone is what can undo any clause of the door: configuration that others write, and settings of which nobody knows what they do to it.
func (in *ingress) undone() (findings []guide.Finding) {
	add := func(mode, subject string, at guide.Place, format string, args ...any) {
		findings = append(findings, guide.Finding{Mode: mode, Subject: subject, Detail: fmt.Sprintf(format, args...), At: at})
	}
	const controller = "ingress-nginx, its settings"
	if v := in.setting("allow-snippet-annotations", "nothing"); v != "false" {
		add(ownConfiguration, controller, in.at, `it says %s: write allow-snippet-annotations: "false"`, v)
	}
	if v := in.setting("annotations-risk-level", "nothing"); v != "Low" && v != "Medium" {
		add(ownConfiguration, controller, in.at, "it says %s: write annotations-risk-level: Medium, above which are annotations that hold pieces of configuration", v)
	}
	for key := range in.settings {
		switch {
		case slices.Contains(judgedSettings, key) || slices.Contains(harmless, key):
		case strings.HasSuffix(key, "-snippet"):
			add(ownConfiguration, controller, in.at, "take %s away", key)
		default:
			add(unjudgedSetting, controller, in.at, "take %s away: what it does to the door's TLS and headers is not known here", key)
		}
	}
	for _, o := range in.others {
		add(unjudgedSetting, controller, o.at, "%s has other settings of it: keep them in %s", o.overlay, controllerDir)
	}
	for _, w := range in.ways {
		if class := w.Value.Spec.IngressClassName; class != nil && *class != "nginx" {
			add(unjudgedSetting, w.name(), deployment.At(w.Object), "its class is %s: what serves it is not known here", *class)
		}
		for key, value := range w.Value.Annotations {
			short, ours := strings.CutPrefix(key, annotated)
			switch {
			case !strings.Contains(key, "ingress"): // somebody else's
			case ours && slices.Contains(annotations, short):
			case ours && short == "backend-protocol" && value == "HTTP":
			case key == "kubernetes.io/ingress.class" && value == "nginx":
			case ours && strings.HasSuffix(short, "-snippet"):
				add(ownConfiguration, w.name(), deployment.At(w.Object), "take %s away", key)
			default:
				add(unjudgedSetting, w.name(), deployment.At(w.Object), "take %s: %q away: what it does to the door's TLS and headers is not known here", key, value)
			}
		}
	}
	return findings
}
