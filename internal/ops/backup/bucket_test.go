package backup

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	s3testsrv "github.com/Abdullahi130/StellarEscrow/internal/ops/backup/s3-test-srv"
)

// settings are those that a pod has of a store at this URL; nothing of the developer's own AWS is seen.
func settings(t *testing.T, url, region, user, password string) {
	t.Helper()
	credentials := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(credentials, []byte("[default]\naws_access_key_id = "+user+"\naws_secret_access_key = "+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"AWS_REGION": region, "AWS_ENDPOINT_URL_S3": url, "AWS_SHARED_CREDENTIALS_FILE": credentials, "AWS_CONFIG_FILE": os.DevNull,
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_MAX_ATTEMPTS": "2",
	} {
		t.Setenv(name, value)
	}
}

// bucket is a place at the stand-in.
func bucket(t *testing.T, s *s3testsrv.Server, prefix string) *Bucket {
	t.Helper()
	settings(t, s.URL, "eu-central-1", "backup", "of-this-test-only")
	b, err := NewBucket(t.Context(), "s3://"+s.Bucket+prefix, BucketOptions{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	b.partBytes = 8 << 10
	return b
}

func TestABucketKeepsBackups(t *testing.T) {
	for prefix, key := range map[string]string{"": "", "/": "", "/a/b": "a/b/", "/a/b/": "a/b/"} {
		s := s3testsrv.New(t, "backups")
		b, identity := bucket(t, s, prefix), newKey(t)
		src := fake{tables: []table{{"events", func(to io.Writer) (int64, error) { return noise(to, 200<<10) }}}}
		r, err := Take(t.Context(), src, b, options(identity))
		if err != nil {
			t.Fatalf("%q: %v", prefix, err)
		}
		if keys := s.Objects(); len(keys) != 1 || keys[0] != key+r.Name || int64(len(s.Object(keys[0]))) != r.Bytes || r.Bytes < 10*int64(b.partBytes) {
			t.Errorf("%q: %v, want %s%s of %d bytes", prefix, keys, key, r.Name, r.Bytes)
		}
		if open, aborted := s.Uploads(); open != 0 || aborted != 0 {
			t.Errorf("%d uploads are open, %d were given up", open, aborted)
		}
		in, err := b.Get(t.Context(), r.Name)
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if _, err := Verify(t.Context(), r.Name, in, []age.Identity{identity}); err != nil {
			t.Error(err)
		}
		if want := strings.TrimSuffix("s3://backups/"+key, "/"); b.String() != want || r.Place != want {
			t.Errorf("it calls itself %s, the receipt %s, want %s", b, r.Place, want)
		}
	}
}

// TestPartsOfEverySize has contents that end before, at and behind a part's end.
func TestPartsOfEverySize(t *testing.T) {
	s := s3testsrv.New(t, "backups")
	b := bucket(t, s, "")
	for _, size := range []int{0, 1, b.partBytes - 1, b.partBytes, b.partBytes + 1, 3 * b.partBytes} {
		content := bytes.Repeat([]byte{7}, size)
		name := strings.Repeat("x", 1+size%100)
		if err := b.Put(t.Context(), name, bytes.NewReader(content)); err != nil || !bytes.Equal(s.Object(name), content) {
			t.Errorf("%d bytes: %v, %d are there", size, err, len(s.Object(name)))
		}
	}
	if err := b.Put(t.Context(), "x", strings.NewReader("another")); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "PreconditionFailed") || len(s.Object("x")) != 0 {
		t.Errorf("over another object: %v, it holds %q", err, s.Object("x"))
	}
}

// TestBucketsThatRefuse fails each call, and content that breaks off: no object is seen, and what was begun is given up.
func TestBucketsThatRefuse(t *testing.T) {
	gone := errors.New("the server went away")
	for name, c := range map[string]struct {
		refuse  func(r *http.Request) bool
		content io.Reader
		is      error
		aborted int
	}{
		"to begin":         {func(r *http.Request) bool { return r.URL.Query().Has("uploads") }, nil, ErrPlace, 0},
		"the first part":   {func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "1" }, nil, ErrPlace, 1},
		"a later part":     {func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "3" }, nil, ErrPlace, 1},
		"to end":           {func(r *http.Request) bool { return r.Method == "POST" && r.URL.Query().Has("uploadId") }, nil, ErrPlace, 1},
		"to give up, too":  {func(r *http.Request) bool { return !r.URL.Query().Has("uploads") }, nil, ErrPlace, 0},
		"content breaks":   {nil, io.MultiReader(strings.NewReader(strings.Repeat("x", 50<<10)), readerFunc(func([]byte) (int, error) { return 0, gone })), gone, 1},
		"an empty content": {nil, readerFunc(func([]byte) (int, error) { return 0, gone }), gone, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := s3testsrv.New(t, "backups")
			b := bucket(t, s, "")
			s.Refuse(func(r *http.Request) (string, int) {
				if c.refuse != nil && c.refuse(r) {
					return "AccessDenied", http.StatusForbidden
				}
				return "", 0
			})
			if c.content == nil {
				c.content = strings.NewReader(strings.Repeat("x", 50<<10))
			}
			err := b.Put(t.Context(), "name", c.content)
			if !errors.Is(err, c.is) || c.is == ErrPlace && !strings.Contains(err.Error(), "AccessDenied") || c.is == gone && errors.Is(err, ErrPlace) {
				t.Errorf("%v, want %v", err, c.is)
			}
			if _, aborted := s.Uploads(); aborted != c.aborted || len(s.Objects()) != 0 {
				t.Errorf("%d uploads were given up, want %d; there is %v", aborted, c.aborted, s.Objects())
			}
		})
	}
}

// TestTwoErrorsAreOneLine: the upload fails, and so does giving it up.
func TestTwoErrorsAreOneLine(t *testing.T) {
	s := s3testsrv.New(t, "backups")
	b := bucket(t, s, "")
	s.Refuse(func(r *http.Request) (string, int) {
		if r.URL.Query().Has("uploads") {
			return "", 0
		}
		return "AccessDenied", http.StatusForbidden
	})
	_, err := Take(t.Context(), small(), b, options(newKey(t)))
	if !errors.Is(err, ErrPlace) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "UploadPart") || !strings.Contains(err.Error(), "AbortMultipartUpload") {
		t.Errorf("%v, want one line with both", err)
	}
}

// TestABucketIsTriedAgain: one answer of a busy store is not the end of a backup.
func TestABucketIsTriedAgain(t *testing.T) {
	s := s3testsrv.New(t, "backups")
	b := bucket(t, s, "")
	busy := 1
	s.Refuse(func(r *http.Request) (string, int) {
		if r.URL.Query().Get("partNumber") == "2" && busy > 0 {
			busy--
			return "SlowDown", http.StatusServiceUnavailable
		}
		return "", 0
	})
	content := bytes.Repeat([]byte("abc"), 10<<10)
	if err := b.Put(t.Context(), "name", bytes.NewReader(content)); err != nil || busy != 0 || !bytes.Equal(s.Object("name"), content) {
		t.Errorf("%v; refused %d times too few", err, busy)
	}
}

func TestWhatABucketGivesBackIsCompared(t *testing.T) {
	for name, serve := range map[string]func([]byte) []byte{
		"a bit":   func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"cut off": func(b []byte) []byte { return b[:len(b)-1] },
		"longer":  func(b []byte) []byte { return append(b, 0) },
	} {
		s := s3testsrv.New(t, "backups")
		b := bucket(t, s, "")
		s.Serve(serve)
		if _, err := Take(t.Context(), small(), b, options(newKey(t))); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "s3://backups") {
			t.Errorf("%s: %v, want ErrDamaged", name, err)
		}
	}
	s := s3testsrv.New(t, "backups")
	b := bucket(t, s, "")
	s.Refuse(func(r *http.Request) (string, int) {
		if r.Method == http.MethodGet {
			return "AccessDenied", http.StatusForbidden
		}
		return "", 0
	})
	if _, err := Take(t.Context(), small(), b, options(newKey(t))); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "read") {
		t.Errorf("it may not be read: %v, want ErrPlace", err)
	}
}

func TestBucketsThatAreNone(t *testing.T) {
	for _, place := range []string{"s3://", "s3:///x", "s3://u:p@b", "s3://b?x", "s3://b:1/x", "S3:/b", "s3://b#x"} {
		if b, err := NewBucket(t.Context(), place, BucketOptions{}); err == nil {
			t.Errorf("%s is taken for %s", place, b)
		}
	}
	// Nobody there: it ends, and says so.
	s := s3testsrv.New(t, "backups")
	b := bucket(t, s, "")
	t.Setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
	b, err := NewBucket(t.Context(), b.String(), BucketOptions{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := Take(t.Context(), small(), b, options(newKey(t))); !errors.Is(err, ErrPlace) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "of-this-test-only") {
		t.Errorf("nobody listens: %v, want one line, ErrPlace", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s", took)
	}
}
