package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"
)

// Subject is somebody whom the API server lets in: an account's user, or one member of a group.
type Subject struct {
	Name   string // in reports
	User   string
	Groups []string
}

// Account is a ServiceAccount, with the groups that each has.
func Account(namespace, name string) Subject {
	return Subject{"ServiceAccount " + namespace + "/" + name, "system:serviceaccount:" + namespace + ":" + name,
		[]string{"system:serviceaccounts", "system:serviceaccounts:" + namespace, "system:authenticated"}}
}

// Access is something that somebody may want to do.
type Access struct {
	Verb, Group, Resource, Subresource string
	Namespace                          string // empty for what is of the whole cluster
	Name                               string // empty for every object
}

func (a Access) String() string {
	text := a.Verb + " " + a.Resource
	if a.Subresource != "" {
		text += "/" + a.Subresource
	}
	if a.Group != "" {
		text += "." + a.Group
	}
	if a.Name != "" {
		text += " " + a.Name
	}
	return text
}

// furtherVerbs are those that no request has, by which some resources let more be done than a request says
// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#request-verb-resource).
func furtherVerbs(resource string) []string {
	switch resource {
	case "users", "groups", "serviceaccounts", "uids":
		return []string{"impersonate"}
	case "roles", "clusterroles":
		return []string{"bind", "escalate"}
	case "signers":
		return []string{"approve", "sign", "attest"}
	case "certificatesigningrequests":
		return []string{"approve"}
	}
	return nil
}

// Accesses are every verb of every resource that the server has, in the platform's namespace where it is of namespaces.
func (c *Cluster) Accesses(ctx context.Context) ([]Access, error) {
	ctx = quiet(ctx)
	type listed struct {
		lists []*metav1.APIResourceList
		err   error
	}
	out := make(chan listed, 1) // discovery takes no context; it ends by the limit of each request
	go func() {
		_, lists, err := c.server.ServerGroupsAndResources()
		out <- listed{lists, err}
	}()
	var got listed
	select {
	case got = <-out:
	case <-ctx.Done():
		return nil, fmt.Errorf("%s: list the resources: %w", c.Name, ctx.Err())
	}
	if got.err != nil {
		var part *discovery.ErrGroupDiscoveryFailed
		if errors.As(got.err, &part) {
			return nil, fmt.Errorf("%s: not every resource is known: %w", c.Name, got.err)
		}
		return nil, fmt.Errorf("%s: list the resources: %w", c.Name, got.err)
	}
	seen := map[string]bool{}
	var all []Access
	add := func(group, name string, namespaced bool, verbs ...string) {
		if seen[group+"/"+name] {
			return // another version of it
		}
		seen[group+"/"+name] = true
		base, sub, _ := strings.Cut(name, "/")
		a := Access{Group: group, Resource: base, Subresource: sub}
		if namespaced {
			a.Namespace = c.Namespace
		}
		if sub == "" {
			verbs = append(verbs, furtherVerbs(base)...)
		}
		for _, a.Verb = range verbs {
			all = append(all, a)
		}
	}
	for _, list := range got.lists {
		group, _, ok := strings.Cut(list.GroupVersion, "/")
		if !ok {
			group = "" // of the core
		}
		for _, r := range list.APIResources {
			add(group, r.Name, r.Namespaced, r.Verbs...)
		}
	}
	for _, name := range []string{"users", "groups", "uids"} { // which are no resources, and are asked about
		add("", name, false)
	}
	add("certificates.k8s.io", "signers", false)
	for _, verb := range []string{"get", "*"} { // what no list has yet
		all = append(all, Access{Verb: verb, Group: "*", Resource: "*", Namespace: c.Namespace}, Access{Verb: verb, Group: "*", Resource: "*"})
	}
	return all, nil
}

// maxAccesses is how many are asked about in one audit.
const maxAccesses = 100_000

// Allowed are those of the accesses that the server would let the subjects have, by the subject's name. It fails if the server does not answer each.
func (c *Cluster) Allowed(ctx context.Context, subjects []Subject, accesses []Access) (map[string][]Access, error) {
	ctx = quiet(ctx)
	if n := len(subjects) * len(accesses); n > maxAccesses {
		return nil, fmt.Errorf("%s: %d questions of who may do what, more than %d", c.Name, n, maxAccesses)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type question struct{ subject, access int }
	type answer struct {
		question
		allowed bool
		err     error
	}
	questions, answers := make(chan question), make(chan answer)
	for range 2 * together {
		go func() {
			for q := range questions {
				allowed, err := c.allowed(ctx, subjects[q.subject], accesses[q.access])
				answers <- answer{q, allowed, err}
			}
		}()
	}
	go func() {
		defer close(questions)
		for s := range subjects {
			for a := range accesses {
				questions <- question{s, a}
			}
		}
	}()
	found := map[string][]int{}
	var wrong error
	for range len(subjects) * len(accesses) {
		a := <-answers
		switch {
		case a.err != nil && wrong == nil:
			wrong = a.err
			cancel() // the others then end at once
		case a.allowed:
			name := subjects[a.subject].Name
			found[name] = append(found[name], a.access)
		}
	}
	if wrong != nil {
		return nil, wrong
	}
	all := map[string][]Access{}
	for name, list := range found {
		slices.Sort(list)
		for _, i := range list {
			all[name] = append(all[name], accesses[i])
		}
	}
	return all, nil
}

func (c *Cluster) allowed(ctx context.Context, s Subject, a Access) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, fmt.Errorf("%s: ask whether %s may %s: %w", c.Name, s.Name, a, err)
	}
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{User: s.User, Groups: s.Groups, ResourceAttributes: &authorizationv1.ResourceAttributes{
		Namespace: a.Namespace, Verb: a.Verb, Group: a.Group, Resource: a.Resource, Subresource: a.Subresource, Name: a.Name, Version: "*",
	}}}
	told := &authorizationv1.SubjectAccessReview{}
	if err := c.reviews.Post().Resource("subjectaccessreviews").Body(review).Do(ctx).Into(told); err != nil {
		return false, fmt.Errorf("%s: ask whether %s may %s: %w", c.Name, s.Name, a, err)
	}
	if told.Spec.User != s.User {
		return false, fmt.Errorf("%s: whether %s may %s was not answered", c.Name, s.Name, a)
	}
	return told.Status.Allowed, nil
}

// reviewer asks the server who may do what, in the shortest form that it takes: there are thousands of questions.
func reviewer(config *rest.Config) (*rest.RESTClient, error) {
	scheme := runtime.NewScheme()
	if err := authorizationv1.AddToScheme(scheme); err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.GroupVersion, config.APIPath = &authorizationv1.SchemeGroupVersion, "/apis"
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	return rest.RESTClientFor(config)
}
