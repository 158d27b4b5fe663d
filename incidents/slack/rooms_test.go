package slack_test

import (
	"strings"
	"testing"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.Type("U1", o.team, `/incident new "Playback stalls" sev2 svc:video-api`)
	lines := o.settle()
	t.Log(strings.Join(lines, "\n"))
	o.Type("U2", o.room(1), `/incident ack`)
	t.Log(strings.Join(o.settle(), "\n"))
	o.Press("U2", o.room(1), "Take command")
	t.Log(strings.Join(o.settle(), "\n"))
	o.Type("U2", o.room(1), `/incident update`)
	t.Log(strings.Join(o.settle(), "\n"))
	t.Log(o.Submit("U2", map[string]string{"How does it go?": "rolling back", "When does the next word come?": "soon"}))
	t.Log(o.Submit("U2", map[string]string{"How does it go?": "rolling back", "When does the next word come?": "20m"}))
	t.Log(strings.Join(o.settle(), "\n"))
	t.Log(o.troubles(), o.Scopes())
}
