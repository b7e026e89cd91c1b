package ledger

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// The journal is a file of records: length of the payload, CRC-32C of the length, CRC-32C of kind and payload, kind, payload. The
// first record names the network. Nothing in it is ever changed; a record is on disk before anyone sees what it says.
const (
	recordNetwork byte = 'N' // JSON, see identity
	recordLedger  byte = 'L' // XDR of a LedgerCloseMeta
	recordEmpty   byte = 'E' // empty ledgers, see stretch.encode
	recordClock   byte = 'C' // how far the network's clock is ahead, nanoseconds, i64

	recordHead     = 4 + 4 + 4 + 1
	maxRecordBytes = 256 << 20
)

// ErrDamaged is an error about a journal that was changed or lost a part other than its end.
var ErrDamaged = errors.New("the journal is damaged")

type journal struct {
	file *os.File
	end  int64
	// broken is set when a write failed and its remains could not be taken back: what follows would not be readable.
	broken error
	torn   error // what replay has taken away
}

// place says where a payload is.
type place struct {
	at     int64
	length int
}

func checksum(parts ...[]byte) (sum uint32) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, p := range parts {
		sum = crc32.Update(sum, table, p)
	}
	return sum
}

// openJournal reads a journal from its start, calling f for each record, and makes it ready for more. A record that was cut short
// by a crash can only be the last: it was never seen by anyone and is taken away.
func openJournal(path string, f func(kind byte, payload []byte, p place) error) (*journal, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file}
	if err := j.replay(f); err != nil {
		_ = file.Close() // the first error is the one to tell
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return j, nil
}

func (j *journal) replay(f func(kind byte, payload []byte, p place) error) error {
	info, err := j.file.Stat()
	if err != nil {
		return err
	}
	size := info.Size()
	in := bufio.NewReaderSize(j.file, 1<<20)
	for j.end < size {
		left := size - j.end
		head := make([]byte, recordHead)
		if left < recordHead {
			break
		}
		if _, err := io.ReadFull(in, head); err != nil {
			return err
		}
		length := int64(binary.BigEndian.Uint32(head))
		whole := binary.BigEndian.Uint32(head[4:]) == checksum(head[:4]) && length <= maxRecordBytes
		if whole && recordHead+length > left {
			break // the file ends inside the record
		}
		payload := []byte{}
		if whole {
			payload = make([]byte, length)
			if _, err := io.ReadFull(in, payload); err != nil {
				return err
			}
			whole = binary.BigEndian.Uint32(head[8:]) == checksum(head[12:], payload)
		}
		if !whole {
			rest, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			if len(bytes.Trim(rest, "\x00")) == 0 {
				break // the last one, half written
			}
			if j.end == 0 {
				return fmt.Errorf("%w from its first byte, or it is none: give another folder", ErrDamaged)
			}
			return fmt.Errorf("%w at byte %d: the checksum is wrong, and %d bytes follow", ErrDamaged, j.end, len(rest))
		}
		if err := f(head[12], payload, place{j.end + recordHead, int(length)}); err != nil {
			return fmt.Errorf("record at byte %d: %w", j.end, err)
		}
		j.end += recordHead + length
	}
	if j.end < size {
		if err := j.file.Truncate(j.end); err != nil {
			return fmt.Errorf("take away a half written record: %w", err)
		}
		j.torn = fmt.Errorf("%s ended %d bytes after its last whole record, and now ends with that: what was being written is gone, and if the file was shortened, what it lost", j.file.Name(), size-j.end)
	}
	return nil
}

// append writes records and returns when they are on disk.
func (j *journal) append(kind byte, payload []byte) (place, error) {
	if j.broken != nil {
		return place{}, j.broken
	}
	record := make([]byte, 0, recordHead+len(payload))
	record = binary.BigEndian.AppendUint32(record, uint32(len(payload)))
	record = binary.BigEndian.AppendUint32(record, checksum(record[:4]))
	record = binary.BigEndian.AppendUint32(record, checksum([]byte{kind}, payload))
	record = append(append(record, kind), payload...)
	_, err := j.file.WriteAt(record, j.end)
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		if terr := j.file.Truncate(j.end); terr != nil {
			j.broken = fmt.Errorf("write the journal: %w; it may end in half a record, start again to repair it", err)
		}
		return place{}, fmt.Errorf("write the journal: %w", err)
	}
	p := place{j.end + recordHead, len(payload)}
	j.end += int64(len(record))
	return p, nil
}

func (j *journal) read(p place) ([]byte, error) {
	payload := make([]byte, p.length)
	if _, err := j.file.ReadAt(payload, p.at); err != nil {
		return nil, fmt.Errorf("read the journal at byte %d: %w", p.at, err)
	}
	return payload, nil
}

func (j *journal) close() error { return j.file.Close() }
