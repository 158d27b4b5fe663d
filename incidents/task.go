package incidents

import (
	"slices"
	"strconv"
	"time"
)

// TaskKind says when a task is to be done.
type TaskKind string

const (
	TaskNow      TaskKind = "task"     // part of the response
	TaskFollowUp TaskKind = "followup" // after the response
)

// Task is something that somebody has to do about an incident.
type Task struct {
	Number int       `json:"number" doc:"From 1 within the incident"`
	Kind   TaskKind  `json:"kind" enum:"task,followup" doc:"Whether it is part of the response or comes after it"`
	Text   string    `json:"text"`
	Owner  string    `json:"owner,omitempty" doc:"Who does it; empty while nobody does"`
	Due    time.Time `json:"due,omitzero"`
	Done   time.Time `json:"done,omitzero"`
	By     string    `json:"by" doc:"Who asked for it"`
	Moved  Ref       `json:"moved,omitzero" doc:"The incident that it went to by merging"`
}

// Open reports whether the task is still to be done, here.
func (t Task) Open() bool { return t.Done.IsZero() && t.Moved == 0 }

// AddTask asks for something to be done.
type AddTask struct {
	Kind  TaskKind // empty for TaskNow
	Text  string
	Owner string    // empty while nobody does it
	Due   time.Time // zero for none
}

// FinishTask says that a task is done.
type FinishTask struct{ Number int }

// Verb is "add task".
func (AddTask) Verb() string { return "add task" }

// Verb is "finish task".
func (FinishTask) Verb() string { return "finish task" }

func (a AddTask) apply(c *change) error {
	text, err := checkText("text", a.Text, MaxText, true)
	if err != nil {
		return err
	}
	owner, err := checkText("owner", a.Owner, MaxTitle, false)
	if err != nil {
		return err
	}
	t := Task{Number: len(c.Tasks) + 1, Kind: a.Kind, Text: text, Owner: owner, By: c.by}
	switch t.Kind {
	case "":
		t.Kind = TaskNow
	case TaskNow, TaskFollowUp:
	default:
		return &InputError{Field: "kind", Found: string(a.Kind), Want: "task or followup"}
	}
	if !a.Due.IsZero() {
		if t.Due = exact(a.Due); !t.Due.After(c.at) || t.Due.Year() > 9999 { // later years cannot be written as JSON
			return &InputError{Field: "due", Found: stamp(t.Due), Want: "a time to come before the year 10000"}
		}
	}
	c.addTask(t)
	return nil
}

func (c *change) addTask(t Task) {
	c.Tasks = append(c.Tasks, t)
	e := TimelineEntry{Kind: KindTask, Field: strconv.Itoa(t.Number), Text: t.Text, Became: t.Owner}
	if t.Kind == TaskFollowUp {
		e.Kind = KindFollowUp
	}
	c.record(e)
}

func (f FinishTask) apply(c *change) error {
	n := slices.IndexFunc(c.Tasks, func(t Task) bool { return t.Number == f.Number })
	switch {
	case n < 0:
		return &InputError{Field: "task", Found: strconv.Itoa(f.Number), Want: "the number of one of its " + count(len(c.Tasks)) + " tasks"}
	case c.Tasks[n].Moved != 0:
		return &InputError{Field: "task", Found: strconv.Itoa(f.Number), Want: "one that is still here: it moved to " + c.Tasks[n].Moved.String()}
	case !c.Tasks[n].Done.IsZero():
		return &InputError{Field: "task", Found: strconv.Itoa(f.Number), Want: "one that is not done yet"}
	}
	c.Tasks[n].Done = c.at
	c.record(TimelineEntry{Kind: KindTaskDone, Field: strconv.Itoa(f.Number), Text: c.Tasks[n].Text})
	return nil
}
