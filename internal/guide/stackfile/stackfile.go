package stackfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"

	"github.com/Abdullahi130/StellarEscrow/internal/guide"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts"
	"github.com/Abdullahi130/StellarEscrow/internal/guide/facts/compose"
)

// Name is the file's.
const Name = "docker-compose.yml"

// Project is the stack of one machine as Compose has it, with a value for each variable that must have one: no .env is looked for.
func Project(ctx context.Context, t *facts.Tree) (*compose.Project, error) {
	return facts.Read(t, Name, func(files fs.FS) (*compose.Project, error) {
		values, err := valued(files)
		if err != nil {
			return nil, err
		}
		return compose.Load(ctx, files, values, Name)
	})
}

// Refused tells whether Compose starts nothing while the variable is missing, or is empty.
func Refused(ctx context.Context, t *facts.Tree, variable string) (bool, error) {
	return facts.Read(t, Name+" without "+variable, func(files fs.FS) (bool, error) {
		values, err := valued(files)
		if err != nil {
			return false, err
		}
		delete(values, variable)
		without, err := names(ctx, files, values, variable)
		if err != nil || !without {
			return false, err
		}
		values[variable] = ""
		return names(ctx, files, values, variable)
	})
}

// names tells whether loading fails and names the variable.
func names(ctx context.Context, files fs.FS, values map[string]string, variable string) (bool, error) {
	_, err := compose.Load(ctx, files, values, Name)
	var missing *compose.MissingError
	if errors.As(err, &missing) {
		return slices.ContainsFunc(missing.Variables, func(v compose.Variable) bool { return v.Name == variable }), nil
	}
	return false, err
}

// others are the files that Compose reads by themselves: in place of ours, or merged over it.
func others() map[string]string {
	const instead, over = "docker compose reads it instead of " + Name, "docker compose merges it over " + Name
	return map[string]string{"compose.yaml": instead, "compose.yml": instead, "compose.override.yaml": over, "compose.override.yml": over,
		"docker-compose.override.yaml": over, "docker-compose.override.yml": over}
}

func valued(files fs.FS) (map[string]string, error) {
	for _, other := range slices.Sorted(maps.Keys(others())) {
		if _, err := fs.Stat(files, other); err == nil {
			return nil, fmt.Errorf("%s: %s, and nobody has looked at what comes of that: take it away, or give it another name and name it with -f", other, others()[other])
		}
	}
	variables, err := compose.Variables(files, Name)
	return compose.StandIns(variables), err
}

// At is where something of the project stands.
func At(p *compose.Project, path ...string) guide.Place {
	place := p.At(path...)
	return guide.Place{File: place.File, Line: place.Line}
}

// Change is a mutation of the file.
func Change(mode, what, old, new string, also ...string) guide.Mutation {
	return guide.Mutation{Mode: mode, What: what, Change: func(d *guide.Draft) error { return d.Replace(Name, old, new) }, Also: also}
}
