package main

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// Times are since the start of the test, on its monotonic clock. The service decides by clocks of
// its own, which may run a little faster or slower, but do not jump.
const (
	forever = time.Duration(math.MaxInt64 / 4)
	slack   = 5 * time.Millisecond
)

type kind string

const (
	get     kind = "get"
	put     kind = "put"
	remove  kind = "delete"
	reserve kind = "reserve"
	release kind = "release"
)

// The call that an operation is. Zero values: not asked for.
type asked struct {
	called     time.Duration
	kind       kind
	extension  bool // By deja.v1, else by Flyte's call.
	key        string
	value      string
	overwrite  bool
	maxAge     time.Duration
	generation uint64 // The one to replace or to delete.
	fenced     bool   // Only while owner holds the reservation, under this fencing token.
	owner      string
	token      uint64 // 0: any of the owner's.
	lease      time.Duration
}

const (
	done         = "ok"
	notFound     = "not_found"
	exists       = "already_exists"
	precondition = "failed_precondition"
	notHeld      = "not_held" // Of a release.
)

// What came of it. Without a code that is not known, and where it returned for ever: it may have
// taken effect at any time since it was called, or never.
type told struct {
	returned   time.Duration
	code       string
	value      string
	generation uint64 // 0: not told; so with the token.
	tellsOwner bool
	owner      string
	token      uint64
	why        string
}

// When something happened: within these bounds.
type moment struct{ earliest, latest time.Duration }

func (m moment) mayBePast(age time.Duration, t told) bool {
	return t.returned >= m.earliest+age-slack
}

func (m moment) mayBeWithin(age time.Duration, a asked) bool {
	return a.called <= m.latest+age+slack
}

// A number that the service gives to each new entry or owner, ever rising. Not all answers tell it:
// 0 is one that no answer has told. Whoever names a number has got it from an answer before, so a
// number that is named is never one that nobody was told.
type number struct{ now, last uint64 }

func (n number) fresh() number { return number{0, n.last} }

func (n number) learn(told uint64) (number, bool) {
	if told == 0 || told == n.now {
		return n, true
	}
	return number{told, told}, n.now == 0 && told > n.last
}

// What lies under one key.
type state struct {
	value      string // Empty: there is no entry.
	generation number
	updated    moment
	owner      string // Empty: there is no reservation.
	token      number
	extended   moment
	lease      time.Duration
}

func (s state) mayBeExpired(t told) bool { return s.extended.mayBePast(s.lease, t) }
func (s state) mayBeLive(a asked) bool   { return s.extended.mayBeWithin(s.lease, a) }

func (s state) stored(a asked, t told) state {
	s.value = a.value
	s.generation = s.generation.fresh()
	s.updated = moment{a.called, t.returned}
	return s
}

func (s state) deleted() state {
	s.value = ""
	s.generation = s.generation.fresh()
	s.updated = moment{}
	return s
}

func (s state) acquired(a asked, t told) state {
	s.token = s.token.fresh()
	return s.extendedBy(a, t)
}

func (s state) extendedBy(a asked, t told) state {
	s.owner = a.owner
	s.lease = a.lease
	s.extended = moment{a.called, t.returned}
	return s
}

func (s state) released() state {
	s.owner = ""
	s.token = s.token.fresh()
	s.lease = 0
	s.extended = moment{}
	return s
}

// One way in which an operation may go.
type outcome struct {
	code  string
	owner string // Who has the reservation then, where an answer tells.
	after state
}

// All ways in which it may go: more than one where it depends on the moment.
func (s state) outcomes(a asked, t told) []outcome {
	switch a.kind {
	case get:
		return s.gets(a, t)
	case put:
		return s.puts(a, t)
	case remove:
		switch {
		case s.value == "":
			return []outcome{{code: notFound, after: s}}
		case a.generation != 0 && a.generation != s.generation.now:
			return []outcome{{code: precondition, after: s}}
		}
		return []outcome{{code: done, after: s.deleted()}}
	case reserve:
		return s.reserves(a, t)
	case release:
		return s.releases(a, t)
	}
	panic(a.kind)
}

func (s state) gets(a asked, t told) []outcome {
	if s.value != "" {
		return []outcome{{code: done, after: s}}
	}
	var all []outcome
	if s.owner != "" && s.mayBeLive(a) {
		all = append(all, outcome{notFound, s.owner, s})
	}
	if s.owner == "" || s.mayBeExpired(t) {
		all = append(all, outcome{notFound, "", s})
	}
	return all
}

func (s state) puts(a asked, t told) []outcome {
	var all []outcome
	if a.fenced {
		holds := s.owner == a.owner && (a.token == 0 || a.token == s.token.now)
		if !holds || s.mayBeExpired(t) {
			all = append(all, outcome{code: precondition, after: s})
		}
		if !holds || !s.mayBeLive(a) {
			return all
		}
	}
	stored := outcome{code: done, after: s.stored(a, t)}
	refused := outcome{code: exists, after: s}
	switch {
	case s.value == "" || a.overwrite:
		all = append(all, stored)
	case a.generation != 0:
		if a.generation == s.generation.now {
			all = append(all, stored)
		} else {
			all = append(all, outcome{code: precondition, after: s})
		}
	case a.maxAge != 0:
		if s.updated.mayBePast(a.maxAge, t) {
			all = append(all, stored)
		}
		if s.updated.mayBeWithin(a.maxAge, a) {
			all = append(all, refused)
		}
	default:
		all = append(all, refused)
	}
	return all
}

func (s state) reserves(a asked, t told) []outcome {
	acquired := outcome{done, a.owner, s.acquired(a, t)}
	if s.owner == "" {
		return []outcome{acquired}
	}
	var all []outcome
	if s.owner == a.owner {
		all = append(all, outcome{done, a.owner, s.extendedBy(a, t)})
	} else if s.mayBeLive(a) {
		all = append(all, outcome{done, s.owner, s})
	}
	// One's own that has run out is extended, or acquired anew where it has been swept.
	if s.mayBeExpired(t) {
		all = append(all, acquired)
	}
	return all
}

func (s state) releases(a asked, t told) []outcome {
	if s.owner != a.owner {
		return []outcome{{code: notHeld, after: s}}
	}
	var all []outcome
	if s.mayBeLive(a) {
		all = append(all, outcome{code: done, after: s.released()})
	}
	if s.mayBeExpired(t) {
		all = append(all, outcome{code: notHeld, after: s.released()})
	}
	return all
}

// The state after this way, if it is what was told.
func (o outcome) agreed(t told) (state, bool) {
	after := o.after
	if t.code == "" {
		return after, true
	}
	if t.code != o.code || t.value != "" && t.value != after.value ||
		t.tellsOwner && t.owner != o.owner {
		return after, false
	}
	var rises, tokenRises bool
	after.generation, rises = after.generation.learn(t.generation)
	after.token, tokenRises = after.token.learn(t.token)
	return after, rises && tokenRises
}

func step(before, input, output any) []any {
	var all []any
	t := output.(told)
	for _, way := range before.(state).outcomes(input.(asked), t) {
		if after, ok := way.agreed(t); ok {
			all = append(all, after)
		}
	}
	return all
}

func describe(input, output any) string {
	a, t := input.(asked), output.(told)
	var text strings.Builder
	show := func(is bool, format string, values ...any) {
		if is {
			fmt.Fprintf(&text, format, values...)
		}
	}
	show(true, "%s %s", a.kind, a.key)
	show(a.extension, " (deja.v1)")
	show(a.value != "", " %s", a.value)
	show(a.overwrite, " overwrite")
	show(a.maxAge != 0, " max_age %v", a.maxAge)
	show(a.generation != 0, " generation %d", a.generation)
	show(a.owner != "", " owner %s", a.owner)
	show(a.fenced, " fencing token %d", a.token)
	show(a.lease != 0, " lease %v", a.lease)
	show(true, " -> ")
	show(t.code == "" && t.returned == forever, "unknown: %s", t.why)
	show(t.code == "" && t.returned != forever, "done")
	show(true, "%s", t.code)
	show(t.value != "", " %s", t.value)
	show(t.generation != 0, " generation %d", t.generation)
	show(t.tellsOwner, " held by %q", t.owner)
	show(t.token != 0, " fencing token %d", t.token)
	return text.String()
}

func partition(history []porcupine.Operation) [][]porcupine.Operation {
	places := map[string]int{}
	var parts [][]porcupine.Operation
	for _, one := range history {
		key := one.Input.(asked).key
		place, known := places[key]
		if !known {
			place = len(parts)
			places[key] = place
			parts = append(parts, nil)
		}
		parts[place] = append(parts[place], one)
	}
	return parts
}

func model() porcupine.Model {
	all := porcupine.NondeterministicModel{
		Partition:         partition,
		Init:              func() []any { return []any{state{}} },
		Step:              step,
		DescribeOperation: describe,
		DescribeState:     func(s any) string { return fmt.Sprintf("%+v", s) },
	}
	return all.ToModel()
}

func operation(a asked, t told, client int) porcupine.Operation {
	return porcupine.Operation{ClientId: client, Input: a, Call: int64(a.called), Output: t,
		Return: int64(t.returned)}
}
