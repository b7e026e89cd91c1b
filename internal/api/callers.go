package api

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/keys"
)

// Keys tells whose key is offered from an address; keys.ErrUnknown, or keys.ErrAddress with whose it is. keys.Ring is one.
type Keys interface {
	Whose(key string, from netip.Addr) (keys.Caller, error)
}

// Nobody has to show a key: every route is public so far. But who shows one is known by it from then on, and one that is not good is refused rather than
// overlooked: an integrator whose key was revoked learns it, and who tries keys out is counted (docs/guide.md M1, M2).

// anonymous is the kind of a caller who shows no key.
const anonymous keys.Kind = "anonymous"

// unidentified is the kind of a caller whose key was refused.
const unidentified keys.Kind = "refused"

// Why a caller was refused, as metrics have it.
const (
	refusedForm    = "form"    // what is in Authorization is no key
	refusedUnknown = "unknown" // nobody's, or revoked
	refusedAddress = "address" // somebody's, from where it may not be used
)

// identify tells who calls; a problem if the key that is shown is not good.
func (e *edge) identify(ctx context.Context, r *http.Request) (keys.Caller, *Problem) {
	shown := r.Header.Values("Authorization")
	if e.keys == nil || len(shown) == 0 {
		return keys.Caller{Kind: anonymous}, nil
	}
	refused := keys.Caller{Kind: unidentified}
	key, ok := bearer(shown)
	if !ok {
		e.metrics.refused(refusedForm, refused)
		p := problemOf(ctx, kindUnknownKey)
		p.Detail = "what stands in Authorization is not Bearer and one key"
		return refused, p
	}
	from := clientAddress(r, e.proxies)
	who, err := e.keys.Whose(key, from)
	switch {
	case err == nil:
		e.metrics.known(who)
		return who, nil
	case errors.Is(err, keys.ErrAddress):
		e.metrics.refused(refusedAddress, who)
		e.log.WarnContext(ctx, "a key was shown from an address that it may not be used from", "request", requestID(ctx), "caller", who.Name, "from", from.String())
		return refused, problemOf(ctx, kindKeyAddress)
	}
	e.metrics.refused(refusedUnknown, refused)
	e.log.InfoContext(ctx, "a key that is not known was shown", "request", requestID(ctx), "from", from.String())
	return refused, problemOf(ctx, kindUnknownKey)
}

// bearer is the key in Authorization (RFC 6750, 2.1).
func bearer(headers []string) (key string, ok bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, key, _ := strings.Cut(headers[0], " ")
	key = strings.TrimSpace(key)
	return key, strings.EqualFold(scheme, "Bearer") && key != "" && !strings.ContainsAny(key, " \t,")
}

// maxForwarded is how many addresses of X-Forwarded-For are looked at, from the right.
const maxForwarded = 16

// clientAddress is who is at the other end: whoever has connected or, if that is a proxy of ours, whom it names. Only what our own proxies have written is
// believed, which stands on the right of X-Forwarded-For; the first address from there that is none of theirs is the caller's. The zero address is of nobody.
func clientAddress(r *http.Request, proxies []netip.Prefix) netip.Addr {
	connected, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := connected.Addr().Unmap()
	forwarded := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(forwarded) - 1; i >= max(0, len(forwarded)-maxForwarded) && ours(at, proxies); i-- {
		next, err := netip.ParseAddr(strings.TrimSpace(forwarded[i]))
		if err != nil {
			break
		}
		at = next.Unmap()
	}
	return at
}

func ours(at netip.Addr, proxies []netip.Prefix) bool {
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}
