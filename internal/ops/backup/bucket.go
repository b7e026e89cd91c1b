package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Bounds of a bucket's objects. 10,000 parts are what S3 takes, so an object is at most 335 GB.
const (
	partBytes    = 32 << 20 // also what is in memory of it
	maxParts     = 10_000
	callTimeout  = 10 * time.Minute // of one part, tries included
	abortTimeout = 30 * time.Second
)

// Bucket is a place in an object store that speaks S3.
type Bucket struct {
	client    *s3.Client
	name      string
	prefix    string // empty, or with a / behind it
	partBytes int
}

// BucketOptions are what the environment does not say to every program of AWS's.
type BucketOptions struct {
	// PathStyle puts the bucket's name into the path, as servers other than AWS's own mostly want it.
	PathStyle bool
}

const bucketScheme = "s3://"

// IsBucket tells a bucket's name from a folder's.
func IsBucket(place string) bool { return strings.HasPrefix(place, bucketScheme) }

// NewBucket is s3://BUCKET/PREFIX. Region, endpoint and credentials are looked for as every program with the AWS SDK does: AWS_REGION, AWS_ENDPOINT_URL_S3,
// AWS_SHARED_CREDENTIALS_FILE, and in Kubernetes the service account's role (AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN). The machine's own role is not asked
// for: its address is behind the network policy (docs/guide.md N4).
func NewBucket(ctx context.Context, place string, o BucketOptions) (*Bucket, error) {
	u, err := url.Parse(place)
	if err != nil || u.Scheme+"://" != bucketScheme || u.Host == "" || u.User != nil || u.Port() != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("%.200q is no bucket; write s3://BUCKET or s3://BUCKET/PREFIX", place)
	}
	c, err := config.LoadDefaultConfig(ctx, config.WithEC2IMDSClientEnableState(imds.ClientDisabled))
	if err != nil {
		return nil, fmt.Errorf("%w: read the settings of AWS: %w", ErrPlace, oneLine{err})
	}
	b := &Bucket{name: u.Host, prefix: strings.Trim(u.Path, "/"), partBytes: partBytes}
	if b.prefix != "" {
		b.prefix += "/"
	}
	b.client = s3.NewFromConfig(c, func(so *s3.Options) {
		so.UsePathStyle = o.PathStyle
		so.DisableLogOutputChecksumValidationSkipped = true // of an object in parts; whoever reads compares all of it
	})
	return b, nil
}

// String is the bucket as NewBucket takes it.
func (b *Bucket) String() string { return strings.TrimSuffix(bucketScheme+b.name+"/"+b.prefix, "/") }

// Put uploads in parts, each with its SHA-256, which a bucket with object lock wants. The object appears when all are there, and not over another one.
func (b *Bucket) Put(ctx context.Context, name string, content io.Reader) (err error) {
	key := b.prefix + name
	begun, err := call(ctx, b.client.CreateMultipartUpload, &s3.CreateMultipartUploadInput{
		Bucket: &b.name, Key: &key, ContentType: aws.String("application/octet-stream"), ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumType: types.ChecksumTypeComposite,
	})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, b.abort(ctx, key, begun.UploadId))
		}
	}()
	parts, sum, err := b.parts(ctx, key, begun.UploadId, content)
	if err != nil {
		return err
	}
	done, err := call(ctx, b.client.CompleteMultipartUpload, &s3.CompleteMultipartUploadInput{
		Bucket: &b.name, Key: &key, UploadId: begun.UploadId, IfNoneMatch: aws.String("*"), MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return err
	}
	if is := aws.ToString(done.ChecksumSHA256); is != "" && is != sum {
		return fmt.Errorf("%w: the store has put the parts together to something else (its checksum is %s, ours %s)", ErrPlace, is, sum)
	}
	return nil
}

// parts uploads content to its end and says what the store should make of it.
func (b *Bucket) parts(ctx context.Context, key string, upload *string, content io.Reader) (all []types.CompletedPart, sum string, err error) {
	buf, sums := make([]byte, b.partBytes), sha256.New()
	for more := true; more; {
		n, err := io.ReadFull(content, buf)
		switch {
		case errors.Is(err, io.EOF) && len(all) > 0:
			return all, checksum(sums.Sum(nil), len(all)), nil
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			more = false
		case err != nil:
			return nil, "", err
		}
		if len(all) == maxParts {
			return nil, "", fmt.Errorf("%w: an object of more than %d parts of %d bytes cannot be stored", ErrPlace, maxParts, b.partBytes)
		}
		part := sha256.Sum256(buf[:n])
		sums.Write(part[:])
		number, encoded := int32(len(all)+1), base64.StdEncoding.EncodeToString(part[:])
		sent, err := call(ctx, b.client.UploadPart, &s3.UploadPartInput{
			Bucket: &b.name, Key: &key, UploadId: upload, PartNumber: &number, Body: bytes.NewReader(buf[:n]), ContentLength: aws.Int64(int64(n)), ChecksumSHA256: &encoded,
		})
		if err != nil {
			return nil, "", err
		}
		all = append(all, types.CompletedPart{ETag: sent.ETag, PartNumber: &number, ChecksumSHA256: &encoded})
	}
	return all, checksum(sums.Sum(nil), len(all)), nil
}

// checksum is how S3 writes that of an object of several parts.
func checksum(sum []byte, parts int) string {
	return fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(sum), parts)
}

// abort gives back what was uploaded; its context may have ended. A lifecycle rule of the bucket takes what is left of a process that was killed.
func (b *Bucket) abort(ctx context.Context, key string, upload *string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := call(ctx, b.client.AbortMultipartUpload, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: upload})
	return err
}

// Get reads an object.
func (b *Bucket) Get(ctx context.Context, name string) (io.ReadCloser, error) {
	key := b.prefix + name
	got, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, oneLine{err})
	}
	return got.Body, nil
}

// call is one call, within its time.
func call[I, O any](ctx context.Context, do func(context.Context, *I, ...func(*s3.Options)) (*O, error), in *I) (*O, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := do(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPlace, oneLine{err})
	}
	return out, nil
}
