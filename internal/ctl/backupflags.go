package ctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/Abdullahi130/StellarEscrow/internal/secret"
	"github.com/Abdullahi130/StellarEscrow/internal/store/postgres"
)

// databaseFlags say which store is meant, with the same variables as the servers have. Secrets are files (docs/guide.md S4).
type databaseFlags struct {
	Secrets              string `env:"SECRETS_DIR" help:"Folder of mounted secrets, a file each, named like the variables without _FILE: DATABASE_URL, POSTGRES_PASSWORD, BACKUP_RECIPIENTS." placeholder:"DIR"`
	DatabaseURLFile      string `name:"database-url-file" env:"DATABASE_URL_FILE" help:"File with the store's URL: postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full." placeholder:"FILE"`
	PostgresPasswordFile string `env:"POSTGRES_PASSWORD_FILE" help:"File with the password of the database's user, if it is not in the URL." placeholder:"FILE"`
}

// path is where a secret stands: the file that is named, or the one in the folder if it is there.
func (f *databaseFlags) path(file, name string) string {
	if file != "" || f.Secrets == "" {
		return file
	}
	path := filepath.Join(f.Secrets, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return path // whatever else is wrong with it, whoever opens it says
}

// postgres reads the files. Its error says nothing of what is in them.
func (f *databaseFlags) postgres(now func() time.Time) (o postgres.Options, err error) {
	const needs = "the backup reads the store"
	file, err := secret.Open(secret.Need{Variable: "DATABASE_URL_FILE", For: needs, Path: f.path(f.DatabaseURLFile, "DATABASE_URL"), Any: true}, now)
	if err != nil {
		return o, err
	}
	o.URL = file.Value().Reveal()
	if strings.HasPrefix(o.URL, "sqlite:") {
		return o, errors.New("DATABASE_URL_FILE: it names an SQLite file, which is backed up as a file: stop the programs, and copy it with those beside it that begin with its name")
	}
	u, err := url.Parse(o.URL)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") || u.Host == "" {
		return o, errors.New("DATABASE_URL_FILE: the file holds no URL of a store: write postgres://USER@HOST:PORT/DATABASE?sslmode=verify-full")
	}
	if err := postgres.CheckURL(o.URL); err != nil {
		return o, fmt.Errorf("DATABASE_URL_FILE: %w", err)
	}
	path := f.path(f.PostgresPasswordFile, "POSTGRES_PASSWORD")
	if path == "" {
		if _, inURL := u.User.Password(); !inURL {
			return o, fmt.Errorf("POSTGRES_PASSWORD_FILE is not set, and the database's URL has no password: %s", needs)
		}
		return o, nil
	}
	password, err := secret.Open(secret.Need{Variable: "POSTGRES_PASSWORD_FILE", For: needs, Path: path}, now)
	if err != nil {
		return o, err
	}
	o.Password = func(context.Context) (string, error) { return password.Value().Reveal(), nil }
	return o, nil
}

// semicolons shows several errors in one line.
type semicolons struct{ error }

func (e semicolons) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }

func (e semicolons) Unwrap() error { return e.error }
