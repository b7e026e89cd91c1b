package kube

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Workload is the pods that an object makes, or a pod itself: Object is who makes them.
type Workload struct {
	Object
	Pod corev1.PodTemplateSpec
}

// Workloads are all pod templates of the set, whatever kind of object has them, in its order.
func (s *Set) Workloads() (all []Workload) {
	for _, o := range s.objects {
		var t *corev1.PodTemplateSpec
		switch v := o.value.(type) {
		case *corev1.Pod:
			t = &corev1.PodTemplateSpec{ObjectMeta: v.ObjectMeta, Spec: v.Spec}
		case *corev1.PodTemplate:
			t = &v.Template
		case *corev1.ReplicationController:
			t = v.Spec.Template
		case *appsv1.Deployment:
			t = &v.Spec.Template
		case *appsv1.StatefulSet:
			t = &v.Spec.Template
		case *appsv1.DaemonSet:
			t = &v.Spec.Template
		case *appsv1.ReplicaSet:
			t = &v.Spec.Template
		case *batchv1.Job:
			t = &v.Spec.Template
		case *batchv1.CronJob:
			t = &v.Spec.JobTemplate.Spec.Template
		}
		if t != nil {
			all = append(all, Workload{o.Object, *t})
		}
	}
	return all
}

// Containers are those of the pod that its manifest names: those that start it first.
func (w Workload) Containers() []corev1.Container {
	return append(append([]corev1.Container(nil), w.Pod.Spec.InitContainers...), w.Pod.Spec.Containers...)
}

// Probe is what the kubelet asks a container. It asks from the pod's own node, which no network policy holds back.
type Probe struct {
	Container string
	Of        string // startup, readiness or liveness
	Port      int32  // that it connects to; 0 for one that runs a command in the container
	Probe     *corev1.Probe
}

// Probes are those of all containers. A port that its container does not have is an error.
func (w Workload) Probes() (all []Probe, err error) {
	for _, c := range w.Containers() {
		for _, p := range []Probe{{Of: "startup", Probe: c.StartupProbe}, {Of: "readiness", Probe: c.ReadinessProbe}, {Of: "liveness", Probe: c.LivenessProbe}} {
			if p.Probe == nil {
				continue
			}
			p.Container = c.Name
			if p.Port, err = probed(c, p.Probe.ProbeHandler); err != nil {
				return nil, fmt.Errorf("%s, container %s, %s probe: %w", w, c.Name, p.Of, err)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

func probed(c corev1.Container, h corev1.ProbeHandler) (int32, error) {
	switch {
	case h.HTTPGet != nil:
		return portOf(c, h.HTTPGet.Port)
	case h.TCPSocket != nil:
		return portOf(c, h.TCPSocket.Port)
	case h.GRPC != nil:
		return portOf(c, intstr.FromInt32(h.GRPC.Port))
	}
	return 0, nil
}

// portOf is the container's port that a number or a name means.
func portOf(c corev1.Container, port intstr.IntOrString) (int32, error) {
	for _, p := range c.Ports {
		if port.Type == intstr.Int && p.ContainerPort == port.IntVal || port.Type == intstr.String && p.Name == port.StrVal {
			return p.ContainerPort, nil
		}
	}
	return 0, fmt.Errorf("the container has no port %s", port.String())
}
