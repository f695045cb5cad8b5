package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A history of one key, an operation after the other, a millisecond each.
type story struct {
	now     time.Duration
	history []porcupine.Operation
}

func (s *story) then(a asked, t told) *story {
	a.called, t.returned = s.now, s.now+time.Millisecond
	return s.at(a, t)
}

// An operation that takes effect within its bounds, beside others.
func (s *story) at(a asked, t told) *story {
	if t.returned != forever {
		s.now = t.returned + time.Millisecond
	}
	s.history = append(s.history, operation(a, t, len(s.history)))
	return s
}

// An operation that was called now, and of which nothing more is known.
func (s *story) lost(a asked) *story {
	a.called = s.now
	return s.at(a, told{returned: forever})
}

func (s *story) after(pause time.Duration) *story {
	s.now += pause
	return s
}

const lease = 100 * time.Millisecond

var (
	ok       = told{code: done}
	none     = told{code: notFound}
	refused  = told{code: exists}
	unfenced = told{code: precondition}
)

func puts(value string) asked     { return asked{kind: put, value: value} }
func overwrites(v string) asked   { return asked{kind: put, value: v, overwrite: true} }
func gets() asked                 { return asked{kind: get} }
func got(value string) told       { return told{code: done, value: value} }
func deletes() asked              { return asked{kind: remove} }
func reserves(owner string) asked { return asked{kind: reserve, owner: owner, lease: lease} }
func releases(owner string) asked { return asked{kind: release, owner: owner} }
func held(owner string, token uint64) told {
	return told{code: done, tellsOwner: true, owner: owner, token: token}
}
func fenced(value, owner string, token uint64) asked {
	return asked{kind: put, value: value, overwrite: true, fenced: true, owner: owner, token: token}
}
func generation(t told, number uint64) told {
	t.generation = number
	return t
}

func TestHistories(t *testing.T) {
	tests := []struct {
		name  string
		right bool
		story *story
	}{
		{"of two puts one is refused", true,
			new(story).then(puts("a"), ok).then(puts("b"), refused).then(gets(), got("a"))},
		{"two puts without overwrite succeed", false,
			new(story).then(puts("a"), ok).then(puts("b"), ok)},
		{"two simultaneous puts without overwrite succeed", false,
			new(story).
				at(asked{kind: put, value: "a"}, told{code: done, returned: 9 * time.Millisecond}).
				at(asked{kind: put, value: "b"}, told{code: done, returned: 9 * time.Millisecond})},
		{"simultaneous puts in either order", true,
			new(story).
				at(asked{kind: put, value: "a"}, told{code: exists, returned: 9 * time.Millisecond}).
				at(asked{kind: put, value: "b"}, told{code: done, returned: 9 * time.Millisecond})},
		{"a put is refused where nothing is", false, new(story).then(puts("a"), refused)},
		{"an acknowledged put is lost", false, new(story).then(puts("a"), ok).then(gets(), none)},
		{"an old entry is read", false,
			new(story).then(puts("a"), ok).then(overwrites("b"), ok).then(gets(), got("a"))},
		{"an entry nobody put is read", false, new(story).then(gets(), got("a"))},
		{"a deleted entry is read", false,
			new(story).then(puts("a"), ok).then(deletes(), ok).then(gets(), got("a"))},
		{"a refused put is read", false,
			new(story).then(puts("a"), ok).then(puts("b"), refused).then(gets(), got("b"))},
		{"a lost put takes effect late", true,
			new(story).lost(puts("a")).then(gets(), none).then(gets(), got("a"))},
		{"a lost put takes effect twice", false,
			new(story).lost(puts("a")).then(gets(), got("a")).then(deletes(), ok).then(gets(), got("a"))},

		{"an entry that is too young is replaced", false,
			new(story).then(puts("a"), ok).
				then(asked{kind: put, value: "b", maxAge: lease}, ok)},
		{"an entry that is too old is replaced", true,
			new(story).then(puts("a"), ok).after(2*lease).
				then(asked{kind: put, value: "b", maxAge: lease}, ok)},
		{"an entry that is too old is in the way", false,
			new(story).then(puts("a"), ok).after(2*lease).
				then(asked{kind: put, value: "b", maxAge: lease}, refused)},

		{"another generation is replaced", false,
			new(story).then(puts("a"), generation(ok, 1)).then(overwrites("b"), ok).
				then(asked{kind: put, value: "c", generation: 1}, ok)},
		{"a generation is replaced", true,
			new(story).then(puts("a"), generation(ok, 1)).
				then(asked{kind: put, value: "c", generation: 1}, ok)},
		{"a generation comes back", false,
			new(story).then(puts("a"), generation(ok, 7)).then(overwrites("b"), generation(ok, 6))},

		{"two owners", false,
			new(story).then(reserves("x"), held("x", 1)).then(reserves("y"), held("y", 2))},
		{"two owners by calls that tell no fencing token", false,
			new(story).then(reserves("x"), held("x", 0)).then(reserves("y"), held("y", 0))},
		{"two owners where one was extended in time", false,
			new(story).then(reserves("x"), held("x", 1)).after(lease-10*time.Millisecond).
				then(reserves("x"), held("x", 1)).after(lease-10*time.Millisecond).
				then(reserves("y"), held("y", 2))},
		{"an owner after another's end", true,
			new(story).then(reserves("x"), held("x", 1)).after(2*lease).then(reserves("y"), held("y", 2))},
		{"an owner after a release", true,
			new(story).then(reserves("x"), held("x", 1)).then(releases("x"), told{}).
				then(reserves("y"), held("y", 2))},
		{"an owner after another's release", false,
			new(story).then(reserves("x"), held("x", 1)).then(releases("z"), told{code: notHeld}).
				then(reserves("y"), held("y", 2))},
		{"one who is long gone is in the way", false,
			new(story).then(reserves("x"), held("x", 1)).after(2*lease).then(reserves("y"), held("x", 1))},
		{"a lost reservation is in the way", true,
			new(story).lost(reserves("x")).then(reserves("y"), held("x", 1))},
		{"two owners have one fencing token", false,
			new(story).then(reserves("x"), held("x", 1)).then(releases("x"), ok).
				then(reserves("y"), held("y", 1))},
		{"an extension changes the fencing token", false,
			new(story).then(reserves("x"), held("x", 1)).then(reserves("x"), held("x", 2))},

		{"a put by the holder", true,
			new(story).then(reserves("x"), held("x", 1)).then(fenced("a", "x", 1), ok)},
		{"a put by the holder is refused", false,
			new(story).then(reserves("x"), held("x", 1)).then(fenced("a", "x", 1), unfenced)},
		{"a put after a take-over", false,
			new(story).then(reserves("x"), held("x", 1)).after(2*lease).
				then(reserves("y"), held("y", 2)).then(fenced("a", "x", 1), ok)},
		{"a put after a take-over is refused", true,
			new(story).then(reserves("x"), held("x", 1)).after(2*lease).
				then(reserves("y"), held("y", 2)).then(fenced("a", "x", 1), unfenced)},
		{"a put with the fencing token of an earlier reservation", false,
			new(story).then(reserves("x"), held("x", 1)).then(releases("x"), ok).
				then(reserves("x"), held("x", 0)).then(fenced("a", "x", 1), ok)},
		{"a miss tells another owner", false,
			new(story).then(reserves("x"), held("x", 1)).
				then(gets(), told{code: notFound, tellsOwner: true, owner: "y"})},
	}
	for _, test := range tests {
		if right := porcupine.CheckOperations(model(), test.story.history); right != test.right {
			var text bytes.Buffer
			dump(&text, test.story.history)
			t.Errorf("%s: taken for right: %v\n%s", test.name, right, text.String())
		}
	}
}

func TestAWrongHistoryIsShownWithoutWhatDoesNotMatter(t *testing.T) {
	wrong := new(story)
	for n := 0; n < 20; n++ {
		wrong.then(gets(), none)
	}
	wrong.then(puts("a"), ok).then(gets(), got("a")).then(puts("b"), ok).then(gets(), got("b"))
	var text bytes.Buffer
	dump(&text, shrink(wrong.history))
	if lines := strings.Count(text.String(), "\n"); lines != 3 {
		t.Errorf("a title and two puts were due:\n%s", text.String())
	}
}
