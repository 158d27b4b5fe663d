package kubernetes

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

const (
	apiVersion = "admission.k8s.io/v1"
	kind       = "AdmissionReview"
)

// review is the part of an AdmissionReview, request and response, that matters here.
type review struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    *request  `json:"request,omitempty"`
	Response   *response `json:"response,omitempty"`
}

type request struct {
	UID         string    `json:"uid"`
	Kind        groupKind `json:"kind"`
	SubResource string    `json:"subResource"`
	Name        string    `json:"name"`
	Namespace   string    `json:"namespace"`
	Operation   string    `json:"operation"` // CREATE, UPDATE, DELETE or CONNECT
	UserInfo    struct {
		Username string `json:"username"`
	} `json:"userInfo"`
	Object    json.RawMessage `json:"object"`
	OldObject json.RawMessage `json:"oldObject"`
	DryRun    bool            `json:"dryRun"`
}

type groupKind struct {
	Group string `json:"group"`
	Kind  string `json:"kind"`
}

// Review is the answer to an AdmissionReview.
type Review struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Response   response `json:"response"`
}

type response struct {
	UID      string   `json:"uid" doc:"That of the request"`
	Allowed  bool     `json:"allowed"`
	Status   *status  `json:"status,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

type status struct {
	Message string `json:"message"`
	Code    int    `json:"code"`
}

// object is the part of a workload that matters here.
type object struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Template json.RawMessage `json:"template"`
	} `json:"spec"`
}

type metadata struct {
	Name         string            `json:"name"`
	GenerateName string            `json:"generateName"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
}

// template is the part of a pod template that matters here.
type template struct {
	Metadata metadata `json:"metadata"`
}

func parse(body []byte) (*request, error) {
	var r review
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("the body must be an AdmissionReview: %w", err)
	}
	switch {
	case r.Kind != kind || r.APIVersion != apiVersion:
		return nil, fmt.Errorf("the body must be an AdmissionReview of %s, found kind %q of %q; name v1 in admissionReviewVersions", apiVersion, r.Kind, r.APIVersion)
	case r.Request == nil || r.Request.UID == "":
		return nil, errors.New("the AdmissionReview must have a request with a uid")
	}
	return r.Request, nil
}

// decode reads a workload; what the API server leaves out or sends as null is an empty one.
func decode(raw json.RawMessage) (object, error) {
	var o object
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return o, nil
	}
	if err := json.Unmarshal(raw, &o); err != nil {
		return object{}, fmt.Errorf("read workload: %w", err)
	}
	return o, nil
}

func decodeTemplate(raw json.RawMessage) (template, error) {
	var t template
	if len(raw) == 0 {
		return t, nil
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return template{}, fmt.Errorf("read pod template: %w", err)
	}
	return t, nil
}
