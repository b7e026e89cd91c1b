package sponsor

import (
	"errors"
	"fmt"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/payer"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/signer"
	"github.com/Abdullahi130/StellarEscrow/internal/relay"
	"github.com/Abdullahi130/StellarEscrow/internal/stellar"
	"github.com/Abdullahi130/StellarEscrow/internal/store"
)

// answer makes of an error what it is to whoever has asked, and counts it.
func (s *Sponsor) answer(out relay.Sponsorship, err error) (relay.Sponsorship, error) {
	if err == nil {
		s.paid.Inc()
		return out, nil
	}
	var told *refusal
	var failed *payer.FailedError
	var rejected *payer.RejectedError
	reason := reasonOther
	switch {
	case errors.As(err, &told):
		reason = told.reason
	case errors.As(err, &failed):
		s.refusals.WithLabelValues(reasonFails).Inc()
		return relay.Sponsorship{Failure: &failed.Failure}, nil
	case errors.As(err, &rejected):
		s.refusals.WithLabelValues(reasonRejected).Inc()
		return relay.Sponsorship{Hash: rejected.Hash, State: relay.SubmissionRejected, Code: rejected.Code, Detail: rejected.Detail}, nil
	case errors.Is(err, store.ErrSpent):
		reason, err = reasonSpent, fmt.Errorf("%w: ask again after midnight (UTC), or let the trader's own account pay: %w", relay.ErrSpent, err)
	case errors.Is(err, payer.ErrTooDear):
		reason, err = reasonDear, fmt.Errorf("%w: %w", relay.ErrNotOffered, err)
	case errors.Is(err, signer.ErrNotMine):
		reason, err = reasonKey, fmt.Errorf("%w: %w", relay.ErrNotOffered, err)
	case errors.Is(err, stellar.ErrTree):
		reason, err = reasonInvalid, fmt.Errorf("%w: %w", relay.ErrInvalid, err)
	case errors.Is(err, payer.ErrBusy):
		reason, err = reasonBusy, fmt.Errorf("%w: %w", relay.ErrBusy, err)
	case errors.Is(err, store.ErrUnavailable):
		err = fmt.Errorf("%w: %w", relay.ErrUnavailable, err)
	case errors.Is(err, payer.ErrNoAccount), errors.Is(err, payer.ErrStopped):
		s.c.Log.Error("sponsoring is out of order", "err", err)
		err = fmt.Errorf("%w: %w", relay.ErrUnavailable, err)
	}
	s.refusals.WithLabelValues(reason).Inc()
	return relay.Sponsorship{}, err
}
