// Package s3testsrv stands in for an object store that speaks S3, for tests: what a backup asks of one, and no more. It is none: it keeps objects in memory
// and believes every signature. What it is strict about are the things that a real bucket with object lock refuses: a part whose SHA-256 is missing or wrong,
// parts in another order, an object over another one. What is asked of it is asked of MinIO, too (foreign_test.go).
package s3testsrv

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Server is one store with one bucket. Its fields may be changed between calls.
type Server struct {
	URL    string
	Bucket string

	mu      sync.Mutex
	objects map[string][]byte
	uploads map[string]*upload
	count   int
	aborted int
	// Refuse, unless nil, is asked about each call first: an error's code and status in S3's words, or 0.
	refuse func(r *http.Request) (code string, status int)
	// Served, unless nil, changes what is sent of an object.
	served func([]byte) []byte
}

type upload struct {
	key   string
	parts map[int]part
}

type part struct{ content, sum []byte }

// New starts a store, until the test ends.
func New(t testing.TB, bucket string) *Server {
	t.Helper()
	s := &Server{Bucket: bucket, objects: map[string][]byte{}, uploads: map[string]*upload{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Refuse has calls refused: f gives an error's code and its status, 0 to let the call pass.
func (s *Server) Refuse(f func(r *http.Request) (code string, status int)) {
	s.with(func() { s.refuse = f })
}

// Serve has objects changed on their way back.
func (s *Server) Serve(f func([]byte) []byte) { s.with(func() { s.served = f }) }

// Objects are the keys of what can be seen.
func (s *Server) Objects() (keys []string) {
	s.with(func() {
		for key := range s.objects {
			keys = append(keys, key)
		}
	})
	slices.Sort(keys)
	return keys
}

// Object is what can be seen under a key.
func (s *Server) Object(key string) (content []byte) {
	s.with(func() { content = slices.Clone(s.objects[key]) })
	return content
}

// Put puts an object there, or another in its place.
func (s *Server) Put(key string, content []byte) { s.with(func() { s.objects[key] = content }) }

// Uploads are how many have begun and neither ended nor been given up, and how many were given up.
func (s *Server) Uploads() (open, aborted int) {
	s.with(func() { open, aborted = len(s.uploads), s.aborted })
	return open, aborted
}

func (s *Server) with(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// failure is an error in S3's words.
type failure struct {
	code   string
	status int
}

var signed = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/[a-z0-9-]+/s3/aws4_request, SignedHeaders=[a-z0-9;-]+, Signature=[0-9a-f]{64}$`)

// ServeHTTP takes calls with the bucket in the path.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.answer(w, r); f != nil {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(f.status)
		fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>refused by the stand-in</Message><RequestId>1</RequestId></Error>", f.code)
	}
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) *failure {
	if !signed.MatchString(r.Header.Get("Authorization")) {
		return &failure{"AccessDenied", http.StatusForbidden}
	}
	if s.refuse != nil {
		if code, status := s.refuse(r); status != 0 {
			return &failure{code, status}
		}
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if bucket != s.Bucket {
		return &failure{"NoSuchBucket", http.StatusNotFound}
	}
	query := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		return s.begin(w, r, key)
	case r.Method == http.MethodPut && query.Has("uploadId"):
		return s.part(w, r, key)
	case r.Method == http.MethodPost && query.Has("uploadId"):
		return s.complete(w, r, key)
	case r.Method == http.MethodDelete && query.Has("uploadId"):
		if s.uploads[query.Get("uploadId")] == nil {
			return &failure{"NoSuchUpload", http.StatusNotFound}
		}
		delete(s.uploads, query.Get("uploadId"))
		s.aborted++
		w.WriteHeader(http.StatusNoContent)
		return nil
	case r.Method == http.MethodGet:
		return s.get(w, key)
	}
	return &failure{"NotImplemented", http.StatusNotImplemented}
}

func (s *Server) begin(w http.ResponseWriter, r *http.Request, key string) *failure {
	if r.Header.Get("X-Amz-Checksum-Algorithm") != "SHA256" {
		return &failure{"InvalidRequest", http.StatusBadRequest}
	}
	s.count++
	id := strconv.Itoa(s.count)
	s.uploads[id] = &upload{key: key, parts: map[int]part{}}
	fmt.Fprintf(w, "<InitiateMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><UploadId>%s</UploadId></InitiateMultipartUploadResult>", s.Bucket, key, id)
	return nil
}

func (s *Server) part(w http.ResponseWriter, r *http.Request, key string) *failure {
	u := s.uploads[r.URL.Query().Get("uploadId")]
	number, err := strconv.Atoi(r.URL.Query().Get("partNumber"))
	if u == nil || u.key != key || err != nil || number < 1 || number > 10_000 {
		return &failure{"NoSuchUpload", http.StatusNotFound}
	}
	content, err := io.ReadAll(r.Body)
	if err != nil {
		return &failure{"IncompleteBody", http.StatusBadRequest}
	}
	sum := sha256.Sum256(content)
	encoded := base64.StdEncoding.EncodeToString(sum[:])
	if r.Header.Get("X-Amz-Checksum-Sha256") != encoded {
		return &failure{"BadDigest", http.StatusBadRequest}
	}
	u.parts[number] = part{content, sum[:]}
	w.Header().Set("ETag", etag(number))
	w.Header().Set("X-Amz-Checksum-Sha256", encoded)
	return nil
}

func etag(number int) string { return strconv.Quote(fmt.Sprint("part", number)) }

const leastPart = 5 << 10 // S3's is 5 MiB; a test's parts are small

func (s *Server) complete(w http.ResponseWriter, r *http.Request, key string) *failure {
	id := r.URL.Query().Get("uploadId")
	u := s.uploads[id]
	if u == nil || u.key != key {
		return &failure{"NoSuchUpload", http.StatusNotFound}
	}
	var asked struct {
		Part []struct {
			PartNumber     int
			ETag           string
			ChecksumSHA256 string
		}
	}
	if err := xml.NewDecoder(r.Body).Decode(&asked); err != nil || len(asked.Part) == 0 {
		return &failure{"MalformedXML", http.StatusBadRequest}
	}
	if _, there := s.objects[key]; there && r.Header.Get("If-None-Match") == "*" {
		return &failure{"PreconditionFailed", http.StatusPreconditionFailed}
	}
	var whole bytes.Buffer
	sums := sha256.New()
	for i, p := range asked.Part {
		is, ok := u.parts[p.PartNumber]
		switch {
		case !ok || p.ETag != etag(p.PartNumber) || p.ChecksumSHA256 != base64.StdEncoding.EncodeToString(is.sum):
			return &failure{"InvalidPart", http.StatusBadRequest}
		case i > 0 && p.PartNumber <= asked.Part[i-1].PartNumber:
			return &failure{"InvalidPartOrder", http.StatusBadRequest}
		case i < len(asked.Part)-1 && len(is.content) < leastPart:
			return &failure{"EntityTooSmall", http.StatusBadRequest}
		}
		whole.Write(is.content)
		sums.Write(is.sum)
	}
	s.objects[key] = whole.Bytes()
	delete(s.uploads, id)
	fmt.Fprintf(w, "<CompleteMultipartUploadResult><Bucket>%s</Bucket><Key>%s</Key><ETag>\"x-%d\"</ETag><ChecksumSHA256>%s-%d</ChecksumSHA256></CompleteMultipartUploadResult>",
		s.Bucket, key, len(asked.Part), base64.StdEncoding.EncodeToString(sums.Sum(nil)), len(asked.Part))
	return nil
}

func (s *Server) get(w http.ResponseWriter, key string) *failure {
	content, ok := s.objects[key]
	if !ok {
		return &failure{"NoSuchKey", http.StatusNotFound}
	}
	if s.served != nil {
		content = s.served(slices.Clone(content))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // the client may be gone
	return nil
}
