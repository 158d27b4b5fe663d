package kubernetes_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"plimsoll/slo/gate/dialect/dialecttest"
	"plimsoll/slo/gate/kubernetes"
)

// manifests returns the documents of a shipped file by kind.
func manifests(t *testing.T, name string) map[string]yaml.Node {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/kubernetes/" + name)
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]yaml.Node{}
	for dec := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			return byKind
		} else if err != nil {
			t.Fatal(err)
		}
		var head struct {
			APIVersion string `yaml:"apiVersion"`
			Kind       string
			Metadata   struct{ Name, Namespace string }
		}
		if err := doc.Decode(&head); err != nil || head.APIVersion == "" || head.Kind == "" || head.Metadata.Name == "" {
			t.Fatalf("%v %+v", err, head)
		}
		byKind[head.Kind] = doc
	}
}

func as[T any](t *testing.T, docs map[string]yaml.Node, kind string) T {
	t.Helper()
	var v T
	doc, ok := docs[kind]
	if !ok {
		t.Fatalf("there is no %s", kind)
	}
	if err := doc.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

type configuration struct {
	Metadata struct{ Annotations map[string]string }
	Webhooks []struct {
		AdmissionReviewVersions []string `yaml:"admissionReviewVersions"`
		SideEffects             string   `yaml:"sideEffects"`
		FailurePolicy           string   `yaml:"failurePolicy"`
		TimeoutSeconds          int      `yaml:"timeoutSeconds"`
		ClientConfig            struct {
			Service struct {
				Namespace, Name, Path string
				Port                  int
			}
		} `yaml:"clientConfig"`
		NamespaceSelector struct {
			MatchExpressions []struct {
				Key, Operator string
				Values        []string
			} `yaml:"matchExpressions"`
		} `yaml:"namespaceSelector"`
		Rules []struct {
			APIGroups  []string `yaml:"apiGroups"`
			Operations []string
			Resources  []string
		}
	}
}

type service struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Selector map[string]string
		Ports    []struct {
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
	}
}

type deployment struct {
	Spec struct {
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     struct {
				Containers []struct {
					Ports []struct {
						Name          string
						ContainerPort int `yaml:"containerPort"`
					}
					Env []struct{ Name string }
				}
				Volumes []struct {
					Secret struct {
						SecretName string `yaml:"secretName"`
					}
				}
			}
		}
	}
}

// TestWebhookConfiguration posts to where the shipped configuration says, and holds it against what the handler gates.
func TestWebhookConfiguration(t *testing.T) {
	t.Parallel()
	c := as[configuration](t, manifests(t, "webhook.yaml"), "ValidatingWebhookConfiguration")
	if len(c.Webhooks) != 1 {
		t.Fatalf("%+v", c)
	}
	w := c.Webhooks[0]
	token, ok := strings.CutPrefix(w.ClientConfig.Service.Path, kubernetes.Path+"/")
	if !ok {
		t.Fatal(w.ClientConfig.Service.Path)
	}
	h := dialecttest.Handler(&kubernetes.Handlers{Gate: dialecttest.New(t), Token: token, RequireIdentity: true})
	status, _, answer := dialecttest.Call(h, "POST", w.ClientConfig.Service.Path+"?timeout=5s", update(t).text(t))
	if !answerOf(t, status, answer).Response.Allowed {
		t.Error(answer)
	}
	var resources []string
	for _, r := range w.Rules {
		for _, name := range r.Resources {
			resources = append(resources, strings.Join(r.APIGroups, ",")+"/"+name)
		}
		if !slices.Equal(r.Operations, []string{"CREATE", "UPDATE"}) {
			t.Errorf("%+v", r)
		}
	}
	if want := []string{"apps/deployments", "apps/statefulsets", "apps/daemonsets", "argoproj.io/rollouts"}; !slices.Equal(resources, want) {
		t.Errorf("%v, want %v: no subresource, and what the handler gates", resources, want)
	}
	never := w.NamespaceSelector.MatchExpressions[0]
	if never.Operator != "NotIn" || !slices.Equal(never.Values, []string{"kube-system", "kube-public", "kube-node-lease", w.ClientConfig.Service.Namespace}) {
		t.Errorf("%+v", never)
	}
	if !slices.Equal(w.AdmissionReviewVersions, []string{"v1"}) || w.SideEffects != "NoneOnDryRun" || w.FailurePolicy != "Fail" || w.TimeoutSeconds != 5 {
		t.Errorf("%+v", w)
	}
}

// TestDeployment follows the webhook through service, container and certificate.
func TestDeployment(t *testing.T) {
	t.Parallel()
	c := as[configuration](t, manifests(t, "webhook.yaml"), "ValidatingWebhookConfiguration")
	docs := manifests(t, "plimsoll.yaml")
	s, d := as[service](t, docs, "Service"), as[deployment](t, docs, "Deployment")
	to := c.Webhooks[0].ClientConfig.Service
	if s.Metadata.Name != to.Name || s.Metadata.Namespace != to.Namespace {
		t.Errorf("%+v, want %+v", s.Metadata, to)
	}
	for k, v := range s.Spec.Selector {
		if d.Spec.Template.Metadata.Labels[k] != v {
			t.Errorf("no pod is labelled %s=%s", k, v)
		}
	}
	ports := map[string]int{}
	var env []string
	for _, container := range d.Spec.Template.Spec.Containers {
		for _, p := range container.Ports {
			ports[p.Name] = p.ContainerPort
		}
		for _, e := range container.Env {
			env = append(env, e.Name)
		}
	}
	target := ""
	for _, p := range s.Spec.Ports {
		if ports[p.TargetPort] == 0 {
			t.Errorf("no container has port %s", p.TargetPort)
		}
		if p.Port == to.Port {
			target = p.TargetPort
		}
	}
	config := as[struct{ Data map[string]string }](t, docs, "ConfigMap")
	if target != "https" || !strings.Contains(config.Data["tls.conf"], "listen 8443 ssl") || ports[target] != 8443 ||
		!strings.Contains(config.Data["tls.conf"], "location "+kubernetes.Path+"/") {
		t.Errorf("port %d leads to %q\n%s", to.Port, target, config.Data["tls.conf"])
	}
	if !slices.Contains(env, "PLIMSOLL_KUBERNETES_TOKEN") {
		t.Errorf("%v", env)
	}
	certificate := as[struct {
		Metadata struct{ Name, Namespace string }
		Spec     struct {
			SecretName string   `yaml:"secretName"`
			DNSNames   []string `yaml:"dnsNames"`
		}
	}](t, docs, "Certificate")
	var secrets []string
	for _, v := range d.Spec.Template.Spec.Volumes {
		secrets = append(secrets, v.Secret.SecretName)
	}
	if !slices.Contains(secrets, certificate.Spec.SecretName) || !slices.Contains(certificate.Spec.DNSNames, to.Name+"."+to.Namespace+".svc") ||
		c.Metadata.Annotations["cert-manager.io/inject-ca-from"] != certificate.Metadata.Namespace+"/"+certificate.Metadata.Name {
		t.Errorf("%+v %v %v", certificate, secrets, c.Metadata.Annotations)
	}
}
