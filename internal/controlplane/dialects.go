package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/danielgtaylor/huma/v2"
	"github.com/riverqueue/river"

	"plimsoll/slo/gate"
	"plimsoll/slo/gate/argo"
	"plimsoll/slo/gate/flagger"
	"plimsoll/slo/gate/github"
	"plimsoll/slo/gate/gitlab"
	gitlabpg "plimsoll/slo/gate/gitlab/postgres"
	"plimsoll/slo/gate/kubernetes"
)

// The environment variables of the gate's dialects.
const (
	githubSecretEnv    = "PLIMSOLL_GITHUB_WEBHOOK_SECRET"
	gitlabTokenEnv     = "PLIMSOLL_GITLAB_TOKEN"
	kubernetesTokenEnv = "PLIMSOLL_KUBERNETES_TOKEN"
	flaggerTokenEnv    = "PLIMSOLL_FLAGGER_TOKEN"
)

// GateConfig is how the gate answers.
type GateConfig struct {
	// RequireIdentity refuses checks of callers who do not prove who they are.
	RequireIdentity bool `yaml:"require_identity"`
	// Tell says who is told what happens to releases, besides the incident of a Code Red.
	Tell       []TellConfig     `yaml:"tell"`
	GitHub     GitHubConfig     `yaml:"github"`
	GitLab     GitLabConfig     `yaml:"gitlab"`
	Kubernetes KubernetesConfig `yaml:"kubernetes"`
}

// GitHubConfig turns on the deployment protection rule when there are targets.
type GitHubConfig struct {
	AppID          string          `yaml:"app_id"`
	PrivateKeyFile string          `yaml:"private_key_file"`
	URL            string          `yaml:"url"` // of the REST API of an Enterprise Server
	Targets        []github.Target `yaml:"targets"`
}

// GitLabConfig keeps the freeze periods of projects in step with freezes.
type GitLabConfig struct {
	URL      string           `yaml:"url"`
	Projects []gitlab.Project `yaml:"projects"`
}

// KubernetesConfig is what the admission webhook knows of the cluster.
type KubernetesConfig struct {
	Namespace    string            `yaml:"namespace"`   // Plimsoll's own, which is never gated
	Environment  string            `yaml:"environment"` // where nothing else says so
	Environments map[string]string `yaml:"environments"`
}

// reviewer is what speaks to GitHub; nil parts if it is not configured.
type reviewer struct {
	client  *github.Client
	targets *github.Targets
	secret  string
}

// github makes what speaks to GitHub, or nil if no target is configured.
func (c Config) github() (*reviewer, error) {
	cfg := c.Gate.GitHub
	if len(cfg.Targets) == 0 {
		return nil, nil
	}
	targets, err := github.NewTargets(cfg.Targets)
	if err != nil {
		return nil, fmt.Errorf("gate.github: %w", err)
	}
	secret, err := secret("gate.github", githubSecretEnv)
	if err != nil {
		return nil, err
	}
	if cfg.PrivateKeyFile == "" {
		return nil, errors.New("gate.github.private_key_file: must name the App's private key in PEM")
	}
	key, err := os.ReadFile(beside(c.Dir, []string{cfg.PrivateKeyFile})[0])
	if err != nil {
		return nil, fmt.Errorf("gate.github.private_key_file: %w", err)
	}
	client, err := github.NewClient(github.ClientConfig{URL: cfg.URL, AppID: cfg.AppID, PrivateKey: key})
	if err != nil {
		return nil, fmt.Errorf("gate.github: %w", err)
	}
	return &reviewer{client, targets, secret}, nil
}

// gitlab makes the client of GitLab, or nil if no project is configured.
func (c Config) gitlab() (*gitlab.Client, error) {
	if len(c.Gate.GitLab.Projects) == 0 {
		return nil, nil
	}
	token, err := secret("gate.gitlab", gitlabTokenEnv)
	if err != nil {
		return nil, err
	}
	return gitlab.NewClient(gitlab.ClientConfig{URL: c.Gate.GitLab.URL, Token: token})
}

// checkDialects says everything that is wrong with the dialects of the gate.
func (c Config) checkDialects() error {
	_, githubErr := c.github()
	_, gitlabErr := c.gitlab()
	errs := []error{githubErr, gitlabErr}
	for i, p := range c.Gate.GitLab.Projects {
		for _, field := range []struct{ key, is, such string }{
			{"project", p.Project, `an ID or a path, such as "octo-group/video-api"`},
			{"service", p.Service, "a service, as in the keys of its objectives"}, {"environment", p.Environment, "an environment that a policy covers"},
		} {
			if field.is == "" {
				errs = append(errs, fmt.Errorf("gate.gitlab.projects[%d].%s: is empty; it must be %s", i, field.key, field.such))
			}
		}
	}
	return errors.Join(errs...)
}

// lateGate is the gate of an app that is still being built: workers are registered before there is one, and work after.
type lateGate struct{ app *App }

func (g lateGate) Check(ctx context.Context, by string, c gate.Change) (gate.Decision, error) {
	return g.app.gate.Check(ctx, by, c)
}

func (g lateGate) Preview(ctx context.Context, c gate.Change) (gate.Decision, error) {
	return g.app.gate.Preview(ctx, c)
}

// addReviewWorkers registers the reviews of GitHub's deployments.
func (a *App) addReviewWorkers(workers *river.Workers) error {
	r, err := a.cfg.github()
	if r == nil || err != nil {
		return err
	}
	return github.AddWorkers(workers, github.WorkerConfig{
		Gate: lateGate{a}, Client: r.client, Targets: func() *github.Targets { return r.targets }, Logger: a.logger,
	})
}

// dialects are the other wire formats in which the gate answers.
func (a *App) dialects() ([]interface{ Register(huma.API) }, error) {
	require := a.cfg.requireIdentity()
	cluster := a.cfg.Gate.Kubernetes
	all := []interface{ Register(huma.API) }{
		&argo.Handlers{Gate: a.gate, RequireIdentity: require, Logger: a.logger},
		&flagger.Handlers{Gate: a.gate, RequireIdentity: require, Token: os.Getenv(flaggerTokenEnv), Deploys: a.deploys, Logger: a.logger},
		&kubernetes.Handlers{
			Gate: a.gate, RequireIdentity: require, Token: os.Getenv(kubernetesTokenEnv), Logger: a.logger,
			Namespace: cluster.Namespace, Environment: cluster.Environment, Environments: cluster.Environments,
		},
	}
	r, err := a.cfg.github()
	if r == nil || err != nil {
		return all, err
	}
	webhook, err := github.NewWebhook(github.WebhookConfig{
		Secret: r.secret, Client: r.client, Jobs: a.jobs, Targets: func() *github.Targets { return r.targets },
		Deploys: a.deploys,
	})
	return append(all, webhook), err
}

// keepGitLab keeps freeze periods in step until ctx is done, while this process leads.
func (a *App) keepGitLab(ctx context.Context) error {
	client, err := a.cfg.gitlab()
	if err != nil {
		return err
	}
	if client == nil {
		<-ctx.Done()
		return nil
	}
	syncer, err := gitlab.New(gitlab.Config{
		Client: client, Notes: gitlabpg.New(a.pool), Freezes: a.gate.Binding, Logger: a.logger,
		Projects: func() []gitlab.Project { return a.cfg.Gate.GitLab.Projects },
	})
	if err != nil {
		return err
	}
	return syncer.Run(ctx)
}
