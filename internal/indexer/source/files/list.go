package files

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/Abdullahi130/StellarEscrow/internal/stellar/rpc"
)

// list is what batches there are, by their names, newer ones first. Only as much is listed as a question needs.
type list struct {
	folder fs.FS
	layout Layout
}

func (f *Files) list() list { return list{f.folder, f.layout} }

// ends are the oldest and the newest batch; it answers false if there is none.
func (l list) ends() (oldest, newest span, ok bool, err error) {
	folders, err := l.folders()
	if err != nil {
		return span{}, span{}, false, err
	}
	for _, dir := range folders {
		batches, err := l.batches(dir)
		if err != nil {
			return span{}, span{}, false, err
		}
		if len(batches) > 0 {
			newest, ok = batches[0], true
			break
		}
	}
	for i := len(folders) - 1; i >= 0 && ok; i-- {
		batches, err := l.batches(folders[i])
		if err != nil {
			return span{}, span{}, false, err
		}
		if n := len(batches); n > 0 {
			return batches[n-1], newest, true, nil
		}
	}
	return span{}, span{}, false, nil
}

// after is the oldest batch that begins behind a ledger.
func (l list) after(seq uint32) (span, bool, error) {
	folders, err := l.folders()
	if err != nil {
		return span{}, false, err
	}
	for i := len(folders) - 1; i >= 0; i-- {
		if s, ok := named(folders[i], l.layout.partition); ok && s.last <= seq {
			continue
		}
		batches, err := l.batches(folders[i])
		if err != nil {
			return span{}, false, err
		}
		for k := len(batches) - 1; k >= 0; k-- {
			if batches[k].first > seq {
				return batches[k], true, nil
			}
		}
	}
	return span{}, false, nil
}

// folders are the partitions, or the folder itself if it has none.
func (l list) folders() ([]string, error) {
	if l.layout.BatchesPerPartition == 1 {
		return []string{"."}, nil
	}
	entries, err := fs.ReadDir(l.folder, ".")
	if err != nil {
		return nil, fmt.Errorf("ledger files: %w: %w", rpc.ErrUnavailable, err)
	}
	var all []string
	for _, e := range entries {
		if _, ok := named(e.Name(), l.layout.partition); ok && e.IsDir() {
			all = append(all, e.Name())
		} else if strings.HasSuffix(e.Name(), suffix) || e.IsDir() && strings.Index(e.Name(), "--") == 8 {
			return nil, foreign(e.Name())
		}
	}
	return all, nil
}

func (l list) batches(dir string) ([]span, error) {
	entries, err := fs.ReadDir(l.folder, dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // taken away since its folder was listed
	}
	if err != nil {
		return nil, fmt.Errorf("ledger files: %w: %w", rpc.ErrUnavailable, err)
	}
	var all []span
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		if !ok {
			continue // being written, or of no concern
		}
		s, ok := named(name, l.layout.batch)
		if path := l.layout.path(s); !ok || dir != "." && path != dir+"/"+e.Name() {
			return nil, foreign(dir + "/" + e.Name())
		}
		all = append(all, s)
	}
	return all, nil
}

func foreign(path string) error {
	return fmt.Errorf("ledger files: %s is not named as %s says: it is of another folder, or the settings were changed: %w", path, ConfigName, rpc.ErrAnswer)
}
