package guide

import (
	"bytes"
	"fmt"
	"io/fs"
)

// Mutation breaks the tree in one way, so that a control can show that it sees it.
type Mutation struct {
	Mode string // of the control: the one way to fail that must be found
	What string // what is broken, in words
	// Change breaks it. It fails where the files no longer have what it breaks: a mutation that changes nothing proves nothing.
	Change func(*Draft) error
	// Also are ways of other clauses ("C7/no-password") that the same break must be found by: a clause of the checklist asks again what one of another section asks.
	Also []string
}

// Draft is a tree that is being changed. What is written is kept in memory; the files stay as they are.
type Draft struct {
	files   fs.FS
	changed map[string][]byte
}

// NewDraft is a draft of the files without changes.
func NewDraft(files fs.FS) *Draft { return &Draft{files, map[string][]byte{}} }

// Changed are the files that differ, nil for one that is gone.
func (d *Draft) Changed() map[string][]byte { return d.changed }

// Read is a file as it is by now.
func (d *Draft) Read(name string) ([]byte, error) {
	if text, ok := d.changed[name]; ok {
		if text == nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return text, nil
	}
	return fs.ReadFile(d.files, name)
}

// Write makes a file, or replaces it.
func (d *Draft) Write(name string, text []byte) error {
	if was, err := d.Read(name); err == nil && bytes.Equal(was, text) {
		return fmt.Errorf("write %s: it has that text already", name)
	}
	d.changed[name] = append([]byte{}, text...)
	return nil
}

// Remove takes a file away.
func (d *Draft) Remove(name string) error {
	if _, err := d.Read(name); err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	d.changed[name] = nil
	return nil
}

// Replace puts new in the place of old, which must stand in the file exactly once.
func (d *Draft) Replace(name, old, new string) error {
	text, err := d.Read(name)
	if err != nil {
		return err
	}
	if n := bytes.Count(text, []byte(old)); n != 1 {
		return fmt.Errorf("%s: %q stands there %d times, not once", name, old, n)
	}
	return d.Write(name, bytes.Replace(text, []byte(old), []byte(new), 1))
}

// Append adds text to a file's end, or makes it.
func (d *Draft) Append(name, more string) error {
	text, err := d.Read(name)
	if err != nil {
		text = nil
	}
	return d.Write(name, append(bytes.Clone(text), more...))
}
