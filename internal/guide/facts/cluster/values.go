package cluster

import (
	"context"
	"encoding/base64"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Judge has judge look at each value of a Secret of the platform's namespace, by its key, and returns what it says, nil of a value that is as it should be. The
// values are read for that alone: judge must not keep them either.
func (c *Cluster) Judge(ctx context.Context, secret string, judge func(key, value string) error) (map[string]error, error) {
	ctx = quiet(ctx)
	o, err := c.Objects("", "v1", "secrets").Namespace(c.Namespace).Get(ctx, secret, metav1.GetOptions{})
	if err != nil {
		return nil, fmt.Errorf("%s: Secret %s could not be read: %w", c.Name, secret, err)
	}
	data, _, err := unstructured.NestedStringMap(o.Object, "data")
	if err != nil {
		return nil, fmt.Errorf("%s: Secret %s has data of another form", c.Name, secret) // the error would hold some of it
	}
	said := map[string]error{}
	for key, encoded := range data {
		value, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, fmt.Errorf("%s: Secret %s: %s is no base64", c.Name, secret, key)
		}
		said[key] = judge(key, string(value))
	}
	return said, nil
}
