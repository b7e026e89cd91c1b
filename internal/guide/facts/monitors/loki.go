package monitors

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Loki is what its file says of how long logs are kept.
type Loki struct {
	Keeps   time.Duration // retention_period; 0: for ever, or not said
	Deletes bool          // the compactor runs, and is told to delete what is older
	Least   time.Duration // the shortest time that some streams are kept for, if that is shorter than Keeps; otherwise Keeps
	Asked   bool          // whoever reaches it may ask it to delete logs
	Others  []string      // files with limits for some tenants that it reads beside
	Folders []string      // where it keeps what it keeps, as far as it is said
	Late    time.Duration // how long after its time something may still be there: the compactor looks this seldom, or waits this long
}

// Says is what two of them have to agree on: what is kept, and whether it can be taken away.
func (l Loki) Says() string {
	return fmt.Sprintf("keeps %s (of some streams %s), deletes then: %v, when asked: %v", l.Keeps, l.Least, l.Deletes, l.Asked)
}

// ReadLoki reads its file, or the configuration that a running one shows.
func ReadLoki(text []byte) (Loki, error) {
	var file struct {
		Target string `yaml:"target"`
		Common struct {
			Prefix  string `yaml:"path_prefix"`
			Storage struct {
				Filesystem struct {
					Chunks string `yaml:"chunks_directory"`
				} `yaml:"filesystem"`
			} `yaml:"storage"`
		} `yaml:"common"`
		Storage struct {
			Filesystem struct {
				Directory string `yaml:"directory"`
			} `yaml:"filesystem"`
			Shipper struct {
				Active string `yaml:"active_index_directory"`
			} `yaml:"tsdb_shipper"`
		} `yaml:"storage_config"`
		Compactor struct {
			Enabled  bool   `yaml:"retention_enabled"`
			Interval string `yaml:"compaction_interval"`
			Apply    string `yaml:"apply_retention_interval"`
			Delay    string `yaml:"retention_delete_delay"`
		} `yaml:"compactor"`
		Limits struct {
			Period  string `yaml:"retention_period"`
			Streams []struct {
				Period string `yaml:"period"`
			} `yaml:"retention_stream"`
			Deletion string `yaml:"deletion_mode"`
			Tenants  string `yaml:"per_tenant_override_config"`
		} `yaml:"limits_config"`
		Runtime struct {
			File string `yaml:"file"`
		} `yaml:"runtime_config"`
	}
	if err := one(text, &file); err != nil {
		return Loki{}, err
	}
	l := Loki{Deletes: file.Compactor.Enabled && compacts(file.Target), Asked: file.Limits.Deletion != "disabled"} // filter-and-delete, if nothing is said
	if file.Limits.Period != "" {
		var err error
		if l.Keeps, err = Duration(file.Limits.Period); err != nil {
			return Loki{}, fmt.Errorf("retention_period: %w", err)
		}
	}
	for name, text := range map[string]string{"compaction_interval": file.Compactor.Interval, "apply_retention_interval": file.Compactor.Apply, "retention_delete_delay": file.Compactor.Delay} {
		if text == "" {
			continue // minutes, none and two hours
		}
		d, err := Duration(text)
		if err != nil {
			return Loki{}, fmt.Errorf("%s: %w", name, err)
		}
		l.Late = max(l.Late, d)
	}
	l.Least = l.Keeps
	for _, s := range file.Limits.Streams {
		d, err := Duration(s.Period)
		if err != nil {
			return Loki{}, fmt.Errorf("retention_stream, period: %w", err)
		}
		if d > 0 && (d < l.Least || l.Least == 0) {
			l.Least = d
		}
	}
	set := func(all ...string) []string {
		return slices.DeleteFunc(all, func(s string) bool { return s == "" })
	}
	l.Others = set(file.Runtime.File, file.Limits.Tenants)
	l.Folders = set(file.Common.Prefix, file.Common.Storage.Filesystem.Chunks, file.Storage.Filesystem.Directory, file.Storage.Shipper.Active)
	return l, nil
}

// compacts tells whether a Loki of this target has a compactor in it.
func compacts(target string) bool {
	if target == "" {
		return true // all
	}
	return slices.ContainsFunc(strings.Split(target, ","), func(t string) bool {
		return slices.Contains([]string{"all", "backend", "compactor"}, strings.TrimSpace(t))
	})
}
