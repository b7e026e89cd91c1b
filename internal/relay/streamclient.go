package relay

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
)

// Stream yields every entry of the indexer's feed above after, in order and without holes: those that are there, then each new one as it
// comes. Each has been proven to come from the indexer, in this place.
//
// It ends in order, without an error, when the indexer wants to be asked again: it stops, or the stream is as old as it may become.
// Otherwise the last thing that it yields is an error: ctx's, ErrInvalid for a negative after, or ErrUnavailable, also when what came is
// not what the indexer has said. Either way nothing is lost: ask again with the number of the last entry that came, and after an error not
// at once.
func (c *Client) Stream(ctx context.Context, after int64) iter.Seq2[StreamEntry, error] {
	return c.streamWithin(ctx, after, streamSilence)
}

// streamWithin is Stream; silence is what it puts up with.
func (c *Client) streamWithin(ctx context.Context, after int64, silence time.Duration) iter.Seq2[StreamEntry, error] {
	return func(yield func(StreamEntry, error) bool) {
		if err := c.follow(ctx, after, silence, yield); err != nil {
			yield(StreamEntry{}, err)
		}
	}
}

// follow yields entries until the stream ends; a yield that wants no more is an end without an error.
func (c *Client) follow(ctx context.Context, after int64, silence time.Duration, yield func(StreamEntry, error) bool) error {
	within, give := context.WithCancelCause(ctx)
	defer give(nil)
	quiet := time.AfterFunc(silence, func() { give(errSilent) })
	defer quiet.Stop()
	failed := func(err error) error {
		var told *refused
		switch {
		case errors.As(err, &told): // the indexer's own words
			return err
		case ctx.Err() != nil:
			return fmt.Errorf("relay stream: %w", ctx.Err())
		case errors.Is(context.Cause(within), errSilent):
			err = fmt.Errorf("%s: %w", silence, errSilent)
		}
		return fmt.Errorf("relay stream after entry %d: %w: %w", after, ErrUnavailable, err)
	}
	body, key, err := c.openStream(within, after)
	if err != nil {
		return failed(err)
	}
	defer body.Close()
	lines := bufio.NewReader(body)
	for {
		quiet.Reset(silence)
		text, err := readLine(lines)
		quiet.Stop() // what the caller does with an entry is not the indexer's silence
		if err != nil {
			return failed(err)
		}
		l, err := key.read(text)
		if err == nil {
			err = l.follows(after)
		}
		if err != nil {
			return failed(err)
		}
		switch l.Kind {
		case lineEnd:
			return nil
		case lineEntry:
			e, err := l.entry()
			if err != nil {
				return failed(err)
			}
			after = l.Seq
			if !yield(e, nil) {
				return nil
			}
		}
	}
}

// openStream calls for the stream with one key after the other, until the indexer takes it.
func (c *Client) openStream(ctx context.Context, after int64) (io.ReadCloser, *lineKey, error) {
	body, err := json.Marshal(streamCall{After: after})
	if err != nil {
		return nil, nil, err
	}
	last := errors.New("there is no secret to sign with")
	for n, key := range c.keys.known() {
		if n == tries {
			break
		}
		resp, nonce, err := c.callStream(ctx, key, body)
		if err != nil {
			return nil, nil, err
		}
		if resp.StatusCode == http.StatusOK {
			return resp.Body, &lineKey{key: key, nonce: nonce}, nil
		}
		raw, err := io.ReadAll(io.LimitReader(resp.Body, maxStreamCall))
		resp.Body.Close()
		if err != nil {
			return nil, nil, err
		}
		if hmac.Equal([]byte(resp.Header.Get(headerSignature)), []byte(answerSignature(key, nonce, resp.StatusCode, raw))) {
			return nil, nil, refusal("stream", raw)
		}
		last = fmt.Errorf("status %d: the answer is %w", resp.StatusCode, errUnproven)
	}
	return nil, nil, last
}

func (c *Client) callStream(ctx context.Context, key secret.Secret, body []byte) (*http.Response, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+StreamPath, bytes.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	nonce, err := sign(req, key, c.now(), c.rand, body)
	if err != nil {
		return nil, "", err
	}
	// The client's own bound on a call's time is not for an answer that goes on.
	long := http.Client{Transport: c.http.Transport, CheckRedirect: c.http.CheckRedirect}
	resp, err := long.Do(req)
	return resp, nonce, err
}

// readLine is the next line without its end. A line that the stream's end has cut is none.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxStreamLine:
			return nil, fmt.Errorf("a line of more than %d bytes", maxStreamLine)
		case err == nil:
			return line[:len(line)-1], nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
