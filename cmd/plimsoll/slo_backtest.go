package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/prometheus/common/model"

	"plimsoll/internal/apiclient"
	"plimsoll/internal/config"
	"plimsoll/internal/nearest"
	"plimsoll/slo"
	"plimsoll/slo/backtest"
	"plimsoll/slo/gate"
	"plimsoll/slo/ledger"
	ledgerapi "plimsoll/slo/ledger/api"
	"plimsoll/slo/openslo"
)

type sloBacktestCmd struct {
	Key       slo.Key  `arg:"" help:"Objective, such as video-api/availability."`
	File      []string `type:"path" placeholder:"PATH" help:"OpenSLO files with the objective as it is to be, under the same key."`
	Tiers     string   `type:"path" placeholder:"FILE" help:"File of the tiers of alerts that are to hold, as in the server's alert_tiers; what a file of --file says for the objective holds first."`
	Target    string   `placeholder:"PERCENT" help:"Target as it is to be, such as 99.95."`
	Window    string   `placeholder:"LENGTH" help:"Rolling window as it is to be, such as 7d."`
	Policy    []string `type:"path" placeholder:"PATH" help:"Policy of the gate as it is to be, or a folder of them. Without one only alerts are told."`
	PolicyNow []string `type:"path" placeholder:"PATH" help:"Policy as it is now, if that is to change too."`
	Env       string   `short:"e" aliases:"environment" default:"production" help:"Environment whose policy it is."`
	From      string   `default:"30d" placeholder:"AGE|INSTANT" help:"Beginning: an age at the newest sample, such as 30d or 36h, or an instant such as 2026-10-25T00:00:00Z."`
}

// backtested is what "slo backtest" found.
type backtested struct {
	Present    *backtest.Result    `json:"present"`
	Changed    *backtest.Result    `json:"changed"`
	Comparison backtest.Comparison `json:"comparison"`
	// Requeried is whether the change asks for other events than were counted: they are replayed as they were.
	Requeried bool `json:"requeried,omitempty"`

	frozen bool // whether policies were given
}

// Run replays the history of the server under both definitions. Nothing is changed there.
func (cmd sloBacktestCmd) Run(c *cli) error {
	change, err := cmd.change()
	if err != nil {
		return err
	}
	policy, policyNow, err := cmd.policies(cmd.Key.Service())
	if err != nil {
		return err
	}
	if _, err := beginning(cmd.From, time.Now()); err != nil {
		return err
	}
	client, err := c.Client()
	if err != nil {
		return err
	}
	p, err := loadPast(c, client, cmd.Key)
	if err != nil {
		return err
	}
	changed := change(p.objective)
	// The minute of the newest sample may not be over yet.
	to := slo.MinuteOf(p.raw.LastSample()).Time()
	from, err := beginning(cmd.From, to)
	if err != nil {
		return err
	}
	replay := func(o *slo.Objective, policy *gate.Policy) (*backtest.Result, error) {
		return backtest.Run(backtest.Config{
			Objective: o, View: slo.View(o, p.raw, p.corrections), From: from.Truncate(time.Minute), To: to, Policy: policy, Environment: cmd.Env,
		})
	}
	found := backtested{frozen: policy != nil, Requeried: !reflect.DeepEqual(changed.Indicator, p.objective.Indicator)}
	if found.Present, err = replay(p.objective, policyNow); err != nil {
		return err
	}
	if found.Changed, err = replay(changed, policy); err != nil {
		return err
	}
	found.Comparison = backtest.Compare(found.Present, found.Changed)
	return c.Print(found, func(w io.Writer) { writeBacktest(w, found) })
}

// change returns what makes an objective as it is to be of the one that it is.
func (cmd sloBacktestCmd) change() (func(*slo.Objective) *slo.Objective, error) {
	reader, err := readerWithTiers(false, cmd.Tiers)
	if err != nil {
		return nil, err
	}
	var written *slo.Objective
	if len(cmd.File) > 0 {
		files, err := config.Files(cmd.File...)
		if err != nil {
			return nil, fmt.Errorf("read objectives: %w", err)
		}
		if written, err = readObjective(reader, cmd.Key, "in the files", files...); err != nil {
			return nil, err
		}
	}
	var target slo.Ratio
	if cmd.Target != "" {
		if target, err = slo.ParsePercent(cmd.Target); err != nil || target == slo.One {
			return nil, fmt.Errorf("--target is %q; allowed: a percentage below 100 with at most seven decimals, such as 99.95", cmd.Target)
		}
	}
	var window time.Duration
	if cmd.Window != "" {
		length, err := model.ParseDuration(cmd.Window)
		if window = time.Duration(length); err != nil || window < time.Minute || window%time.Minute != 0 {
			return nil, fmt.Errorf("--window is %q; allowed: a duration of whole minutes, such as 7d", cmd.Window)
		}
	}
	return func(present *slo.Objective) *slo.Objective {
		changed := *cmp.Or(written, present)
		if cmd.Tiers != "" && written == nil {
			changed.AlertTiers = reader.Tiers
		}
		changed.Target = cmp.Or(target, changed.Target)
		if window > 0 {
			changed.Window = slo.Window{Length: window}
		}
		return &changed
	}, nil
}

// readObjective returns the objective of a key, which is looked for in files.
func readObjective(reader openslo.Config, key slo.Key, where string, files ...config.File) (*slo.Objective, error) {
	reader.MaxWindow = 0 // a window that is too long for the server is no less worth trying
	d, err := openslo.Read(reader, files...)
	if err != nil {
		return nil, fmt.Errorf("read objectives: %w", err)
	}
	var keys []string
	for _, o := range d.Objectives {
		if o.Key == key {
			return o, nil
		}
		keys = append(keys, string(o.Key))
	}
	return nil, fmt.Errorf("no objective %q is defined %s%s", key, where, nearest.Hint(string(key), keys))
}

// policies returns the policy of a service as it is to be, and as it is now: the same unless another is given. Both are nil without any.
func (cmd sloBacktestCmd) policies(service string) (changed, present *gate.Policy, err error) {
	if len(cmd.Policy) == 0 {
		if len(cmd.PolicyNow) > 0 {
			return nil, nil, errors.New("--policy-now is the policy to compare with; --policy has to say with what")
		}
		return nil, nil, nil
	}
	if changed, err = cmd.policy(service, cmd.Policy); err != nil || len(cmd.PolicyNow) == 0 {
		return changed, changed, err
	}
	present, err = cmd.policy(service, cmd.PolicyNow)
	return changed, present, err
}

func (cmd sloBacktestCmd) policy(service string, paths []string) (*gate.Policy, error) {
	files, err := config.Files(paths...)
	if err != nil {
		return nil, fmt.Errorf("read policy: %w", err)
	}
	policies, err := gate.ParsePolicies(files...)
	if err != nil {
		return nil, err
	}
	if p := policies.For(service, cmd.Env); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no policy in the files covers %s in %s%s", service, cmd.Env, nearest.Hint(cmd.Env, policies.Environments(service)))
}

// past is an objective as it is now and what was measured for it.
type past struct {
	objective   *slo.Objective
	raw         slo.Reader
	corrections []slo.Correction
}

// loadPast asks the server for everything that a replay needs.
func loadPast(c *cli, client *apiclient.Client, key slo.Key) (*past, error) {
	var definitions []byte
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/openslo", nil, &definitions); err != nil {
		return nil, err
	}
	o, err := readObjective(objectiveReader(false), key, "on the server, or it is the child of another", config.File{Name: client.URL(), Data: definitions})
	if err != nil {
		return nil, err
	}
	if o.Method == slo.Composite {
		return nil, fmt.Errorf("%s: %w", key, backtest.ErrComposite)
	}
	var archive bytes.Buffer
	if err := client.Stream(c.Ctx, http.MethodGet, "/v1/ledger/export", "", nil, &archive); err != nil {
		return nil, err
	}
	// What is from the future, the server has refused; the clock of this machine may be behind.
	l := ledger.New(ledger.Config{Retention: keepAll, Now: func() time.Time { return time.Now().Add(keepAll) }})
	l.SetObjectives([]*slo.Objective{o})
	if _, err := l.Import(&archive); err != nil {
		return nil, fmt.Errorf("read the ledger of the server: %w", err)
	}
	p := &past{objective: o}
	p.raw, _ = l.Reader(key)
	if layered, ok := p.raw.(slo.Layered); ok {
		p.raw = layered.Raw()
	}
	if p.raw.LastSample().IsZero() {
		return nil, fmt.Errorf("nothing has been measured for %s yet", key)
	}
	p.corrections, err = loadCorrections(c, client)
	return p, err
}

// keepAll is longer than any server keeps events.
const keepAll = 10 * 365 * 24 * time.Hour

// loadCorrections returns those that hold.
func loadCorrections(c *cli, client *apiclient.Client) ([]slo.Correction, error) {
	var list ledgerapi.CorrectionList
	if err := client.Do(c.Ctx, http.MethodGet, "/v1/corrections?active=true", nil, &list); err != nil {
		return nil, err
	}
	var all []slo.Correction
	for _, k := range list.Corrections {
		all = append(all, slo.Correction{
			ID: k.ID, Objective: k.Objective, Service: k.Service, From: k.From, To: k.To, Effect: k.Effect, Reason: k.Reason, By: k.By, At: k.At,
		})
	}
	return all, nil
}
