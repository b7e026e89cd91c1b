package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/localnet/ledger"
	"github.com/Abdullahi130/StellarEscrow/internal/localnet/node"
)

const maxAdvanceSeconds = int64(node.MaxAdvance / time.Second)

// advanceMethodName is the one method that no real network has.
const advanceMethodName = "advance"

// AdvanceRequest moves the clock forward: by seconds, or to a Unix time. One of them is given.
type AdvanceRequest struct {
	Seconds *int64
	To      *int64
}

// UnmarshalJSON reads {"seconds": N} or {"to": N}. It is stricter than encoding/json: whoever writes a name in another case, or twice, means
// something that would not happen. The errors are for whoever wrote it.
func (q *AdvanceRequest) UnmarshalJSON(text []byte) error {
	*q = AdvanceRequest{}
	in := json.NewDecoder(bytes.NewReader(text))
	if open, err := in.Token(); err != nil || open != json.Delim('{') {
		return errors.New("it is no object")
	}
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return err
		}
		into := map[any]**int64{"seconds": &q.Seconds, "to": &q.To}[name]
		if into == nil {
			return fmt.Errorf("there is no field %.40q", name)
		}
		if *into != nil {
			return fmt.Errorf("%s is given twice", name)
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(value), 10, 64)
		if errors.Is(err, strconv.ErrRange) {
			return fmt.Errorf("%s is too large", name)
		}
		if err != nil {
			return fmt.Errorf("%s is %.40s, and has to be a whole number", name, value)
		}
		*into = &n
	}
	return nil
}

// AdvanceResponse is the last ledger after that.
type AdvanceResponse struct {
	LatestLedger          uint32 `json:"latestLedger"`
	LatestLedgerCloseTime int64  `json:"latestLedgerCloseTime,string"`
}

// Advance moves the network's clock, for the HTTP door beside JSON-RPC.
func (s *Server) Advance(q AdvanceRequest) (AdvanceResponse, error) {
	last, err := s.advanced(q, s.net.Now().Unix())
	if errors.Is(err, node.ErrTooFar) {
		err = invalidParams(err)
	}
	if err != nil {
		return AdvanceResponse{}, err
	}
	return AdvanceResponse{LatestLedger: last.Sequence(), LatestLedgerCloseTime: last.CloseTime()}, nil
}

func (s *Server) advanced(q AdvanceRequest, now int64) (last ledger.Closed, err error) {
	switch {
	case q.Seconds != nil && q.To != nil:
		return last, invalidParams(errors.New("give seconds or to, not both"))
	case q.Seconds == nil && q.To == nil:
		return last, invalidParams(errors.New(`give {"seconds": N}, how far the clock goes, or {"to": N}, the Unix time it goes to`))
	case q.Seconds != nil && (*q.Seconds < 0 || *q.Seconds > maxAdvanceSeconds):
		return last, invalidParams(fmt.Errorf("seconds must be between 0 and %d: the clock does not go back, and five years at most go at once", maxAdvanceSeconds))
	case q.Seconds != nil:
		return s.net.Advance(time.Duration(*q.Seconds) * time.Second)
	case *q.To < now:
		return last, invalidParams(fmt.Errorf("to is %d, and the network's clock stands at %d: it does not go back", *q.To, now))
	case *q.To > now+maxAdvanceSeconds:
		return last, invalidParams(fmt.Errorf("to must be a Unix time, at most %d s from now, %d", maxAdvanceSeconds, now))
	}
	return s.net.AdvanceTo(time.Unix(*q.To, 0))
}

func (s *Server) advance(_ context.Context, q AdvanceRequest) (AdvanceResponse, error) {
	return s.Advance(q)
}
