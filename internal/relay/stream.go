package relay

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// StreamEntry is one entry of the indexer's feed as it travels: its place, the exact bytes that were hashed, and their SHA-256. What the
// bytes say, and whether they name the entry before, is internal/feed's to tell.
type StreamEntry struct {
	Seq     int64 // from 1, without holes
	Payload []byte
	Hash    [sha256.Size]byte
}

// StreamSource is where the indexer takes the entries from.
type StreamSource interface {
	// StreamHead is the number of the last entry there is, 0 while there is none.
	StreamHead(ctx context.Context) (int64, error)
	// StreamAfter yields every entry above after, in order and without end: those that are there, then each new one as it comes. It ends
	// with ctx, or with an error, which it yields last.
	StreamAfter(ctx context.Context, after int64) iter.Seq2[StreamEntry, error]
}

// StreamPath is where the live stream is served, below Path: POST with {"after": N}, signed as every call is. The answer is JSON, one line
// for each entry above N, and a beat whenever nothing else was said for a while:
//
//	{"mac":"…","kind":"entry","seq":N+1,"hash":"…","payload":{…}}
//	{"mac":"…","kind":"beat","seq":N+1}
//	{"mac":"…","kind":"end","seq":N+1,"why":"…"}
//
// The mac is a HMAC under the key that the call was signed with, over the call's nonce, the line's number in this answer and everything
// behind the mac. So nobody in between can change, leave out, repeat or exchange lines, or put in those of another answer. That nothing
// was cut off at the end shows in the last line's kind: it is end, or the stream has broken.
const StreamPath = Path + "stream"

// The bounds of a stream.
const (
	maxStreamCall = 4 << 10
	maxStreamLine = 1 << 20
	// maxStreams is how many an indexer has open at once; each is a reader of the store.
	maxStreams = 100
	// streamBeat is the longest that an answer is silent, streamSilence what a client puts up with.
	streamBeat    = 15 * time.Second
	streamSilence = 3 * streamBeat
	// streamWrite is how long a reader may take to make room for more; who is slower is cut off, and goes on later where it was.
	streamWrite = 10 * time.Second
	// streamAge is how long one answer goes on, so that a secret which is no longer good opens no door for longer than this.
	streamAge = secret.Overlap
)

// streamCall is what a call for the stream says.
type streamCall struct {
	After int64 `json:"after"`
}

// lineKind is what a line of the answer is.
type lineKind string

const (
	lineEntry lineKind = "entry"
	lineBeat  lineKind = "beat" // Seq is the last entry's above
	lineEnd   lineKind = "end"  // the same; nothing follows, by the indexer's own will
)

// streamLine is a line of the answer without its mac.
type streamLine struct {
	Kind    lineKind        `json:"kind"`
	Seq     int64           `json:"seq"`
	Hash    string          `json:"hash,omitempty"`
	Payload json.RawMessage `json:"payload,omitempty"`
	Why     string          `json:"why,omitempty"`
}

// lineKey makes and checks the macs of one answer.
type lineKey struct {
	key   secret.Secret
	nonce string // of the call
	n     int64  // of the next line
}

func (k *lineKey) mac(rest []byte) string {
	return signature(k.key, "stream", k.nonce, strconv.FormatInt(k.n, 10), digest(rest))
}

// What stands before and behind the mac, which is 64 hex digits.
const (
	macBefore = `{"mac":"`
	macBehind = `",`
	macEnd    = len(macBefore) + 2*sha256.Size
)

// write is a line as it travels, its line end included.
func (k *lineKey) write(l streamLine) ([]byte, error) {
	var text bytes.Buffer
	text.WriteString(macBefore)
	text.Write(make([]byte, 2*sha256.Size))
	text.WriteString(macBehind)
	rest := text.Len()
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // the payload has been hashed as it is
	if err := enc.Encode(l); err != nil {
		return nil, fmt.Errorf("entry %d: %w: %w", l.Seq, errUnsendable, err)
	}
	// The encoder has begun an object of its own: its brace gives way to the mac's comma.
	line := append(text.Bytes()[:rest], text.Bytes()[rest+1:]...)
	if len(line) > maxStreamLine {
		return nil, fmt.Errorf("entry %d: %w: a line of %d bytes, at most %d are sent", l.Seq, errUnsendable, len(line), maxStreamLine)
	}
	copy(line[len(macBefore):], k.mac(line[rest:len(line)-1]))
	k.n++
	return line, nil
}

// read is a line as it came, without its line end. The error says that it is not the next line of this answer.
func (k *lineKey) read(line []byte) (streamLine, error) {
	before, behind := []byte(macBefore), []byte(macBehind)
	if len(line) < macEnd+len(behind) || !bytes.HasPrefix(line, before) || !bytes.HasPrefix(line[macEnd:], behind) {
		return streamLine{}, fmt.Errorf("line %d of the stream is %w", k.n+1, errUnproven)
	}
	rest := line[macEnd+len(behind):]
	if !hmac.Equal(line[len(before):macEnd], []byte(k.mac(rest))) {
		return streamLine{}, fmt.Errorf("line %d of the stream is %w", k.n+1, errUnproven)
	}
	k.n++
	var l streamLine
	dec := json.NewDecoder(bytes.NewReader(append([]byte("{"), rest...)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return streamLine{}, fmt.Errorf("line %d of the stream: %w", k.n, err)
	}
	if dec.More() {
		return streamLine{}, fmt.Errorf("line %d of the stream has more than one object", k.n)
	}
	return l, nil
}

// lineOf is the line of an entry. It refuses a payload that would not arrive as it is: JSON of one object, without white space around it or
// between its parts, is what does.
func lineOf(e StreamEntry) (streamLine, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, e.Payload); err != nil || !bytes.Equal(compact.Bytes(), e.Payload) || e.Payload[0] != '{' {
		return streamLine{}, fmt.Errorf("entry %d: %w: its payload is no object in compact JSON", e.Seq, errUnsendable)
	}
	return streamLine{Kind: lineEntry, Seq: e.Seq, Hash: hex.EncodeToString(e.Hash[:]), Payload: e.Payload}, nil
}

// entry is what a line says of an entry; the hash must be that of the payload.
func (l streamLine) entry() (StreamEntry, error) {
	e := StreamEntry{Seq: l.Seq, Payload: l.Payload, Hash: sha256.Sum256(l.Payload)}
	if hex.EncodeToString(e.Hash[:]) != l.Hash {
		return StreamEntry{}, fmt.Errorf("entry %d: its hash is not that of its payload", l.Seq)
	}
	return e, nil
}

// follows tells whether a line may come after entry number last.
func (l streamLine) follows(last int64) error {
	want := last
	if l.Kind == lineEntry {
		want++
	}
	switch {
	case l.Kind != lineEntry && l.Kind != lineBeat && l.Kind != lineEnd:
		return fmt.Errorf("a line of the unknown kind %.20q", l.Kind)
	case l.Seq != want:
		return fmt.Errorf("%s %d came after entry %d, and %d should have", l.Kind, l.Seq, last, want)
	}
	return nil
}

// errUnsendable is why the indexer breaks a stream off at an entry; the log says more.
var errUnsendable = errors.New("it cannot be sent")

// errSilent is why a client gives a stream up.
var errSilent = errors.New("nothing was heard for too long")
