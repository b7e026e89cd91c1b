package facts

import "sync"

// Uses are the facts that somebody went by.
type Uses struct {
	mu    sync.Mutex
	facts map[string]*fact
}

// Noting is the tree by a way of its own: what is read by that way is noted in uses.
func (t *Tree) Noting() (*Tree, *Uses) {
	uses := &Uses{facts: map[string]*fact{}}
	return &Tree{t.state, uses}, uses
}

// Same tells whether each of the facts is the tree's too: read of files of which none is changed. Whoever went by nothing else would come to the same again.
func (t *Tree) Same(uses *Uses) bool {
	uses.mu.Lock()
	defer uses.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, f := range uses.facts {
		if t.known[key] != f {
			return false
		}
	}
	return true
}

// note may be called of nil, which notes nothing.
func (u *Uses) note(key string, f *fact) {
	if u == nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.facts[key] = f
}
