package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	v1 "linearizability/deja/v1"
	"linearizability/deja/v1/v1connect"
	cache "linearizability/flyteidl2/cacheservice"
	v2 "linearizability/flyteidl2/cacheservice/v2"
	"linearizability/flyteidl2/cacheservice/v2/v2connect"
)

// A reservation runs out after so many heartbeats.
const grace = 3

// The operation was not sent: nobody listened.
var errNotSent = errors.New("not sent")

// A client's connection to one service, by both protocols.
type service struct {
	flyte v2connect.CacheServiceClient
	own   v1connect.CacheServiceClient
}

func connectTo(url string, options ...connect.ClientOption) service {
	client := &http.Client{Transport: &http.Transport{}}
	return service{v2connect.NewCacheServiceClient(client, url, options...),
		v1connect.NewCacheServiceClient(client, url, options...)}
}

// An error that no fault explains is given back; the answer's time is left to the caller.
func (s service) call(ctx context.Context, a asked) (told, error) {
	by := s.callFlyte
	if a.extension {
		by = s.callOwn
	}
	t, err := by(ctx, a)
	if err == nil {
		return t, nil
	}
	code := connect.CodeOf(err)
	var failed *net.OpError
	if errors.As(err, &failed) && failed.Op == "dial" {
		return t, errNotSent
	}
	return ofError(code.String(), err.Error(), err)
}

// What an error tells, by its code.
func ofError(code, why string, err error) (told, error) {
	switch code {
	case notFound, exists, precondition:
		return told{code: code}, nil
	case "unavailable", "deadline_exceeded", "canceled", "aborted", "resource_exhausted", "unknown":
		return told{why: code + ": " + why}, nil
	}
	return told{}, err
}

func (s service) callFlyte(ctx context.Context, a asked) (told, error) {
	where := &v2.Identifier{Project: "p", Domain: "d"}
	switch a.kind {
	case get:
		answer, err := s.flyte.Get(ctx, connect.NewRequest(&v2.GetCacheRequest{
			BaseRequest: &cache.GetCacheRequest{Key: a.key}, Identifier: where}))
		if err != nil {
			return told{}, err
		}
		return told{code: done, value: answer.Msg.Output.GetOutputUri()}, nil
	case put:
		request := &cache.PutCacheRequest{Key: a.key, Output: output(a.value),
			Overwrite: &cache.OverwriteOutput{Overwrite: a.overwrite, MaxAge: optional(a.maxAge)}}
		_, err := s.flyte.Put(ctx, connect.NewRequest(&v2.PutCacheRequest{
			BaseRequest: request, Identifier: where}))
		return told{code: done}, err
	case remove:
		_, err := s.flyte.Delete(ctx, connect.NewRequest(&v2.DeleteCacheRequest{
			BaseRequest: &cache.DeleteCacheRequest{Key: a.key}, Identifier: where}))
		return told{code: done}, err
	case reserve:
		request := &cache.GetOrExtendReservationRequest{Key: a.key, OwnerId: a.owner,
			HeartbeatInterval: durationpb.New(a.lease / grace)}
		answer, err := s.flyte.GetOrExtendReservation(ctx, connect.NewRequest(
			&v2.GetOrExtendReservationRequest{BaseRequest: request, Identifier: where}))
		if err != nil {
			return told{}, err
		}
		return told{code: done, tellsOwner: true, owner: answer.Msg.Reservation.GetOwnerId()}, nil
	}
	// It does not tell whether there was anything to release.
	_, err := s.flyte.ReleaseReservation(ctx, connect.NewRequest(&v2.ReleaseReservationRequest{
		BaseRequest: &cache.ReleaseReservationRequest{Key: a.key, OwnerId: a.owner},
		Identifier:  where}))
	return told{}, err
}

func (s service) callOwn(ctx context.Context, a asked) (told, error) {
	key := &v1.Key{Project: "p", Domain: "d", Key: a.key}
	switch a.kind {
	case get:
		all, err := s.getAll(ctx, []string{a.key})
		if err != nil {
			return told{}, err
		}
		return all[0], nil
	case put:
		item := &v1.PutItem{Key: key, Output: output(a.value), Overwrite: a.overwrite,
			MaxAge: optional(a.maxAge), ReplacesGeneration: named(a.generation)}
		if a.fenced {
			item.Fence = &v1.Fence{OwnerId: a.owner, FencingToken: a.token}
		}
		answer, err := s.own.Put(ctx, connect.NewRequest(&v1.PutRequest{Items: []*v1.PutItem{item}}))
		if err != nil {
			return told{}, err
		}
		one := answer.Msg.Outcomes[0]
		t, err := ofItem(one.Error)
		t.generation = one.Generation
		switch one.Status {
		case v1.PutStatus_PUT_STATUS_ALREADY_SAME:
			t.code, t.value = exists, a.value
		case v1.PutStatus_PUT_STATUS_ALREADY_OTHER:
			t.code = exists
		}
		return t, err
	case remove:
		item := &v1.DeleteItem{Key: key, Generation: named(a.generation)}
		answer, err := s.own.Delete(ctx, connect.NewRequest(
			&v1.DeleteRequest{Items: []*v1.DeleteItem{item}}))
		if err != nil {
			return told{}, err
		}
		return ofItem(answer.Msg.Outcomes[0].Error)
	case reserve:
		item := &v1.ReserveItem{Key: key, OwnerId: a.owner,
			HeartbeatInterval: durationpb.New(a.lease / grace)}
		answer, err := s.own.Reserve(ctx, connect.NewRequest(
			&v1.ReserveRequest{Items: []*v1.ReserveItem{item}}))
		if err != nil {
			return told{}, err
		}
		one := answer.Msg.Outcomes[0]
		t, err := ofItem(one.Error)
		t.tellsOwner = t.code == done
		t.owner, t.token = one.Reservation.GetOwnerId(), one.Reservation.GetFencingToken()
		return t, err
	}
	item := &v1.ReleaseItem{Key: key, OwnerId: a.owner}
	answer, err := s.own.Release(ctx, connect.NewRequest(
		&v1.ReleaseRequest{Items: []*v1.ReleaseItem{item}}))
	if err != nil {
		return told{}, err
	}
	one := answer.Msg.Outcomes[0]
	t, err := ofItem(one.Error)
	if t.code == done && !one.Released {
		t.code = notHeld
	}
	return t, err
}

// The entries, or misses, of many keys in one call.
func (s service) getAll(ctx context.Context, keys []string) ([]told, error) {
	request := &v1.GetRequest{}
	for _, key := range keys {
		request.Keys = append(request.Keys, &v1.Key{Project: "p", Domain: "d", Key: key})
	}
	answer, err := s.own.Get(ctx, connect.NewRequest(request))
	if err != nil {
		return nil, err
	}
	var all []told
	for _, one := range answer.Msg.Outcomes {
		t, err := ofItem(one.Error)
		if err != nil {
			return nil, err
		}
		t.generation = one.Generation
		t.value = one.Output.GetOutputUri()
		t.tellsOwner = t.code == notFound
		t.owner, t.token = one.Reservation.GetOwnerId(), one.Reservation.GetFencingToken()
		all = append(all, t)
	}
	return all, nil
}

func ofItem(failure *v1.Error) (told, error) {
	if failure == nil {
		return told{code: done}, nil
	}
	return ofError(failure.Code, failure.Message, errors.New(failure.Code+": "+failure.Message))
}

func output(value string) *cache.CachedOutput {
	return &cache.CachedOutput{Output: &cache.CachedOutput_OutputUri{OutputUri: value},
		Metadata: &cache.Metadata{}}
}

func optional(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

func named(number uint64) *uint64 {
	if number == 0 {
		return nil
	}
	return &number
}
