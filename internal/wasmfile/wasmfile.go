package wasmfile

import (
	"bytes"
	"errors"
	"fmt"
)

// Section is one section of a module, in the order of the file.
type Section struct {
	ID   byte
	Name string // of a custom section its own name, else that of the kind: "code"
	Body []byte // without the header; of a custom section without its name
	Size int    // in the file, header included
}

// Custom tells a section that does not change what the module does.
func (s Section) Custom() bool { return s.ID == 0 }

// Custom returns the contents of all custom sections of a name, joined in the order of the file, as Soroban's specs read them (SEP-46, SEP-48);
// false if there is none.
func (m *Module) Custom(name string) (content []byte, ok bool) {
	for _, s := range m.Sections {
		if s.Custom() && s.Name == name {
			content, ok = append(content, s.Body...), true
		}
	}
	return content, ok
}

// Import is a function, memory, table or global that the module needs.
type Import struct{ Module, Name, Kind string }

// Export is a function, memory, table or global that the module offers.
type Export struct{ Name, Kind string }

// Module is the layout of a file.
type Module struct {
	Sections []Section
	Imports  []Import
	Exports  []Export
}

var (
	magic    = []byte("\x00asm\x01\x00\x00\x00")
	kinds    = []string{"func", "table", "memory", "global", "tag"}
	sections = []string{"custom", "type", "import", "function", "table", "memory", "global", "export", "start", "element", "code", "data", "datacount", "tag"}
)

const (
	importSection = 2
	exportSection = 7
)

// Parse reads a module (version 1 of the binary format). Its errors name the section.
func Parse(file []byte) (*Module, error) {
	if !bytes.HasPrefix(file, magic) {
		return nil, errors.New("not a WebAssembly module of version 1")
	}
	m := &Module{}
	r := &reader{rest: file[len(magic):]}
	for len(r.rest) > 0 {
		before := len(r.rest)
		s := Section{ID: r.byte()}
		s.Body = r.take(r.u32())
		if r.err != nil {
			return nil, fmt.Errorf("section %d: %w", len(m.Sections), r.err)
		}
		s.Size = before - len(r.rest)
		body := &reader{rest: s.Body}
		switch {
		case s.ID == 0:
			s.Name = string(body.name())
			s.Body = body.rest
		case int(s.ID) < len(sections):
			s.Name = sections[s.ID]
		default:
			s.Name = fmt.Sprintf("section %d", s.ID)
		}
		switch s.ID {
		case importSection:
			m.Imports = imports(body)
		case exportSection:
			m.Exports = exports(body)
		}
		if body.err != nil {
			return nil, fmt.Errorf("%s section: %w", s.Name, body.err)
		}
		m.Sections = append(m.Sections, s)
	}
	return m, nil
}

func imports(r *reader) (list []Import) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		i := Import{Module: string(r.name()), Name: string(r.name())}
		kind := r.byte()
		i.Kind = kindName(kind)
		switch kind {
		case 0: // type index
			r.u32()
		case 1: // element type, limits
			r.byte()
			r.limits()
		case 2:
			r.limits()
		case 3: // value type, mutability
			r.byte()
			r.byte()
		case 4: // attribute, type index
			r.byte()
			r.u32()
		default:
			r.fail(fmt.Errorf("import %q has the unknown kind %d", i.Name, kind))
		}
		list = append(list, i)
	}
	return list
}

func exports(r *reader) (list []Export) {
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		e := Export{Name: string(r.name()), Kind: kindName(r.byte())}
		r.u32()
		list = append(list, e)
	}
	return list
}

func kindName(k byte) string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return fmt.Sprintf("kind %d", k)
}

// reader takes bytes off the front. After the first error everything reads as zero.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) take(n uint32) []byte {
	if uint64(n) > uint64(len(r.rest)) {
		r.fail(errors.New("it ends too early"))
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) byte() byte {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

// u32 reads an unsigned LEB128 of at most 32 bits.
func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b&0x80 == 0 {
			if v > 0xffffffff {
				break
			}
			return uint32(v)
		}
	}
	r.fail(errors.New("a number has more than 32 bits"))
	return 0
}

func (r *reader) name() []byte { return r.take(r.u32()) }

func (r *reader) limits() {
	hasMax := r.byte()&1 != 0
	r.u32()
	if hasMax {
		r.u32()
	}
}
