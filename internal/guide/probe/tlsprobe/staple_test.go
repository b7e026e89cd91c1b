package tlsprobe

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"
)

func TestStapledResponsesAreChecked(t *testing.T) {
	ours, other := newCA(t, "ECDSA"), newCA(t, "ECDSA")
	own := ours.issue(t, leaf{responder: "http://127.0.0.1:1", mustStaple: true})
	delegate, server, foreign := ours.issue(t, leaf{ocsp: true}), ours.issue(t, leaf{}), other.issue(t, leaf{ocsp: true})
	old := ours.issue(t, leaf{ocsp: true, from: -48 * time.Hour, to: -time.Hour})
	good := ours.response(t, own.Leaf, nil, nil)
	forged := bytes.Clone(good)
	forged[len(forged)-1] ^= 1
	for name, c := range map[string]struct {
		raw     []byte
		issuer  *x509.Certificate
		problem Problem
		status  Status
	}{
		"good":                          {good, ours.cert, "", Good},
		"by a delegate":                 {ours.response(t, own.Leaf, &delegate, nil), ours.cert, "", Good},
		"with the issuer's certificate": {ours.response(t, own.Leaf, nil, func(r *ocsp.Response) { r.Certificate = ours.cert }), ours.cert, "", Good},
		"revoked":                       {ours.response(t, own.Leaf, nil, func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, time.Now() }), ours.cert, "", Revoked},
		"unknown":                       {ours.response(t, own.Leaf, nil, func(r *ocsp.Response) { r.Status = ocsp.Unknown }), ours.cert, "", Unknown},
		"without an end":                {ours.response(t, own.Leaf, nil, func(r *ocsp.Response) { r.NextUpdate = time.Time{} }), ours.cert, "", Good},
		"expired":                       {ours.response(t, own.Leaf, nil, func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(-time.Second) }), ours.cert, Expired, Good},
		"of tomorrow":                   {ours.response(t, own.Leaf, nil, func(r *ocsp.Response) { r.ThisUpdate = time.Now().Add(time.Hour) }), ours.cert, NotYet, Good},
		"of another certificate":        {ours.response(t, server.Leaf, nil, nil), ours.cert, OtherCertificate, ""},
		"of another issuer":             {other.response(t, own.Leaf, nil, nil), ours.cert, NotFromIssuer, Good},
		"by another's delegate":         {other.response(t, own.Leaf, &foreign, nil), ours.cert, NotFromIssuer, Good},
		"by any certificate of ours":    {ours.response(t, own.Leaf, &server, nil), ours.cert, NotFromIssuer, Good},
		"by a delegate of yesterday":    {ours.response(t, own.Leaf, &old, nil), ours.cert, NotFromIssuer, Good},
		"forged":                        {forged, ours.cert, NotFromIssuer, Good},
		"from an issuer nobody knows":   {good, nil, NoIssuer, Good},
		"an error":                      {ocsp.TryLaterErrorResponse, ours.cert, ErrorStatus, ""},
		"garbage":                       {[]byte("no response"), ours.cert, Unreadable, ""},
		"half":                          {good[:len(good)/2], ours.cert, Unreadable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := staple(c.raw, own.Leaf, c.issuer, time.Now())
			if !got.Stapled || got.Problem != c.problem || got.Status != c.status || (got.Detail == "") != (c.problem == "") {
				t.Errorf("got %+v, want problem %q and status %q", got, c.problem, c.status)
			}
			if !got.MustStaple || !slices.Equal(got.Responders, []string{"http://127.0.0.1:1"}) {
				t.Errorf("of the certificate: %+v", got)
			}
		})
	}
}

// stapler is a server that does as nginx does: when a client asks, it begins to fetch a response, and staples it from then on.
type stapler struct {
	t         *testing.T
	authority *ca
	own       tls.Certificate
	mu        sync.Mutex
	asked     int
	late      int // handshakes that go without, after the first
}

func (s *stapler) certificate(info *tls.ClientHelloInfo) (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	const statusRequest = 5
	if !slices.Contains(info.Extensions, statusRequest) { // a hello of our own
		return &s.own, nil
	}
	if s.asked++; s.asked == s.late+1 {
		s.own.OCSPStaple = s.fetch()
		without := s.own
		without.OCSPStaple = nil
		return &without, nil
	}
	return &s.own, nil
}

func (s *stapler) fetch() []byte {
	request, err := ocsp.CreateRequest(s.own.Leaf, s.authority.cert, nil)
	if err != nil {
		s.t.Error(err)
		return nil
	}
	response, err := http.Post(s.own.Leaf.OCSPServer[0], "application/ocsp-request", bytes.NewReader(request))
	if err != nil {
		s.t.Error(err)
		return nil
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Error(err)
	}
	return body
}

func TestStaplingComesWithALaterHandshake(t *testing.T) {
	authority := newCA(t, "ECDSA")
	url := authority.responder(t)
	for _, late := range []int{0, 2} {
		s := &stapler{t: t, authority: authority, own: authority.issue(t, leaf{responder: url}), late: late}
		// The issuer is not shown: it is found among the roots.
		facts := lookAt(t, &tls.Config{GetCertificate: s.certificate}, Target{Name: "escrow.example", Roots: authority.roots()})
		got := facts.Chains[0].Staple
		if !got.Stapled || got.Problem != "" || got.Status != Good || got.Handshakes != late+2 {
			t.Errorf("%d late: %+v", late, got)
		}
	}
}

func TestNothingStapled(t *testing.T) {
	authority := newCA(t, "ECDSA")
	for name, c := range map[string]struct {
		leaf  leaf
		tries int
	}{
		"no responder in the certificate": {leaf{}, stapleTriesUnnamed},
		"a responder, and no stapling":    {leaf{responder: authority.responder(t)}, stapleTries},
		"must staple, and does not":       {leaf{mustStaple: true}, stapleTriesUnnamed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits
			facts := lookAt(t, &tls.Config{Certificates: []tls.Certificate{authority.issue(t, c.leaf)}}, Target{Name: "escrow.example", Roots: authority.roots()})
			got := facts.Chains[0].Staple
			if got.Stapled || got.Problem != "" || got.Status != "" || got.Handshakes != c.tries || (len(got.Responders) > 0) != (c.leaf.responder != "") || got.MustStaple != c.leaf.mustStaple {
				t.Errorf("%+v", got)
			}
		})
	}
}
