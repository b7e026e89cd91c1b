package reach

import (
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// maxStrangers is how many parties WithStrangers adds.
const maxStrangers = 500

// WithStrangers adds pods that no manifest has and that somebody could start, so that a policy which is too wide shows even where nobody stands in
// the gap yet: in each namespace of c one without labels, one in a namespace of its own, for each rule whose namespaceSelector is not tied
// to a namespace's name, one with the very labels the rule asks for, and for each rule about pods beside its own policy that finds none of them, one that
// it finds. It returns their names as well; each begins with "stranger". A policy that New
// refuses is passed over here.
func WithStrangers(c Cluster) (Cluster, []string) {
	s := strangers{cluster: c, taken: map[string]bool{}, spaces: map[string]string{}}
	s.cluster.Endpoints, s.cluster.Namespaces = slices.Clone(c.Endpoints), slices.Clone(c.Namespaces)
	spaces := map[string]bool{}
	for _, n := range c.Namespaces {
		spaces[n.Name] = true
	}
	for _, e := range c.Endpoints {
		spaces[namespaceOr(e.Namespace)] = true
		s.taken[e.Name] = true
	}
	for _, r := range c.Ranges {
		s.taken[r.Name] = true
	}
	for _, p := range c.Policies {
		spaces[namespaceOr(p.Namespace)] = true
	}
	s.real = spaces
	for _, name := range slices.Sorted(maps.Keys(spaces)) {
		s.add("stranger in "+name, name, nil)
	}
	s.elsewhere(nil, nil)
	for _, p := range c.Policies {
		for _, r := range p.Spec.Ingress {
			for _, peer := range r.From {
				s.meant(peer.NamespaceSelector, peer.PodSelector)
				s.beside(namespaceOr(p.Namespace), peer)
			}
		}
		for _, r := range p.Spec.Egress {
			for _, peer := range r.To {
				s.meant(peer.NamespaceSelector, peer.PodSelector)
				s.beside(namespaceOr(p.Namespace), peer)
			}
		}
	}
	return s.cluster, s.added
}

type strangers struct {
	cluster Cluster
	added   []string
	taken   map[string]bool   // names of parties
	real    map[string]bool   // namespaces that there are
	spaces  map[string]string // a stranger's namespace by its labels
}

func (s *strangers) add(name, namespace string, pod map[string]string) {
	if s.taken[name] || len(s.added) == maxStrangers {
		return
	}
	s.taken[name] = true
	s.added = append(s.added, name)
	s.cluster.Endpoints = append(s.cluster.Endpoints, Endpoint{Name: name, Namespace: namespace, Labels: pod})
}

// elsewhere adds a stranger in a namespace with just these labels, which no policy of the cluster is in.
func (s *strangers) elsewhere(space, pod map[string]string) {
	name := "stranger elsewhere"
	if len(space) > 0 {
		name = fmt.Sprintf("stranger in a namespace labelled %s", labels.Set(space))
	}
	if len(pod) > 0 {
		name += fmt.Sprintf(", labelled %s", labels.Set(pod))
	}
	s.add(name, s.space(space), pod)
}

func (s *strangers) space(with map[string]string) string {
	k := labels.Set(with).String()
	if s.spaces[k] == "" {
		name := s.free()
		s.real[name] = true
		s.spaces[k] = name
		s.cluster.Namespaces = append(s.cluster.Namespaces, Namespace{Name: name, Labels: with})
	}
	return s.spaces[k]
}

// free is a name that no namespace has.
func (s *strangers) free() string {
	for n := 1; ; n++ {
		if name := fmt.Sprintf("elsewhere-%d", n); !s.real[name] {
			return name
		}
	}
}

// meant adds the stranger that a peer's selectors would find, if there can be one outside the namespaces that are named.
func (s *strangers) meant(space, pod *metav1.LabelSelector) {
	if space == nil || byName(space) || len(s.added) == maxStrangers {
		return
	}
	spaceLabels, ok := satisfy(space)
	if !ok {
		return
	}
	podLabels := map[string]string{}
	if pod != nil {
		if podLabels, ok = satisfy(pod); !ok {
			return
		}
	}
	s.elsewhere(spaceLabels, podLabels)
}

// beside adds the stranger that a rule about pods of its policy's own namespace would find, if it finds none of those that there are.
func (s *strangers) beside(space string, peer networkingv1.NetworkPolicyPeer) {
	if peer.PodSelector == nil || peer.NamespaceSelector != nil {
		return
	}
	selector, err := metav1.LabelSelectorAsSelector(peer.PodSelector)
	if err != nil || slices.ContainsFunc(s.cluster.Endpoints, func(e Endpoint) bool {
		return namespaceOr(e.Namespace) == space && selector.Matches(labels.Set(e.Labels))
	}) {
		return
	}
	if pod, ok := satisfy(peer.PodSelector); ok {
		s.add(fmt.Sprintf("stranger in %s, labelled %s", space, labels.Set(pod)), space, pod)
	}
}

// byName tells whether a selector finds only namespaces of certain names.
func byName(s *metav1.LabelSelector) bool {
	if _, ok := s.MatchLabels[corev1.LabelMetadataName]; ok {
		return true
	}
	return slices.ContainsFunc(s.MatchExpressions, func(r metav1.LabelSelectorRequirement) bool {
		return r.Key == corev1.LabelMetadataName && r.Operator == metav1.LabelSelectorOpIn
	})
}

// satisfy finds labels that a selector selects, as few as it asks for; false if there are none, or it is no selector.
func satisfy(s *metav1.LabelSelector) (map[string]string, bool) {
	selector, err := metav1.LabelSelectorAsSelector(s)
	if err != nil {
		return nil, false
	}
	found := maps.Clone(s.MatchLabels)
	if found == nil {
		found = map[string]string{}
	}
	choices := map[string][]string{} // values that each In leaves, by key
	barred := map[string][]string{}
	for _, r := range s.MatchExpressions {
		switch r.Operator {
		case metav1.LabelSelectorOpIn:
			if before, ok := choices[r.Key]; ok {
				choices[r.Key] = slices.DeleteFunc(slices.Clone(before), func(v string) bool { return !slices.Contains(r.Values, v) })
			} else {
				choices[r.Key] = r.Values
			}
		case metav1.LabelSelectorOpNotIn:
			barred[r.Key] = append(barred[r.Key], r.Values...)
		}
	}
	for key, values := range choices {
		for _, v := range values {
			if _, ok := found[key]; !ok && !slices.Contains(barred[key], v) {
				found[key] = v
			}
		}
	}
	for _, r := range s.MatchExpressions {
		if _, ok := found[r.Key]; r.Operator == metav1.LabelSelectorOpExists && !ok {
			found[r.Key] = unlike(barred[r.Key])
		}
	}
	return found, selector.Matches(labels.Set(found))
}

// unlike is a label's value that is not in the list.
func unlike(list []string) string {
	for n := 0; ; n++ {
		if v := fmt.Sprintf("x%d", n); !slices.Contains(list, v) {
			return v
		}
	}
}
