package host

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/stellar/go-stellar-sdk/xdr"
)

// Requests and replies are frames: little-endian integers and length-prefixed byte strings in a fixed order, the strings mostly
// XDR (the other side is shim/src/frame.rs).

// frame is a request being written. The first thing that cannot be encoded is kept and told by done.
type frame struct {
	bytes   []byte
	encoder *xdr.EncodingBuffer // made for the first value: an encoder for each takes as long as encoding it
	err     error
}

func (f *frame) u32(v uint32) { f.bytes = binary.LittleEndian.AppendUint32(f.bytes, v) }
func (f *frame) u64(v uint64) { f.bytes = binary.LittleEndian.AppendUint64(f.bytes, v) }

func (f *frame) blob(b []byte) {
	f.u32(uint32(len(b)))
	f.bytes = append(f.bytes, b...)
}

// xdr appends a value; what says which one it is if it cannot be encoded.
func (f *frame) xdr(what string, v xdr.EncoderTo) {
	if err := f.encode(v); err != nil && f.err == nil {
		f.err = fmt.Errorf("encode %s: %w", what, err)
	}
}

// encode appends a value. The encoder's bytes are good until its next value: blob copies them.
func (f *frame) encode(v xdr.EncoderTo) error {
	if f.encoder == nil {
		f.encoder = xdr.NewEncodingBuffer()
	}
	b, err := f.encoder.UnsafeMarshalBinary(v)
	f.blob(b)
	return err
}

func (f *frame) done() ([]byte, error) { return f.bytes, f.err }

// list appends a count and the values.
func list[T any, P interface {
	*T
	xdr.EncoderTo
}](f *frame, what string, values []T) {
	f.u32(uint32(len(values)))
	for i := range values {
		if err := f.encode(P(&values[i])); err != nil && f.err == nil {
			f.err = fmt.Errorf("encode %s %d: %w", what, i, err)
		}
	}
}

var errShort = errors.New("the reply ends too early")

// reader takes a reply apart. After the first error every read gives zero values; done tells the error.
type reader struct {
	rest    []byte
	decoder *xdr.BytesDecoder // made for the first value, as a frame's encoder
	err     error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) take(n uint32) []byte {
	if uint64(n) > uint64(len(r.rest)) {
		r.fail(errShort)
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) u32() uint32 {
	b := r.take(4)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

func (r *reader) u64() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (r *reader) blob() []byte { return r.take(r.u32()) }

// count reads the length of a list whose items have at least four bytes each, which bounds what a broken reply can make us allocate.
func (r *reader) count() int {
	n := r.u32()
	if uint64(n)*4 > uint64(len(r.rest)) {
		r.fail(errShort)
		return 0
	}
	return int(n)
}

// present reads whether an optional value follows.
func (r *reader) present() bool {
	switch n := r.u32(); n {
	case 0:
		return false
	case 1:
		return true
	default:
		r.fail(fmt.Errorf("the reply has %d where it says whether a value follows", n))
		return false
	}
}

// value reads a length-prefixed XDR value.
func (r *reader) value(what string, into xdr.DecoderFrom) {
	if b := r.blob(); r.err == nil {
		r.decode(what, b, into)
	}
}

// decode reads exactly one XDR value: bytes left over are an error.
func (r *reader) decode(what string, b []byte, into xdr.DecoderFrom) {
	if r.decoder == nil {
		r.decoder = xdr.NewBytesDecoder()
	}
	n, err := r.decoder.DecodeBytes(into, b)
	if err == nil && n < len(b) {
		err = fmt.Errorf("it ends after %d of %d bytes", n, len(b))
	}
	if err != nil {
		r.fail(fmt.Errorf("decode %s: %w", what, err))
	}
}

func (r *reader) done() error {
	if r.err == nil && len(r.rest) > 0 {
		r.fail(fmt.Errorf("the reply goes on for %d bytes after its end", len(r.rest)))
	}
	if r.err != nil {
		return fmt.Errorf("read the host's reply: %w", r.err)
	}
	return nil
}

// optional reads a value that may be missing.
func optional[T any, P interface {
	*T
	xdr.DecoderFrom
}](r *reader, what string) *T {
	if !r.present() {
		return nil
	}
	v := new(T)
	r.value(what, P(v))
	return v
}

// values reads a list.
func values[T any, P interface {
	*T
	xdr.DecoderFrom
}](r *reader, what string) []T {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]T, n)
	for i := range list {
		r.value(what, P(&list[i]))
	}
	return list
}
