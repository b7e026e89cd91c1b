package client

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

//go:embed page
var files embed.FS

// How long what is served may be kept. An asset's name holds its hash, so what stands under a name never changes.
const (
	keepForEver = "public, max-age=31536000, immutable"
	askEachTime = "no-cache"
	keepNever   = "no-store"
)

const assetFolder = "/assets/"

// resource is one thing that is served.
type resource struct {
	kind    string // its media type
	cache   string
	etag    string
	plain   []byte
	gzipped []byte // nil if that is no smaller
}

func newResource(kind, cache string, plain []byte) (resource, error) {
	r := resource{kind: kind, cache: cache, etag: hashOf(plain), plain: plain}
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return r, err
	}
	if _, err := w.Write(plain); err != nil {
		return r, err
	}
	if err := w.Close(); err != nil {
		return r, err
	}
	if out.Len() < len(plain) {
		r.gzipped = out.Bytes()
	}
	return r, nil
}

// hashOf is long enough to tell versions of one file apart.
func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:8])
}

// site is everything that is served, by path.
type site struct {
	at      map[string]resource
	missing resource
}

// New reads the embedded files and returns the handler that serves them. It fails only if they do not fit together: an error of whoever built the program.
func New() (http.Handler, error) {
	root, err := fs.Sub(files, "page")
	if err != nil {
		return nil, err
	}
	return build(root)
}

// build serves the assets under names with their hashes in them, and the pages with those names filled in.
func build(root fs.FS) (*site, error) {
	s := &site{at: map[string]resource{}}
	names, err := fs.Glob(root, "*")
	if err != nil {
		return nil, err
	}
	assets := map[string]string{}
	for _, name := range names {
		if path.Ext(name) == ".html" {
			continue
		}
		content, err := fs.ReadFile(root, name)
		if err != nil {
			return nil, err
		}
		kind := mediaTypes[path.Ext(name)]
		if kind == "" {
			return nil, fmt.Errorf("client: %s is of a kind that is not served", name)
		}
		base, ext := strings.TrimSuffix(name, path.Ext(name)), path.Ext(name)
		assets[name] = assetFolder + base + "." + hashOf(content) + ext
		if s.at[assets[name]], err = newResource(kind, keepForEver, content); err != nil {
			return nil, err
		}
	}
	used := []string{}
	page := func(name, cache string) (resource, error) {
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return resource{}, err
		}
		t, err := template.New(name).Funcs(template.FuncMap{"asset": func(of string) (string, error) {
			used = append(used, of)
			if assets[of] == "" {
				return "", fmt.Errorf("there is no file %s", of)
			}
			return assets[of], nil
		}}).Parse(string(text))
		if err != nil {
			return resource{}, fmt.Errorf("client: %w", err)
		}
		var out bytes.Buffer
		if err := t.Execute(&out, nil); err != nil {
			return resource{}, fmt.Errorf("client: %w", err)
		}
		return newResource(mediaTypes[".html"], cache, out.Bytes())
	}
	if s.at["/"], err = page("index.html", askEachTime); err != nil {
		return nil, err
	}
	if s.missing, err = page("missing.html", keepNever); err != nil {
		return nil, err
	}
	for name := range assets {
		if !slices.Contains(used, name) {
			return nil, fmt.Errorf("client: %s is on no page", name)
		}
	}
	for at, says := range map[string]string{"/healthz": `{"ok":true}`, "/readyz": `{"ready":true}`} {
		if s.at[at], err = newResource("application/json", keepNever, []byte(says+"\n")); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// mediaTypes are those of the files that are served. The machine's own list could differ from one to the next.
var mediaTypes = map[string]string{
	".html": mime.FormatMediaType("text/html", map[string]string{"charset": "utf-8"}),
	".css":  mime.FormatMediaType("text/css", map[string]string{"charset": "utf-8"}),
	".js":   mime.FormatMediaType("text/javascript", map[string]string{"charset": "utf-8"}),
	".svg":  "image/svg+xml",
}
