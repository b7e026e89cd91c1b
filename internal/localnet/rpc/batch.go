package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/creachadair/jrpc2"
	protocol "github.com/stellar/go-stellar-sdk/protocols/rpc"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

// call is one method: from a call to the JSON of its result.
type call func(context.Context, *jrpc2.Request) (json.RawMessage, error)

// reply is the end of one call.
type reply struct {
	id     string // as the client wrote it, empty if no answer is wanted
	result json.RawMessage
	err    *jrpc2.Error
}

// answer runs the calls of one request, a few at a time, and writes each answer as soon as those before it are written: a batch takes
// no more memory than inFlight answers do, however large it is in all.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, calls []*jrpc2.ParsedRequest) {
	if len(calls) == 0 {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	ctx, leave, ok := s.enter(r.Context())
	if !ok {
		refuse(w, http.StatusServiceUnavailable, jrpc2.InternalError, node.ErrClosed.Error())
		return
	}
	defer leave()

	out := &answers{w: w, left: s.limits.answerBytes, batch: calls[0].Batch}
	ends := make(chan chan reply, inFlight-1)
	go func() {
		defer close(ends)
		for _, c := range calls {
			end := make(chan reply, 1)
			ends <- end // everything is answered, also when ctx ends
			go func() { end <- s.run(ctx, c, out) }()
		}
	}()
	for end := range ends {
		out.add(<-end)
	}
	out.close()
}

// run makes one call and waits for its end.
func (s *Server) run(ctx context.Context, c *jrpc2.ParsedRequest, out *answers) reply {
	if c.Error != nil {
		id := c.ID
		if id == "" {
			id = "null"
		}
		return reply{id: id, err: c.Error}
	}
	end := reply{id: c.ID}
	m, ok := s.methods[c.Method]
	switch {
	case c.Method == "":
		end.err = &jrpc2.Error{Code: jrpc2.InvalidRequest, Message: "empty method name"}
		return end
	case !ok:
		end.err = &jrpc2.Error{Code: jrpc2.MethodNotFound, Message: jrpc2.MethodNotFound.String()}
		return end
	case out.full.Load() && lists[c.Method]: // it would be made to be thrown away
		end.err = TooMuch(s.limits.answerBytes)
		return end
	}
	places := s.places
	if lists[c.Method] {
		places = s.lists
	}
	var err error
	select {
	case places <- struct{}{}:
		if err = ctx.Err(); err == nil {
			end.result, err = m(ctx, c.ToRequest())
		}
		<-places
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		end.result = nil
		if !errors.As(err, &end.err) {
			end.err = &jrpc2.Error{Code: jrpc2.InternalError, Message: err.Error()}
		}
		return end
	}
	if !out.fits(len(end.result)) {
		return reply{id: c.ID, err: TooMuch(s.limits.answerBytes)}
	}
	return end
}

// TooMuch is the end of a call whose answer would make those to its request longer than so many bytes.
func TooMuch(answerBytes int) *jrpc2.Error {
	return jrpc2.Errorf(jrpc2.InvalidRequest, "the answers to one request have at most %d bytes, and with this one they would be more: ask for less, or in several requests", answerBytes)
}

// networkRequest is that of getNetwork with the address that the client reached us by, which nobody sends: parse adds it.
type networkRequest struct {
	Host string `json:"host"`
}

func parse(body []byte, host string) ([]*jrpc2.ParsedRequest, error) {
	calls, err := jrpc2.ParseRequests(body)
	for _, c := range calls {
		if c.Method == protocol.GetNetworkMethodName {
			c.Params, _ = json.Marshal(networkRequest{host}) // a string always encodes
		}
	}
	return calls, err
}
