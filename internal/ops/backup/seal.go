package backup

import (
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// What compressing may remember: bounds the memory of both sides.
const (
	windowBytes    = 4 << 20
	maxWindowBytes = 8 << 20
)

// seal compresses what is written and encrypts it to all recipients; Close ends both, and not what they write to.
type seal struct {
	*zstd.Encoder
	sealed io.WriteCloser
}

func newSeal(to io.Writer, recipients []age.Recipient) (*seal, error) {
	sealed, err := age.Encrypt(to, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	packed, err := zstd.NewWriter(sealed, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(windowBytes), zstd.WithEncoderLevel(zstd.SpeedDefault))
	if err != nil {
		return nil, err
	}
	return &seal{packed, sealed}, nil
}

// Close writes what is left.
func (s *seal) Close() error {
	if err := s.Encoder.Close(); err != nil {
		return err
	}
	return s.sealed.Close()
}

// errKey is wrapped when no identity opens a file.
var errKey = errors.New("none of the keys opens it")

// unseal gives what was sealed. Only what has been read to the end is known to be whole.
func unseal(from io.Reader, identities []age.Identity) (io.ReadCloser, error) {
	opened, err := age.Decrypt(from, identities...)
	var no *age.NoIdentityMatchError
	switch {
	case errors.As(err, &no):
		return nil, errKey
	case err != nil:
		return nil, fmt.Errorf("it is not encrypted as a backup is, or its beginning was changed: %w", err)
	}
	unpacked, err := zstd.NewReader(opened, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindowBytes), zstd.WithDecoderLowmem(true))
	if err != nil {
		return nil, err
	}
	return unpacked.IOReadCloser(), nil
}
