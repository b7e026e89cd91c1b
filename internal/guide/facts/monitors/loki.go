package monitors

import (
	"fmt"
	"time"
)

// Loki is what its file says of how long logs are kept.
type Loki struct {
	Keeps   time.Duration // retention_period; 0: for ever, or not said
	Deletes bool          // the compactor is told to delete what is older
}

// ReadLoki reads its file, or the configuration that a running one shows.
func ReadLoki(text []byte) (Loki, error) {
	var file struct {
		Compactor struct {
			Enabled bool `yaml:"retention_enabled"`
		} `yaml:"compactor"`
		Limits struct {
			Period string `yaml:"retention_period"`
		} `yaml:"limits_config"`
	}
	if err := one(text, &file); err != nil {
		return Loki{}, err
	}
	l := Loki{Deletes: file.Compactor.Enabled}
	if file.Limits.Period != "" {
		var err error
		if l.Keeps, err = Duration(file.Limits.Period); err != nil {
			return Loki{}, fmt.Errorf("retention_period: %w", err)
		}
	}
	return l, nil
}
