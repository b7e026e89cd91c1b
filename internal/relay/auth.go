package relay

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// Keys are the secrets that both ends know. The first one signs; each of them is accepted, so that the file can change at one end before
// the other (secret.File.Values).
type Keys func() []secret.Secret

// known are the keys without empty ones: a HMAC under no key is one that everybody can make.
func (k Keys) known() []secret.Secret {
	return slices.DeleteFunc(slices.Clone(k()), func(s secret.Secret) bool { return s.Reveal() == "" })
}

// The headers of a call and its answer. The secret itself never travels: each end proves that it knows it, by a HMAC-SHA256 over what it
// says. The nonce binds an answer to its question, and together with the time keeps a call from being made again by who has overheard it.
const (
	headerTime      = "Relay-Time"      // unix seconds
	headerNonce     = "Relay-Nonce"     // 32 hex digits, new in each call
	headerSignature = "Relay-Signature" // 64 hex digits
)

const (
	maxSkew   = 60 * time.Second // between the clocks of both ends
	nonceSize = 16
	maxNonces = 1 << 18 // remembered at once; more calls within maxSkew are refused
)

// errUnproven is why a call or an answer is not taken. It does not say which part was wrong.
var errUnproven = errors.New("not signed by the relay's shared secret")

func signature(key secret.Secret, parts ...string) string {
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	for _, part := range parts {
		// The length before each part keeps two lists of parts from being the same bytes.
		fmt.Fprintf(mac, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(mac.Sum(nil))
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func callSignature(key secret.Secret, path, at, nonce string, body []byte) string {
	return signature(key, "call", path, at, nonce, digest(body))
}

func answerSignature(key secret.Secret, nonce string, status int, body []byte) string {
	return signature(key, "answer", nonce, strconv.Itoa(status), digest(body))
}

// sign puts the proof on a call and returns its nonce.
func sign(r *http.Request, key secret.Secret, now time.Time, rand io.Reader, body []byte) (nonce string, err error) {
	raw := make([]byte, nonceSize)
	if _, err := io.ReadFull(rand, raw); err != nil {
		return "", fmt.Errorf("no randomness for a nonce: %w", err)
	}
	at, nonce := strconv.FormatInt(now.Unix(), 10), hex.EncodeToString(raw)
	r.Header.Set(headerTime, at)
	r.Header.Set(headerNonce, nonce)
	r.Header.Set(headerSignature, callSignature(key, r.URL.Path, at, nonce, body))
	return nonce, nil
}

// verify is the key that a call is signed with. A nonce is good once.
func (s *seen) verify(r *http.Request, keys []secret.Secret, now time.Time, body []byte) (secret.Secret, error) {
	at, nonce := r.Header.Get(headerTime), r.Header.Get(headerNonce)
	for _, key := range keys {
		if !hmac.Equal([]byte(r.Header.Get(headerSignature)), []byte(callSignature(key, r.URL.Path, at, nonce, body))) {
			continue
		}
		sent, err := strconv.ParseInt(at, 10, 64)
		if err != nil || now.Sub(time.Unix(sent, 0)).Abs() > maxSkew {
			return secret.Secret{}, fmt.Errorf("the call is of another time than %d: set both clocks: %w", now.Unix(), errUnproven)
		}
		if !s.first(nonce, now) {
			return secret.Secret{}, fmt.Errorf("the call has been made before: %w", errUnproven)
		}
		return key, nil
	}
	return secret.Secret{}, errUnproven
}

// seen remembers nonces for as long as their time is good: two halves, of which the older one is dropped when the newer one is that old.
type seen struct {
	mu    sync.Mutex
	since time.Time
	newer map[string]bool
	older map[string]bool
}

func (s *seen) first(nonce string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A call may be from maxSkew ahead of us, and is then good for twice that.
	if s.newer == nil || now.Sub(s.since).Abs() > 2*maxSkew {
		s.since, s.newer, s.older = now, map[string]bool{}, s.newer
	}
	if s.newer[nonce] || s.older[nonce] || len(s.newer) >= maxNonces {
		return false
	}
	s.newer[nonce] = true
	return true
}
