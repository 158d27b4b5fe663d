package demo

import (
	"os"
	"text/template"
)

// announcement is what a person reads when everything runs: where it is, and what to try next.
var announcement = template.Must(template.New("").Parse(`
Plimsoll is watching a video platform on this machine.

  pages             {{.At.Plimsoll}}/
  API               {{.At.Plimsoll}}/docs
  metrics           {{.At.Plimsoll}}/metrics
  video platform    {{.At.Gateway}}/docs
  videos            {{.At.Edge}}/
  data and logs     {{.Dir}}

Try next, in another terminal:
{{range .Env}}
  export {{.}}{{end}}
  {{.Bin}}/plimsoll slo list
  {{.Bin}}/platform upload FILE --wait
  {{.Bin}}/plimsoll gate check --service video-api --env production --sha abc1234
  {{.Bin}}/platform fault --errors 60% --for 2m      # burn the budget, then check again
  {{.Bin}}/plimsoll incident list
  {{.Bin}}/plimsoll report

Ctrl-C ends all of it.
`))

func (d *demo) announce() {
	bin := folderOf(d.cfg.Platform)
	var env []string
	for _, v := range [][3]string{
		{"PLIMSOLL_URL", d.at.Plimsoll, "http://127.0.0.1:8080"},
		{"PLIMSOLL_TOKEN_FILE", d.at.TokenFile, ""},
		{"PLATFORM_URL", d.at.Gateway, "http://127.0.0.1:8090"},
		{"PLATFORM_OPS_URL", d.at.Ops, "http://127.0.0.1:8092"},
		{"PLATFORM_API_KEY_FILE", d.at.KeyFile, ""},
	} {
		if v[1] != v[2] {
			env = append(env, v[0]+"="+v[1])
		}
	}
	_ = announcement.Execute(d.cfg.Out, map[string]any{"At": d.at, "Dir": d.dir, "Bin": bin, "Env": env})
}

// folderOf is how a person would type the folder of the binaries.
func folderOf(binary string) string {
	dir := binary[:max(0, len(binary)-len("/platform"))]
	if wd, err := os.Getwd(); err == nil && dir == wd+"/bin" {
		return "bin"
	}
	return dir
}
