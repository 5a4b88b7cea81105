// injector - what a Go team would write: controller-runtime's admission server and the edit that Farguard makes.
//
//	injector PORT DIR      DIR holds tls.crt and tls.key
//
// A peer of `make bench`.  It has no manager, no cache, no metrics port and no log line a review:
// whatever a real one adds makes it slower and larger.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

const image = "farguard.test/farguard-payload:dev"

type injector struct{ decoder admission.Decoder }

func (i *injector) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := i.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	inject(pod)
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}

func pointer[T any](value T) *T { return &value }

func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		AllowPrivilegeEscalation: pointer(false),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		Privileged:               pointer(false),
		ReadOnlyRootFilesystem:   pointer(true),
		RunAsUser:                pointer(int64(1000)),
		RunAsGroup:               pointer(int64(65532)),
		RunAsNonRoot:             pointer(true),
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

func field(name, path string) corev1.EnvVar {
	return corev1.EnvVar{Name: name, ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: path}}}
}

func inject(pod *corev1.Pod) {
	for n := range pod.Spec.Containers {
		c := &pod.Spec.Containers[n]
		c.Command = append([]string{"/.farguard/farguard", "run", "--"}, c.Command...)
		c.Env = append(c.Env, corev1.EnvVar{Name: "FARGUARD_CONTAINER", Value: c.Name})
		c.VolumeMounts = append(c.VolumeMounts,
			corev1.VolumeMount{Name: "farguard", MountPath: "/.farguard", ReadOnly: true},
			corev1.VolumeMount{Name: "farguard", MountPath: "/etc/ld.so.preload", SubPath: "ld.so.preload", ReadOnly: true})
	}
	noToken := corev1.VolumeMount{Name: "farguard-no-token", MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true}
	none := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("0"), corev1.ResourceMemory: resource.MustParse("0")}
	pod.Spec.InitContainers = append([]corev1.Container{{
		Name: "farguard-install", Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
		Command:         []string{"/farguard", "install", "/.farguard"},
		Resources:       corev1.ResourceRequirements{Requests: none},
		SecurityContext: restricted(),
		VolumeMounts:    []corev1.VolumeMount{{Name: "farguard", MountPath: "/.farguard"}, noToken},
	}}, pod.Spec.InitContainers...)
	pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{
		Name: "farguard-agent", Image: image, ImagePullPolicy: corev1.PullIfNotPresent,
		Command: []string{"/farguard", "run", "--restart", "--", "/farguard-agent"},
		Resources: corev1.ResourceRequirements{Requests: none, Limits: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("200m"), corev1.ResourceMemory: resource.MustParse("64Mi")}},
		SecurityContext: restricted(),
		Env: []corev1.EnvVar{field("FARGUARD_NAMESPACE", "metadata.namespace"), field("FARGUARD_POD", "metadata.name"),
			field("FARGUARD_NODE", "spec.nodeName"), {Name: "FARGUARD_RESTART_POLICY", Value: string(pod.Spec.RestartPolicy)},
			{Name: "FARGUARD_HEARTBEAT_SECONDS", Value: "60"}, {Name: "FARGUARD_EVENTS", Value: "process"}},
		VolumeMounts: []corev1.VolumeMount{noToken},
	})
	pod.Spec.Volumes = append(pod.Spec.Volumes,
		corev1.Volume{Name: "farguard", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{SizeLimit: pointer(resource.MustParse("32Mi"))}}},
		corev1.Volume{Name: "farguard-no-token", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
	if pod.Labels == nil {
		pod.Labels = map[string]string{}
	}
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	pod.Labels["farguard.io/injected"] = "true"
	pod.Annotations["farguard.io/status"] = `{"version":"0","reason":"injected"}`
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: injector PORT DIR")
	}
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	server := webhook.NewServer(webhook.Options{Host: "127.0.0.1", Port: port, CertDir: os.Args[2]})
	server.Register("/mutate", &webhook.Admission{Handler: &injector{admission.NewDecoder(scheme)}})
	return server.Start(ctrl.SetupSignalHandler())
}

func main() {
	log.SetLogger(logr.Discard())
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "injector:", err)
		os.Exit(1)
	}
}
