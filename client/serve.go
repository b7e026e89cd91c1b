package client

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP answers GET and HEAD of the paths that there are. There are no folders: a path is one of those, or there is nothing at it.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := w.Header()
	for _, h := range headers {
		out.Set(h.name, h.value)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		out.Set("Allow", "GET, HEAD")
		out.Set("Cache-Control", keepNever)
		refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD are possible here\n")
		return
	}
	found, ok := s.at[r.URL.Path]
	if !ok {
		s.missing.serveMissing(w, r)
		return
	}
	content, etag := found.plain, found.etag
	if found.gzipped != nil {
		out.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header.Values("Accept-Encoding")) {
			// Another form is another content: a part of the one must not be joined to a part of the other.
			content, etag = found.gzipped, found.etag+"-gzip"
			out.Set("Content-Encoding", "gzip")
			out.Set("Content-Length", strconv.Itoa(len(content)))
		}
	}
	out.Set("Content-Type", found.kind)
	out.Set("Cache-Control", found.cache)
	out.Set("ETag", strconv.Quote(etag))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// serveMissing is the page that stands for those that there are not.
func (f resource) serveMissing(w http.ResponseWriter, r *http.Request) {
	out := w.Header()
	out.Set("Content-Type", f.kind)
	out.Set("Cache-Control", f.cache)
	out.Set("Content-Length", strconv.Itoa(len(f.plain)))
	w.WriteHeader(http.StatusNotFound)
	if r.Method == http.MethodGet {
		_, _ = w.Write(f.plain) // the browser may be gone
	}
}

func refuse(w http.ResponseWriter, status int, says string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(says)))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(says)) // the caller may be gone
}

// acceptsGzip reads Accept-Encoding (RFC 9110, 12.5.3) as far as gzip goes: named, or by *, and with no weight of zero.
func acceptsGzip(values []string) bool {
	named, any := "", ""
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			coding, parameters, _ := strings.Cut(part, ";")
			weight := "1"
			if q, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); ok {
				weight = q
			}
			switch strings.ToLower(strings.TrimSpace(coding)) {
			case "gzip", "x-gzip":
				named = weight
			case "*":
				any = weight
			}
		}
	}
	if named == "" {
		named = any
	}
	return strings.Trim(named, "0.") != ""
}
