package wasmfile

import (
	"reflect"
	"strings"
	"testing"
)

const header = "\x00asm\x01\x00\x00\x00"

// every has an import and an export of each kind, and a custom section between the others.
const every = header +
	"\x00\x07\x04namexy" + // custom "name"
	"\x02\x26\x05" + // import
	"\x01l\x01_\x00\x00" +
	"\x01l\x01t\x01\x70\x01\x01\x02" +
	"\x01l\x01m\x02\x00\x80\x01" +
	"\x01l\x01g\x03\x7f\x00" +
	"\x01l\x01e\x04\x00\x00" +
	"\x07\x07\x01\x03get\x00\x01" + // export
	"\x0f\x01x" // a section of a later version

func TestParse(t *testing.T) {
	m, err := Parse([]byte(every))
	if err != nil {
		t.Fatal(err)
	}
	want := &Module{
		Sections: []Section{
			{0, "name", []byte("xy"), 9}, {2, "import", []byte(every[19:57]), 40}, {7, "export", []byte("\x01\x03get\x00\x01"), 9}, {15, "section 15", []byte("x"), 3}},
		Imports: []Import{{"l", "_", "func"}, {"l", "t", "table"}, {"l", "m", "memory"}, {"l", "g", "global"}, {"l", "e", "tag"}},
		Exports: []Export{{"get", "func"}},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got\n%+v\nwant\n%+v", m, want)
	}
	size := len(header)
	for _, s := range m.Sections {
		size += s.Size
	}
	if size != len(every) {
		t.Errorf("the sections add up to %d of %d bytes", size, len(every))
	}
}

func TestCustomSectionsAreJoined(t *testing.T) {
	m, err := Parse([]byte(header + "\x00\x05\x02aaxy" + "\x00\x03\x01a-" + "\x0f\x01x" + "\x00\x04\x02aaz" + "\x00\x03\x02no"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"aa": "xyz", "a": "-", "no": "", "": "absent", "section 15": "absent"} {
		got, ok := m.Custom(name)
		if ok != (want != "absent") || ok && string(got) != want {
			t.Errorf("%q: %q, %v, want %q", name, got, ok, want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"nothing":             {"", "not a WebAssembly module"},
		"another version":     {"\x00asm\x02\x00\x00\x00", "not a WebAssembly module"},
		"a section cut":       {header + "\x01\x05ab", "section 0: it ends too early"},
		"no size":             {header + "\x01", "section 0: it ends too early"},
		"a size of 33 bits":   {header + "\x01\xff\xff\xff\xff\x1f", "more than 32 bits"},
		"a size of six bytes": {header + "\x01\x80\x80\x80\x80\x80\x00", "more than 32 bits"},
		"a name cut":          {header + "\x00\x02\x05a", "section: it ends too early"},
		"imports cut":         {header + "\x02\x02\x01\x01", "import section: it ends too early"},
		"imports without end": {header + "\x02\x05\xff\xff\xff\xff\x0f", "import section: it ends too early"},
		"an unknown kind":     {header + "\x02\x06\x01\x01l\x01_\x09", "unknown kind 9"},
		"exports cut":         {header + "\x07\x03\x01\x01g", "export section: it ends too early"},
	} {
		if _, err := Parse([]byte(c.file)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Whatever the file, parsing it ends, and the sections of one that is read cover it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(every))
	f.Add([]byte(header))
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := Parse(file)
		if err != nil {
			return
		}
		size := len(header)
		for _, s := range m.Sections {
			size += s.Size
		}
		if size != len(file) {
			t.Errorf("the sections add up to %d of %d bytes", size, len(file))
		}
	})
}
