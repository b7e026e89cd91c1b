package csifiles

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
)

// managed is the label that the driver puts on Secrets of its making.
const managed = "secrets-store.csi.k8s.io/managed"

// Secrets keeps the Secrets of secretObjects as long as a volume is mounted that they are of.
type Secrets struct {
	api kubernetes.Interface

	mu   sync.Mutex
	uses map[types.NamespacedName]map[string]bool // by Secret, the volumes: where they are mounted
}

// NewSecrets starts with no volume mounted.
func NewSecrets(api kubernetes.Interface) *Secrets {
	return &Secrets{api: api, uses: map[types.NamespacedName]map[string]bool{}}
}

// wanted is a Secret as the class and the files of its volume make it.
func (o SecretObject) wanted(namespace string, files map[string][]byte) (*corev1.Secret, error) {
	if o.SecretName == "" || len(o.Data) == 0 {
		return nil, errors.New("secretObjects: one has no secretName or no data")
	}
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: o.SecretName, Labels: map[string]string{}, Annotations: o.Annotations},
		Type:       corev1.SecretType(o.Type), Data: map[string][]byte{},
	}
	maps.Copy(s.Labels, o.Labels)
	s.Labels[managed] = "true"
	if s.Type == "" {
		s.Type = corev1.SecretTypeOpaque
	}
	for _, d := range o.Data {
		text, ok := files[d.ObjectName]
		if !ok {
			return nil, fmt.Errorf("secretObjects, %s: the volume has no file %q", o.SecretName, d.ObjectName)
		}
		if _, twice := s.Data[d.Key]; twice || d.Key == "" {
			return nil, fmt.Errorf("secretObjects, %s: key %q is empty or there twice", o.SecretName, d.Key)
		}
		s.Data[d.Key] = text
	}
	return s, nil
}

// Publish makes the Secrets of a class what the files say, and notes that the volume at target is mounted.
func (s *Secrets) Publish(ctx context.Context, target string, c Class, files map[string][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range c.Spec.SecretObjects {
		want, err := o.wanted(c.Namespace, files)
		if err != nil {
			return err
		}
		if err := s.put(ctx, want); err != nil {
			return fmt.Errorf("secretObjects, %s: %w", o.SecretName, err)
		}
		name := types.NamespacedName{Namespace: want.Namespace, Name: want.Name}
		if s.uses[name] == nil {
			s.uses[name] = map[string]bool{}
		}
		s.uses[name][target] = true
	}
	return nil
}

func (s *Secrets) put(ctx context.Context, want *corev1.Secret) error {
	all := s.api.CoreV1().Secrets(want.Namespace)
	have, err := all.Get(ctx, want.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		_, err = all.Create(ctx, want, metav1.CreateOptions{})
		return err
	}
	if err != nil {
		return err
	}
	if have.Labels[managed] != "true" {
		return errors.New("there is a Secret of this name that somebody else made: remove it, or give secretObjects another")
	}
	if have.Type != want.Type {
		return fmt.Errorf("it is of type %s and shall be %s, which no Secret can become: remove it", have.Type, want.Type)
	}
	if reflect.DeepEqual(have.Data, want.Data) {
		return nil
	}
	changed := have.DeepCopy()
	changed.Data = want.Data
	_, err = all.Update(ctx, changed, metav1.UpdateOptions{})
	return err
}

// Unpublish notes that the volume is gone, and removes the Secrets that no other is there for.
func (s *Secrets) Unpublish(ctx context.Context, target string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, name := range slices.SortedFunc(maps.Keys(s.uses), func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) }) {
		volumes := s.uses[name]
		if !volumes[target] {
			continue
		}
		if len(volumes) > 1 {
			delete(volumes, target)
			continue
		}
		if err := s.api.CoreV1().Secrets(name.Namespace).Delete(ctx, name.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("remove Secret %s: %w", name, err)) // it stays noted: the kubelet asks again
			continue
		}
		delete(s.uses, name)
	}
	return errors.Join(errs...)
}
