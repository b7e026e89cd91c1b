package kube

import "slices"

// Together is a set with the objects of others, which somebody applies to the same cluster. It is still of the set's own folders.
func (s *Set) Together(others ...*Set) *Set {
	all := *s
	for _, o := range others {
		all.objects = slices.Concat(all.objects, o.objects)
		all.Unread = slices.Concat(all.Unread, o.Unread)
	}
	return &all
}
