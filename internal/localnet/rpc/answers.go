package rpc

import (
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
)

// smallAnswer is what an answer may have, in bytes, when the others have taken all there is: what a call has done is told, and the
// calls of a batch are counted.
const smallAnswer = 64 << 10

// answers is the body of one response while it is written.
type answers struct {
	w     http.ResponseWriter
	batch bool
	begun bool
	gone  bool        // the client: nothing more is written
	full  atomic.Bool // an answer did not fit

	mu   sync.Mutex
	left int // bytes
}

// fits takes n bytes of what is left for results. If they are not there, it says so from then on in full.
func (a *answers) fits(n int) bool {
	if n <= smallAnswer {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if n > a.left {
		a.full.Store(true)
		return false
	}
	a.left -= n
	return true
}

// add writes the answer to one call, unless none is wanted.
func (a *answers) add(r reply) {
	if r.id == "" || a.gone {
		return
	}
	head, body := `{"jsonrpc":"2.0","id":`+r.id+`,"result":`, r.result
	if r.err != nil {
		head = `{"jsonrpc":"2.0","id":` + r.id + `,"error":`
		body, _ = json.Marshal(r.err) // a number and two texts always encode
	}
	switch {
	case a.begun:
		head = "," + head
	case a.batch:
		head = "[" + head
	default:
		a.w.Header().Set("Content-Length", strconv.Itoa(len(head)+len(body)+len("}")))
	}
	if !a.begun {
		a.begun = true
		a.w.Header().Set("Content-Type", "application/json")
		a.w.WriteHeader(http.StatusOK)
	}
	a.write([]byte(head), body, []byte("}"))
}

// close ends the body: no content if nobody wanted an answer.
func (a *answers) close() {
	switch {
	case !a.begun:
		a.w.WriteHeader(http.StatusNoContent)
	case a.batch:
		a.write([]byte("]"))
	}
}

func (a *answers) write(parts ...[]byte) {
	for _, p := range parts {
		if _, err := a.w.Write(p); err != nil {
			a.gone = true
			return
		}
	}
}
