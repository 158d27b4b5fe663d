package argo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"go.yaml.in/yaml/v3"
	"k8s.io/client-go/util/jsonpath"

	"plimsoll/slo/gate/argo"
	"plimsoll/slo/gate/dialect/dialecttest"
)

// analysis is the part of an AnalysisTemplate that the web metric provider reads.
type analysis struct {
	Spec struct {
		Args []struct {
			Name  string
			Value string
		}
		Metrics []struct {
			SuccessCondition string `yaml:"successCondition"`
			FailureCondition string `yaml:"failureCondition"`
			Provider         struct {
				Web struct {
					Method  string
					URL     string
					Headers []struct {
						Key, Value string
					}
					JSONBody map[string]string `yaml:"jsonBody"`
					JSONPath string            `yaml:"jsonPath"`
				}
			}
		}
	}
}

func template(t *testing.T) analysis {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/argo/analysistemplate.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var a analysis
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// measure does what Argo Rollouts does with the template's first metric: fills in the arguments, asks, takes what jsonPath
// finds (by the library that it uses) and applies the conditions. Those compare strings, which CEL and Argo's own language write alike.
func measure(t *testing.T, a analysis, args map[string]string) (phase string, value any) {
	t.Helper()
	for _, arg := range a.Spec.Args {
		if _, ok := args[arg.Name]; !ok {
			args[arg.Name] = arg.Value
		}
	}
	fill := func(s string) string {
		for name, value := range args {
			s = strings.ReplaceAll(s, "{{args."+name+"}}", value)
		}
		if strings.Contains(s, "{{") {
			t.Fatalf("no argument for %s", s)
		}
		return s
	}
	metric := a.Spec.Metrics[0]
	web := metric.Provider.Web
	body := map[string]string{}
	for name, value := range web.JSONBody {
		body[name] = fill(value)
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), web.Method, fill(web.URL), strings.NewReader(string(encoded)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for _, h := range web.Headers {
		req.Header.Set(h.Key, fill(h.Value))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode < 200 || resp.StatusCode >= 300 {
		return "Error", string(said)
	}
	value = find(t, web.JSONPath, said)
	switch {
	case holds(t, metric.FailureCondition, value):
		return "Failed", value
	case holds(t, metric.SuccessCondition, value):
		return "Successful", value
	default:
		return "Inconclusive", value
	}
}

func find(t *testing.T, path string, answer []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(answer, &v); err != nil {
		t.Fatal(err)
	}
	p := jsonpath.New("metrics")
	if err := p.Parse(path); err != nil {
		t.Fatal(err)
	}
	found, err := p.FindResults(v)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 1 || len(found[0]) != 1 || found[0][0].Kind() != reflect.Interface && found[0][0].Kind() != reflect.Map {
		t.Fatalf("%s finds %v", path, found)
	}
	return found[0][0].Interface()
}

func holds(t *testing.T, condition string, result any) bool {
	t.Helper()
	env, err := cel.NewEnv(cel.Variable("result", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	ast, issues := env.Compile(condition)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := env.Program(ast)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := program.Eval(map[string]any{"result": result})
	if err != nil {
		t.Fatal(err)
	}
	return out.Value().(bool)
}

// TestTemplate takes measurements as the shipped template says, over a freeze and its thaw.
func TestTemplate(t *testing.T) {
	t.Parallel()
	g := dialecttest.New(t)
	url := dialecttest.Serve(t, &argo.Handlers{Gate: g, RequireIdentity: true})
	a := template(t)
	expect := func(want string, args map[string]string) {
		t.Helper()
		args["url"], args["commit"] = url, "6f9d8b7c5"
		if args["token"] == "" {
			args["token"] = "t"
		}
		if phase, value := measure(t, a, args); phase != want {
			t.Errorf("%v: %s %v, want %s", args, phase, value, want)
		}
	}
	expect("Successful", map[string]string{"service": "video-api"})
	expect("Failed", map[string]string{"service": "search"})
	expect("Successful", map[string]string{"service": "search", "class": "rollback"})
	expect("Inconclusive", map[string]string{"service": "serach"})
	expect("Inconclusive", map[string]string{"service": "search", "environment": "staging"})
	expect("Error", map[string]string{"service": "video-api", "token": "expired"})
	g.Freeze(t)
	expect("Failed", map[string]string{"service": "video-api"})
	g.Thaw(t)
	expect("Successful", map[string]string{"service": "video-api"})
}
