package tlsprobe

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Staple is what a server says of its own certificate by a response of its issuer's OCSP responder (RFC 6066 §8). A server whose
// certificate names no responder can staple nothing that it fetched (docs/guide.md N14): that is no fault of the server's, and no pass.
type Staple struct {
	Responders []string // that the certificate names
	MustStaple bool
	// Stapled tells that a response came, in the handshake with this number; without one, Handshakes is how many were tried.
	Stapled    bool
	Handshakes int
	// Problem is why the response is worth nothing; empty if it is signed for the issuer, about this certificate, and current.
	Problem Problem
	Detail  string // of the problem, in words
	// Of a response that could be read, whatever its problem.
	Status                 Status
	ThisUpdate, NextUpdate time.Time // NextUpdate may be zero: newer information is always there
	ProducedAt             time.Time
}

// Status is what a response says of the certificate.
type Status string

const (
	Good    Status = "good"
	Revoked Status = "revoked"
	Unknown Status = "unknown"
)

// Problem is a way for a response to be worth nothing.
type Problem string

const (
	Unreadable       Problem = "unreadable"          // or its own certificate did not sign it
	ErrorStatus      Problem = "error response"      // try later, unauthorized: the responder did not answer
	OtherCertificate Problem = "other certificate"   // it speaks of another serial number
	NoIssuer         Problem = "no issuer"           // the issuer is neither shown nor among the roots, so the signature says nothing
	NotFromIssuer    Problem = "not from the issuer" // neither signed by it nor by whom it lets sign
	NotYet           Problem = "not yet"
	Expired          Problem = "expired"
)

// staple reads and checks a response. An empty one was not stapled. issuer is nil if it is not known.
func staple(raw []byte, own, issuer *x509.Certificate, now time.Time) Staple {
	s := Staple{Responders: own.OCSPServer, MustStaple: mustStaple(own), Stapled: len(raw) > 0}
	if !s.Stapled {
		return s
	}
	response, err := ocsp.ParseResponseForCert(raw, own, nil)
	var refused ocsp.ResponseError
	switch {
	case errors.As(err, &refused):
		s.Problem, s.Detail = ErrorStatus, refused.Status.String()
		return s
	case err != nil:
		s.Problem, s.Detail = Unreadable, err.Error()
		if other, bad := ocsp.ParseResponse(raw, nil); bad == nil && other.SerialNumber.Cmp(own.SerialNumber) != 0 {
			s.Problem, s.Detail = OtherCertificate, "serial number "+other.SerialNumber.Text(16)
		}
		return s
	}
	s.ThisUpdate, s.NextUpdate, s.ProducedAt = response.ThisUpdate, response.NextUpdate, response.ProducedAt
	s.Status = map[int]Status{ocsp.Good: Good, ocsp.Revoked: Revoked}[response.Status]
	if s.Status == "" {
		s.Status = Unknown
	}
	if issuer == nil {
		s.Problem, s.Detail = NoIssuer, own.Issuer.String()
		return s
	}
	switch err := signedFor(issuer, response, now); {
	case err != nil:
		s.Problem, s.Detail = NotFromIssuer, err.Error()
	case now.Before(s.ThisUpdate):
		s.Problem, s.Detail = NotYet, "from "+s.ThisUpdate.UTC().Format(time.RFC3339)
	case !s.NextUpdate.IsZero() && !now.Before(s.NextUpdate):
		s.Problem, s.Detail = Expired, "until "+s.NextUpdate.UTC().Format(time.RFC3339)
	}
	return s
}

// signedFor checks RFC 6960 §4.2.2.2: the issuer signs itself, or names who may by a certificate for just that, which x/crypto/ocsp does
// not look at. That the embedded certificate has signed the response was checked when it was read.
func signedFor(issuer *x509.Certificate, response *ocsp.Response, now time.Time) error {
	signer := response.Certificate
	switch {
	case signer == nil:
		return response.CheckSignatureFrom(issuer)
	case signer.Equal(issuer):
		return nil
	case !slices.Contains(signer.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("its signer's certificate is not for OCSP")
	case now.Before(signer.NotBefore) || now.After(signer.NotAfter):
		return errors.New("its signer's certificate is not valid now")
	}
	return issuer.CheckSignature(signer.SignatureAlgorithm, signer.RawTBSCertificate, signer.Signature)
}
