package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"math/rand"
	"sync"
	"time"

	"connectrpc.com/connect"
	"github.com/anishathalye/porcupine"
)

const (
	// Of keys in use at a time, and of owners of reservations.
	slots  = 4
	owners = 3

	// A key is left for a new one after so many operations, or so many whose outcome is unknown: the
	// effort of checking grows with both, with the latter exponentially.
	mostOperations = 150
	mostUnknown    = 4

	patience = time.Second

	// Those of a living owner, and those that run out all the time.
	longLease, shortLease = 30 * time.Second, 60 * time.Millisecond
	maxAge                = 60 * time.Millisecond
)

// What the clients of one test do and have done. Safe for many goroutines.
type record struct {
	start time.Time

	mutex    sync.Mutex // For what follows.
	slots    [slots]slot
	history  []porcupine.Operation
	clients  int
	unknown  int
	notSent  int
	outcomes map[string]int
}

type slot struct{ age, operations, unknown int }

func newRecord() *record {
	return &record{start: time.Now(), outcomes: map[string]int{}}
}

func (r *record) now() time.Duration { return time.Since(r.start) }

// The key that a slot stands for at present.
func (r *record) key(at int) string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	s := &r.slots[at]
	s.operations++
	if s.operations > mostOperations || s.unknown >= mostUnknown {
		*s = slot{age: s.age + 1}
	}
	return name(at, s.age)
}

func name(at, age int) string { return fmt.Sprintf("k%d-%d", at, age) }

// A number for a client, or for one that goes on after an operation of which it does not know
// whether it has ended.
func (r *record) client() int {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.clients++
	return r.clients - 1
}

func (r *record) add(a asked, t told, client int) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if t.returned == forever {
		r.unknown++
		if a.kind == get {
			return // It changes nothing.
		}
	} else {
		r.outcomes[class(a, t)]++
	}
	r.history = append(r.history, operation(a, t, client))
}

// The slot's key has one more operation whose outcome is unknown, unless that changes nothing.
func (r *record) spoil(at int, a asked) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if a.kind != get && a.key == name(at, r.slots[at].age) {
		r.slots[at].unknown++
	}
}

func (r *record) addNotSent() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.notSent++
}

// For the count of what has been tested.
func class(a asked, t told) string {
	name := string(a.kind)
	switch {
	case a.fenced:
		name += " fenced"
	case a.overwrite:
		name += " overwrite"
	case a.maxAge != 0:
		name += " max_age"
	case a.generation != 0:
		name += " generation"
	}
	switch {
	case t.code == "":
		return name + ": done"
	case a.kind == reserve && t.owner != a.owner:
		return name + ": held"
	}
	return name + ": " + t.code
}

// A client: it does one operation after the other, each at one of the services, over connections of
// its own.
type client struct {
	record   *record
	number   int
	owner    string
	services []service
	random   *rand.Rand
	puts     int

	// What it was told last of the slots' keys, perhaps long ago.
	generations, tokens [slots]uint64
}

func newClient(r *record, urls []string, seed int64) *client {
	c := &client{record: r, number: r.client(), random: rand.New(rand.NewSource(seed))}
	c.owner = fmt.Sprintf("o%d", c.number%owners)
	var options []connect.ClientOption
	if c.number%2 == 1 {
		options = append(options, connect.WithProtoJSON())
	}
	for _, url := range urls {
		c.services = append(c.services, connectTo(url, options...))
	}
	return c
}

func (c *client) chance(percent int) bool { return c.random.Intn(100) < percent }

// A random operation.
func (c *client) next(at int) asked {
	a := asked{key: c.record.key(at), extension: c.chance(50)}
	switch n := c.random.Intn(100); {
	case n < 30:
		a.kind = get
	case n < 60:
		a.kind = put
		c.puts++
		a.value = fmt.Sprintf("v%d-%d", c.number, c.puts)
		switch n := c.random.Intn(100); {
		case n < 20:
			a.overwrite = true
		case n < 40:
			a.maxAge = maxAge
		case a.extension && n < 60:
			a.generation = c.generations[at]
		case a.extension:
			a.fenced, a.owner = true, c.owner
			a.overwrite = c.chance(25)
			if c.chance(75) {
				a.token = c.tokens[at]
			}
		}
	case n < 70:
		a.kind = remove
		if a.extension && c.chance(50) {
			a.generation = c.generations[at]
		}
	case n < 88:
		a.kind, a.owner, a.lease = reserve, c.owner, shortLease
		if c.chance(50) {
			a.lease = longLease
		}
	default:
		a.kind, a.owner = release, c.owner
	}
	return a
}

// Does an operation and records it; whether it is known what came of it.
func (c *client) do(at int, a asked, with service) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a.called = c.record.now()
	t, err := with.call(ctx, a)
	t.returned = c.record.now()
	if errors.Is(err, errNotSent) {
		c.record.addNotSent()
		return false
	}
	if err != nil {
		log.Fatalf("%s: no fault explains %v", describe(a, t), err)
	}
	known := t.why == ""
	if !known {
		t.returned = forever
	}
	c.record.add(a, t, c.number)
	if !known {
		c.number = c.record.client()
		c.record.spoil(at, a)
	}
	if t.generation != 0 {
		c.generations[at] = t.generation
	}
	if t.token != 0 && t.owner == c.owner {
		c.tokens[at] = t.token
	}
	return known
}

func (c *client) run(end time.Duration, least, most int) {
	for n := 0; n < most && (n < least || c.record.now() < end); n++ {
		at := c.random.Intn(slots)
		if !c.do(at, c.next(at), c.services[c.random.Intn(len(c.services))]) {
			c.pause()
		}
	}
}

// So that a service that is away is not asked more often than it can come back.
func (c *client) pause() {
	time.Sleep(time.Duration(10+c.random.Intn(20)) * time.Millisecond)
}

// Reads all keys once more, at each of the services, when it answers again.
func (c *client) readAll(end time.Duration) error {
	for at, slot := range c.record.slots {
		var keys []string
		for age := 0; age <= slot.age; age++ {
			keys = append(keys, name(at, age))
		}
		for n, with := range c.services {
			for !c.read(keys, with) {
				if c.record.now() > end {
					return fmt.Errorf("service %d does not answer any more", n)
				}
				c.pause()
			}
		}
	}
	return nil
}

func (c *client) read(keys []string, with service) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	called := c.record.now()
	all, err := with.getAll(ctx, keys)
	returned := c.record.now()
	for _, t := range all {
		if t.code == "" {
			return false
		}
	}
	for n, t := range all {
		t.returned = returned
		c.record.add(asked{called: called, kind: get, extension: true, key: keys[n]}, t, c.number)
	}
	return err == nil
}
