package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
)

// pastMemoryBytes is how much of its history a network without a folder keeps in memory: a thousand or two of ledgers with a transaction each.
const pastMemoryBytes = 8 << 20

// past keeps the ledgers of a network without a folder: the first of them in memory, all others in a file that has no name, so that it is gone with
// the process however that ends. Where there can be no such file they stay in memory. One goroutine keeps, any number read.
type past struct {
	room int64    // bytes that still go to memory
	file *os.File // nil as long as there is room
	name string   // of a file that the system does not let go of while it is open
	end  int64
}

// keep takes a ledger. It is where the answer says, or, with nothing said, in raw.
func (p *past) keep(raw []byte) (memory []byte, at place) {
	if n := int64(len(raw)); n <= p.room {
		p.room -= n
		return bytes.Clone(raw), place{} // the encoder's buffer is up to twice as large
	}
	at, err := p.write(raw)
	if err != nil {
		p.room = math.MaxInt64
		return bytes.Clone(raw), place{}
	}
	return nil, at
}

func (p *past) write(raw []byte) (place, error) {
	if p.file == nil {
		file, err := os.CreateTemp("", "stellarescrow-ledgers-*")
		if err != nil {
			return place{}, err
		}
		p.file = file
		if os.Remove(file.Name()) != nil {
			p.name = file.Name()
		}
	}
	if _, err := p.file.WriteAt(raw, p.end); err != nil {
		return place{}, err
	}
	at := place{p.end, len(raw)}
	p.end += int64(len(raw))
	return at, nil
}

func (p *past) read(at place) ([]byte, error) {
	raw := make([]byte, at.length)
	if _, err := p.file.ReadAt(raw, at.at); err != nil {
		return nil, fmt.Errorf("read what was kept of the network's history at byte %d: %w", at.at, err)
	}
	return raw, nil
}

func (p *past) close() error {
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	if p.name != "" {
		if gone := os.Remove(p.name); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
