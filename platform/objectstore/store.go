package objectstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// Config says where a bucket is.
type Config struct {
	Endpoint       string            // base URL that this process reaches, such as "http://127.0.0.1:8093"; required
	PublicEndpoint string            // base URL that clients reach; Endpoint if empty
	Region         string            // "us-east-1" if empty
	Bucket         string            // "platform" if empty
	AccessKey      string            // required
	SecretKey      string            // required
	Transport      http.RoundTripper // minio's default if nil
}

// Store reads and writes one bucket. It is safe for concurrent use.
type Store struct {
	core   minio.Core
	public *minio.Client // signs URLs for clients
	bucket string
	region string
}

// retries bounds how long one call hides a storage outage: three tries are about a second.
const retries = 3

// New returns a store; it opens no connection.
func New(c Config) (*Store, error) {
	region := cmp.Or(c.Region, "us-east-1")
	core, err := client(c, "endpoint", c.Endpoint, region)
	if err != nil {
		return nil, err
	}
	public, err := client(c, "public endpoint", cmp.Or(c.PublicEndpoint, c.Endpoint), region)
	if err != nil {
		return nil, err
	}
	return &Store{core: minio.Core{Client: core}, public: public, bucket: cmp.Or(c.Bucket, "platform"), region: region}, nil
}

func client(c Config, field, endpoint, region string) (*minio.Client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || (u.Path != "" && u.Path != "/") {
		return nil, fmt.Errorf("object store %s %q: expected a URL of scheme and host, such as http://127.0.0.1:8093", field, endpoint)
	}
	if c.AccessKey == "" || c.SecretKey == "" {
		return nil, errors.New("object store: access key and secret key are required")
	}
	m, err := minio.New(u.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""),
		Secure:       u.Scheme == "https",
		Region:       region,
		BucketLookup: minio.BucketLookupPath,
		Transport:    c.Transport,
		MaxRetries:   retries,
	})
	if err != nil {
		return nil, fmt.Errorf("object store %s %q: %w", field, endpoint, err)
	}
	return m, nil
}

// EnsureBucket creates the bucket if it is not there.
func (s *Store) EnsureBucket(ctx context.Context) error {
	err := s.core.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: s.region})
	switch minio.ToErrorResponse(err).Code {
	case "", minio.BucketAlreadyOwnedByYou, minio.BucketAlreadyExists:
		if err == nil {
			return nil
		}
	default:
		return fmt.Errorf("create bucket %s: %w", s.bucket, translate(err))
	}
	// The name is taken: it serves if this account may use it.
	exists, err := s.core.BucketExists(ctx, s.bucket)
	if err != nil {
		return fmt.Errorf("look for bucket %s: %w", s.bucket, translate(err))
	}
	if !exists {
		return fmt.Errorf("create bucket %s: the name belongs to another account", s.bucket)
	}
	return nil
}
