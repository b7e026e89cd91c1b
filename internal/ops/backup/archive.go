package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A backup's inside is a tar: the head, then each table's rows in pieces, then the manifest. Pieces, because a tar says an entry's size before its content,
// and a table's is known only when it has been read.
const (
	headEntry     = "backup.json"
	manifestEntry = "manifest.json"
	pieceBytes    = 1 << 20
	maxPieces     = 99_999_999 // of a table: 100 TB
)

func pieceEntry(table string, n int) string { return fmt.Sprintf("tables/%s/%08d", table, n) }

// archive writes the inside.
type archive struct {
	head Head
	tar  *tar.Writer
	buf  []byte
}

func newArchive(to io.Writer, head Head) (*archive, error) {
	if err := head.check(); err != nil {
		return nil, err
	}
	a := &archive{head: head, tar: tar.NewWriter(to), buf: make([]byte, 0, pieceBytes)}
	text, err := encode(head)
	if err != nil {
		return nil, err
	}
	return a, a.entry(headEntry, text)
}

func (a *archive) entry(name string, content []byte) error {
	h := tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: 0o600, ModTime: a.head.TakenAt, Format: tar.FormatUSTAR}
	if err := a.tar.WriteHeader(&h); err != nil {
		return err
	}
	_, err := a.tar.Write(content)
	return err
}

// table writes the rows that copyRows writes, and says what there was of them. copyRows returns how many rows it meant to write.
func (a *archive) table(name string, copyRows func(io.Writer) (int64, error)) (Content, error) {
	p := &pieces{archive: a, table: name, tally: newTally()}
	a.buf = a.buf[:0]
	meant, err := copyRows(p)
	if err != nil {
		return Content{}, err
	}
	if err := p.flush(); err != nil {
		return Content{}, err
	}
	c := p.tally.content(name)
	if c.Rows != meant {
		return c, fmt.Errorf("copy table %s: %d rows came, the server says %d", name, c.Rows, meant)
	}
	return c, nil
}

func (a *archive) close(m Manifest) error {
	if err := m.check(a.head); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	text, err := encode(m)
	if err != nil {
		return err
	}
	if err := a.entry(manifestEntry, text); err != nil {
		return err
	}
	return a.tar.Close()
}

// pieces cuts what is written to it.
type pieces struct {
	archive *archive
	table   string
	n       int
	tally   *tally
}

func (p *pieces) Write(b []byte) (n int, err error) {
	p.tally.add(b)
	for len(b) > 0 {
		took := min(len(b), pieceBytes-len(p.archive.buf))
		p.archive.buf, b = append(p.archive.buf, b[:took]...), b[took:]
		n += took
		if len(p.archive.buf) == pieceBytes {
			if err := p.flush(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (p *pieces) flush() error {
	if len(p.archive.buf) == 0 {
		return nil
	}
	if p.n++; p.n > maxPieces {
		return fmt.Errorf("table %s is larger than a backup can hold", p.table)
	}
	err := p.archive.entry(pieceEntry(p.table, p.n), p.archive.buf)
	p.archive.buf = p.archive.buf[:0]
	return err
}

// tally counts and hashes a table's rows: in COPY's text format each ends with a line end, and none has another one in it.
type tally struct {
	sum         hash.Hash
	rows, bytes int64
}

func newTally() *tally { return &tally{sum: sha256.New()} }

func (t *tally) add(b []byte) {
	t.sum.Write(b)
	t.rows += int64(bytes.Count(b, []byte("\n")))
	t.bytes += int64(len(b))
}

func (t *tally) content(table string) Content {
	return Content{Table: table, Rows: t.rows, Bytes: t.bytes, SHA256: hex.EncodeToString(t.sum.Sum(nil))}
}

// Sink takes what is in a backup, in its order. None of it is certain until Read has returned without an error.
type Sink interface {
	// Begin is told what comes.
	Begin(h Head) error
	// Rows takes a piece of a table, in COPY's text format, and must not keep it. A row may be cut in two by its end. Tables come in the head's order; one
	// without rows does not come.
	Rows(t Table, piece []byte) error
}

// readArchive reads the inside to its end and compares it with its manifest. Errors of the sink come back as they are; every other one says what is wrong
// with the archive, unless from could not be read.
func readArchive(from io.Reader, into Sink) (Manifest, error) {
	r := archiveReader{tar: tar.NewReader(from), into: into, buf: make([]byte, pieceBytes)}
	m, err := r.read()
	if err != nil {
		return Manifest{}, err
	}
	var more [1]byte
	if n, err := io.ReadFull(from, more[:]); n > 0 {
		return Manifest{}, errors.New("something stands behind its end")
	} else if !errors.Is(err, io.EOF) {
		return Manifest{}, fmt.Errorf("read to its end: %w", err)
	}
	return m, nil
}

type archiveReader struct {
	tar  *tar.Reader
	into Sink
	buf  []byte

	head  Head
	at    int // the table that is read
	piece int // of it, the last one that was read
	count []Content
	tally *tally
}

func (r *archiveReader) read() (Manifest, error) {
	name, text, err := r.next(maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	if name != headEntry {
		return Manifest{}, fmt.Errorf("it begins with %.80q, not with %s", name, headEntry)
	}
	if r.head, err = decode[Head](text); err == nil {
		err = r.head.check()
	}
	if err != nil {
		return Manifest{}, fmt.Errorf("%s: %w", headEntry, err)
	}
	if err := r.into.Begin(r.head); err != nil {
		return Manifest{}, err
	}
	r.tally = newTally()
	for {
		name, content, err := r.next(maxManifest)
		if err != nil {
			return Manifest{}, err
		}
		if name == manifestEntry {
			return r.end(content)
		}
		if err := r.rows(name, content); err != nil {
			return Manifest{}, err
		}
	}
}

// next is an entry as a whole; most is what it may have at most.
func (r *archiveReader) next(most int64) (name string, content []byte, err error) {
	h, err := r.tar.Next()
	if errors.Is(err, io.EOF) {
		return "", nil, fmt.Errorf("it ends without %s: it was cut off", manifestEntry)
	}
	if err != nil {
		return "", nil, fmt.Errorf("read the next entry: %w", err)
	}
	if h.Typeflag != tar.TypeReg || h.Size > most {
		return "", nil, fmt.Errorf("entry %.80q is no file, or has %d bytes", h.Name, h.Size)
	}
	if int64(cap(r.buf)) < h.Size {
		r.buf = make([]byte, h.Size)
	}
	content = r.buf[:h.Size]
	if _, err := io.ReadFull(r.tar, content); err != nil {
		return "", nil, fmt.Errorf("read entry %.80q: %w", h.Name, err)
	}
	return h.Name, content, nil
}

// rows takes a piece: the next of its table, or the first of a later one.
func (r *archiveReader) rows(name string, content []byte) error {
	at, piece := r.at, r.piece+1
	for ; at < len(r.head.Tables) && name != pieceEntry(r.head.Tables[at].Name, piece); at++ {
		piece = 1
	}
	if at == len(r.head.Tables) {
		return fmt.Errorf("entry %.80q stands where it should not", name)
	}
	if len(content) == 0 || len(content) > pieceBytes {
		return fmt.Errorf("entry %.80q has %d bytes", name, len(content))
	}
	for r.at < at {
		r.done()
	}
	r.piece = piece
	r.tally.add(content)
	return r.into.Rows(r.head.Tables[at], content)
}

// done ends the table that is read.
func (r *archiveReader) done() {
	r.count = append(r.count, r.tally.content(r.head.Tables[r.at].Name))
	r.at, r.piece, r.tally = r.at+1, 0, newTally()
}

func (r *archiveReader) end(text []byte) (Manifest, error) {
	for r.at < len(r.head.Tables) {
		r.done()
	}
	m, err := decode[Manifest](text)
	if err == nil {
		err = m.check(r.head)
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", manifestEntry, err)
	}
	for i, want := range m.Contents {
		switch is := r.count[i]; {
		case is.Rows != want.Rows || is.Bytes != want.Bytes:
			return m, fmt.Errorf("table %s: %d rows (%d bytes) are in it, its manifest says %d (%d)", is.Table, is.Rows, is.Bytes, want.Rows, want.Bytes)
		case is.SHA256 != want.SHA256:
			return m, fmt.Errorf("table %s: its rows are not those of the manifest (sha256 %s, there %s)", is.Table, is.SHA256, want.SHA256)
		}
	}
	switch _, err := r.tar.Next(); {
	case err == nil:
		return m, fmt.Errorf("something stands behind %s", manifestEntry)
	case !errors.Is(err, io.EOF):
		return m, fmt.Errorf("read behind %s: %w", manifestEntry, err)
	}
	return m, nil
}
