package app

import (
	"net/http"
	"sync/atomic"
)

// door is where a handler will be: until it is opened, closed answers.
type door struct {
	closed http.Handler
	opened atomic.Pointer[http.Handler]
}

func (d *door) open(h http.Handler) { d.opened.Store(&h) }

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := d.opened.Load(); h != nil {
		(*h).ServeHTTP(w, r)
		return
	}
	d.closed.ServeHTTP(w, r)
}
