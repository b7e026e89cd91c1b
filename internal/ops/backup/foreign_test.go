//go:build unix

package backup

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/Abdullahi130/StellarEscrow/test/parts/minio"
)

// leastPart is the least that S3 takes for a part that is not the last one.
const leastPart = 5 << 20

// locked is a bucket of MinIO's with versions and object lock, in which whatever is written stays for a day; at is where MinIO is found.
func locked(t *testing.T, s *minio.Server, at string) *Bucket {
	t.Helper()
	settings(t, s.URL, minio.Region, s.User, s.Password)
	name := "backups-" + strings.ToLower(rand.Text())
	place := "s3://" + name + "/store"
	b, err := NewBucket(t.Context(), place, BucketOptions{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.PutObjectLockConfiguration(t.Context(), &s3.PutObjectLockConfigurationInput{Bucket: &name, ObjectLockConfiguration: &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled,
		Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeGovernance, Days: aws.Int32(1)}},
	}}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", at)
	if b, err = NewBucket(t.Context(), place, BucketOptions{PathStyle: true}); err != nil {
		t.Fatal(err)
	}
	b.partBytes = leastPart
	return b
}

// direct is the same bucket by the nearest way.
func direct(t *testing.T, s *minio.Server, b *Bucket) *Bucket {
	t.Helper()
	t.Setenv("AWS_ENDPOINT_URL_S3", s.URL)
	same, err := NewBucket(t.Context(), b.String(), BucketOptions{PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	same.partBytes = b.partBytes
	return same
}

// several is a store whose backup takes several parts.
func several() fake {
	return fake{tables: []table{{"events", func(to io.Writer) (int64, error) { return noise(to, 25<<20) }}}}
}

// objects are the keys that a bucket shows, and uploads those of what was begun and not ended.
func objects(t *testing.T, b *Bucket) (keys, uploads []string) {
	t.Helper()
	list, err := b.client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.name})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list.Versions {
		keys = append(keys, *v.Key)
	}
	begun, err := b.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &b.name}) // with a prefix, MinIO lists those of exactly that name
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range begun.Uploads {
		uploads = append(uploads, *u.Key)
	}
	return keys, uploads
}

// verified reads a backup back, in the version that is named, or the newest.
func verified(t *testing.T, b *Bucket, r Receipt, version *string, key age.Identity) {
	t.Helper()
	name := b.prefix + r.Name
	got, err := b.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b.name, Key: &name, VersionId: version})
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if again, err := Verify(t.Context(), r.Name, got.Body, []age.Identity{key}); err != nil || again.SHA256 != r.SHA256 {
		t.Errorf("read back: %v", err)
	}
}

// TestABucketOfAnotherServer holds what the stand-in was made to do against a server that knows S3.
func TestABucketOfAnotherServer(t *testing.T) {
	s := minio.Start(t)
	b, key := locked(t, s, s.URL), newKey(t)
	r, err := Take(t.Context(), several(), b, options(key))
	if err != nil {
		t.Fatal(err)
	}
	if r.Bytes < 2*leastPart {
		t.Errorf("%d bytes are one part", r.Bytes)
	}
	verified(t, b, r, nil, key)
	name := b.prefix + r.Name
	head, err := b.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b.name, Key: &name, ChecksumMode: types.ChecksumModeEnabled})
	if err != nil || head.ObjectLockMode != types.ObjectLockModeGovernance || time.Until(aws.ToTime(head.ObjectLockRetainUntilDate)) < 23*time.Hour {
		t.Errorf("it stays until %v (%s), %v", head.ObjectLockRetainUntilDate, head.ObjectLockMode, err)
	}
	if sum, parts := aws.ToString(head.ChecksumSHA256), (r.Bytes+leastPart-1)/leastPart; !strings.HasSuffix(sum, fmt.Sprintf("-%d", parts)) {
		t.Errorf("the store has %q for the SHA-256 of %d parts", sum, parts)
	}
	for _, size := range []int{0, 1, leastPart, leastPart + 1} {
		if err := b.Put(t.Context(), strings.Repeat("x", 1+size%100), bytes.NewReader(make([]byte, size))); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := b.Put(t.Context(), "x", strings.NewReader("another")); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "PreconditionFailed") {
		t.Errorf("over another object: %v", err)
	}
}

// TestALockedBackupOutlivesWhoMayWrite has the key that writes backups do its worst: what was written is there as it was.
func TestALockedBackupOutlivesWhoMayWrite(t *testing.T) {
	s := minio.Start(t)
	b, key := locked(t, s, s.URL), newKey(t)
	r, err := Take(t.Context(), several(), b, options(key))
	if err != nil {
		t.Fatal(err)
	}
	name := b.prefix + r.Name
	head, err := b.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &b.name, Key: &name})
	if err != nil || head.VersionId == nil {
		t.Fatalf("the bucket keeps no versions: %v", err)
	}
	// Another object of the same name, by a caller who does not say that it must be the first: the newest is another, the one that was written is still there.
	if _, err := b.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.name, Key: &name, Body: strings.NewReader("another"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256}); err != nil {
		t.Errorf("a newer version: %v", err)
	}
	verified(t, b, r, head.VersionId, key)
	if _, err := b.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.name, Key: &name}); err != nil {
		t.Errorf("a mark that it is gone: %v", err)
	}
	if _, err := b.Get(t.Context(), r.Name); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Errorf("what is marked as gone: %v", err)
	}
	verified(t, b, r, head.VersionId, key)
	for what, do := range map[string]func() error{
		"the version is removed": func() error {
			_, err := b.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &b.name, Key: &name, VersionId: head.VersionId})
			return err
		},
		"it shall stay for a shorter time": func() error {
			_, err := b.client.PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{Bucket: &b.name, Key: &name, VersionId: head.VersionId,
				Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: aws.Time(time.Now().Add(time.Minute))}})
			return err
		},
		"the bucket is removed": func() error {
			_, err := b.client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: &b.name})
			return err
		},
	} {
		if err := do(); err == nil {
			t.Errorf("%s: nobody minds", what)
		}
	}
	verified(t, b, r, head.VersionId, key)
}

// TestAStoreThatDoesNotKnowUs has keys, a bucket and a place that are none.
func TestAStoreThatDoesNotKnowUs(t *testing.T) {
	s := minio.Start(t)
	there := locked(t, s, s.URL)
	for name, c := range map[string]struct{ user, password, bucket, want string }{
		"a key that is none":        {"ABCDEFGHIJKLMNOPQRST", s.Password, there.name, "InvalidAccessKeyId"},
		"another's secret":          {s.User, rand.Text(), there.name, "SignatureDoesNotMatch"},
		"a bucket that there isn't": {s.User, s.Password, "backups-" + strings.ToLower(rand.Text()), "NoSuchBucket"},
	} {
		t.Run(name, func(t *testing.T) {
			settings(t, s.URL, minio.Region, c.user, c.password)
			b, err := NewBucket(t.Context(), "s3://"+c.bucket+"/store", BucketOptions{PathStyle: true})
			if err != nil {
				t.Fatal(err)
			}
			b.partBytes = leastPart
			_, err = Take(t.Context(), small(), b, options(newKey(t)))
			if !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), c.password) {
				t.Errorf("%v, want one line that names %s", err, c.want)
			}
		})
	}
	if keys, uploads := objects(t, there); len(keys)+len(uploads) > 0 {
		t.Errorf("there are %v, %v", keys, uploads)
	}
}

// line is a way to a server that can be cut, or can change a bit of what goes there.
type line struct {
	address string
	left    atomic.Int64 // bytes of content towards the server before it happens
	flip    bool         // change a bit and go on, in place of cutting, and begin to count anew
	dead    atomic.Bool  // cut: nobody comes through any more
}

// tap listens before a server.
func tap(t *testing.T, server string, after int64, flip bool) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &line{address: l.Addr().String(), flip: flip}
	w.left.Store(after)
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", server)
			if err != nil || w.dead.Load() {
				from.Close()
				continue
			}
			go func() { defer from.Close(); defer to.Close(); _, _ = io.Copy(from, to) }()
			go func() { defer from.Close(); defer to.Close(); w.carry(to, from, after) }()
		}
	}()
	return w
}

// content is more bytes than a question has beside the part that it carries.
const content = 8 << 10

func (w *line) carry(to io.Writer, from io.Reader, after int64) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if n > content && w.left.Add(-int64(n)) < 0 {
			if !w.flip {
				w.dead.Store(true)
				return
			}
			buf[n/2] ^= 1
			w.left.Store(after)
		}
		if _, fail := to.Write(buf[:n]); fail != nil || err != nil || w.dead.Load() {
			return
		}
	}
}

// TestABackupWhoseLineIsCut loses the store in the middle of a part, for good: whatever the store has, nobody takes it for a backup.
func TestABackupWhoseLineIsCut(t *testing.T) {
	s := minio.Start(t)
	w := tap(t, strings.TrimPrefix(s.URL, "http://"), leastPart+leastPart/2, false)
	b, key := locked(t, s, "http://"+w.address), newKey(t)
	began := time.Now()
	_, err := Take(t.Context(), several(), b, options(key))
	if !errors.Is(err, ErrPlace) || strings.Contains(err.Error(), "\n") || !w.dead.Load() {
		t.Errorf("%v, want one line, ErrPlace", err)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("it took %s", took)
	}
	again := direct(t, s, b)
	if keys, uploads := objects(t, again); len(keys) > 0 || len(uploads) != 1 {
		t.Errorf("the store shows %v, and %v were begun: that is no cut in the middle", keys, uploads)
	}
	// The next one is made beside what is left, which a rule of the bucket takes away in time.
	r, err := Take(t.Context(), several(), again, options(key))
	if err != nil {
		t.Fatal(err)
	}
	verified(t, again, r, nil, key)
	if keys, _ := objects(t, again); len(keys) != 1 {
		t.Errorf("the store shows %v", keys)
	}
}

// TestABackupWhoseBytesChangeOnTheWay changes a bit in every part: the store notices by the checksum, and nothing is left of it.
func TestABackupWhoseBytesChangeOnTheWay(t *testing.T) {
	s := minio.Start(t)
	w := tap(t, strings.TrimPrefix(s.URL, "http://"), leastPart/2, true)
	b := locked(t, s, "http://"+w.address)
	if _, err := Take(t.Context(), several(), b, options(newKey(t))); !errors.Is(err, ErrPlace) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), "UploadPart") {
		t.Errorf("%v, want one line, ErrPlace", err)
	}
	if keys, uploads := objects(t, direct(t, s, b)); len(keys)+len(uploads) > 0 {
		t.Errorf("there are %v, %v", keys, uploads)
	}
}

// TestContentThatBreaksOff is of a store that is there and a backup that is not: what was uploaded is given back.
func TestContentThatBreaksOff(t *testing.T) {
	s := minio.Start(t)
	b, gone := locked(t, s, s.URL), errors.New("the server went away")
	if err := b.Put(t.Context(), "cut", io.MultiReader(bytes.NewReader(make([]byte, leastPart+1)), readerFunc(func([]byte) (int, error) { return 0, gone }))); !errors.Is(err, gone) {
		t.Errorf("%v, want %v", err, gone)
	}
	if _, err := b.Get(t.Context(), "cut"); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Errorf("what was cut off: %v", err)
	}
	if keys, uploads := objects(t, b); len(keys)+len(uploads) > 0 {
		t.Errorf("there are %v, %v", keys, uploads)
	}
}
