package backup

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"filippo.io/age"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// anotherServer names the URL of an S3 server that is none of ours, such as MinIO. Its user and password are in AWS_SHARED_CREDENTIALS_FILE.
const anotherServer = "STELLARESCROW_TEST_S3"

// TestABucketOfAnotherServer holds what the stand-in was made to do against a server that knows S3: a bucket with versions and object lock, in which whatever
// is written stays for a day.
func TestABucketOfAnotherServer(t *testing.T) {
	url := os.Getenv(anotherServer)
	if url == "" {
		t.Skip(anotherServer + " names no server: minio server --address 127.0.0.1:PORT DIR, with its user in AWS_SHARED_CREDENTIALS_FILE")
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", url)
	t.Setenv("AWS_REGION", "us-east-1")
	name := "backups-" + strings.ToLower(rand.Text())
	b, err := NewBucket(t.Context(), "s3://"+name+"/store", BucketOptions{PathStyle: true})
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
	b.partBytes = 5 << 20 // the least that S3 takes

	key := newKey(t)
	src := fake{tables: []table{{"events", func(to io.Writer) (int64, error) { return noise(to, 25<<20) }}}}
	r, err := Take(t.Context(), src, b, options(key))
	if err != nil {
		t.Fatal(err)
	}
	in, err := b.Get(t.Context(), r.Name)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if again, err := Verify(t.Context(), r.Name, in, []age.Identity{key}); err != nil || again.SHA256 != r.SHA256 || r.Bytes < 2*int64(b.partBytes) {
		t.Errorf("%v, %d bytes", err, r.Bytes)
	}
	for _, size := range []int{0, 1, b.partBytes, b.partBytes + 1} {
		if err := b.Put(t.Context(), strings.Repeat("x", 1+size%100), bytes.NewReader(make([]byte, size))); err != nil {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
	if err := b.Put(t.Context(), "x", strings.NewReader("another")); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "PreconditionFailed") {
		t.Errorf("over another object: %v", err)
	}
	gone := errors.New("the server went away")
	if err := b.Put(t.Context(), "cut", io.MultiReader(bytes.NewReader(make([]byte, b.partBytes+1)), readerFunc(func([]byte) (int, error) { return 0, gone }))); !errors.Is(err, gone) {
		t.Errorf("content that breaks off: %v", err)
	}
	if _, err := b.Get(t.Context(), "cut"); !errors.Is(err, ErrPlace) || !strings.Contains(err.Error(), "NoSuchKey") {
		t.Errorf("what was cut off: %v", err)
	}
	left, err := b.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	if err != nil || len(left.Uploads) != 0 {
		t.Errorf("%v uploads are left, %v", len(left.Uploads), err)
	}
}
