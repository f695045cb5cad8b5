// Connect's Go client, which Flyte's own is made of, against the service at SERVICE_URL.
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	cache "interop/flyteidl2/cacheservice"
	v2 "interop/flyteidl2/cacheservice/v2"
	"interop/flyteidl2/cacheservice/v2/v2connect"
	"interop/flyteidl2/core"
)

var ctx = context.Background()

func check(ok bool, format string, args ...any) {
	if !ok {
		log.Fatalf(format, args...)
	}
}

func due(code connect.Code, err error) {
	check(err != nil && connect.CodeOf(err) == code, "%v was due, not %v", code, err)
}

func scenario(name string, options ...connect.ClientOption) {
	client := v2connect.NewCacheServiceClient(http.DefaultClient, os.Getenv("SERVICE_URL"), options...)
	where := &v2.Identifier{Project: "p", Domain: "d"} // Flyte's client sends an empty org.
	key := "go-" + name

	get := func() (*cache.CachedOutput, error) {
		answer, err := client.Get(ctx, connect.NewRequest(&v2.GetCacheRequest{
			BaseRequest: &cache.GetCacheRequest{Key: key}, Identifier: where}))
		if err != nil {
			return nil, err
		}
		return answer.Msg.Output, nil
	}
	put := func(uri string, overwrite bool) error {
		_, err := client.Put(ctx, connect.NewRequest(&v2.PutCacheRequest{
			BaseRequest: &cache.PutCacheRequest{
				Key: key,
				Output: &cache.CachedOutput{
					Output: &cache.CachedOutput_OutputUri{OutputUri: uri},
					Metadata: &cache.Metadata{
						SourceIdentifier: &core.Identifier{Project: "p", Domain: "d", Name: "t", Version: "v"},
						KeyMap:           &cache.KeyMapMetadata{Values: map[string]string{"exec-node": "n0"}}}},
				Overwrite: &cache.OverwriteOutput{Overwrite: overwrite}},
			Identifier: where}))
		return err
	}
	reserve := func(owner string) (*cache.Reservation, error) {
		answer, err := client.GetOrExtendReservation(ctx, connect.NewRequest(&v2.GetOrExtendReservationRequest{
			BaseRequest: &cache.GetOrExtendReservationRequest{
				Key: key, OwnerId: owner, HeartbeatInterval: durationpb.New(250e6)},
			Identifier: where}))
		if err != nil {
			return nil, err
		}
		return answer.Msg.Reservation, nil
	}
	release := func(owner string) {
		_, err := client.ReleaseReservation(ctx, connect.NewRequest(&v2.ReleaseReservationRequest{
			BaseRequest: &cache.ReleaseReservationRequest{Key: key, OwnerId: owner}, Identifier: where}))
		check(err == nil, "release: %v", err)
	}
	remove := func() error {
		_, err := client.Delete(ctx, connect.NewRequest(&v2.DeleteCacheRequest{
			BaseRequest: &cache.DeleteCacheRequest{Key: key}, Identifier: where}))
		return err
	}
	holder := func(owner string) string {
		held, err := reserve(owner)
		check(err == nil, "reserve: %v", err)
		check(held.Key == key && held.HeartbeatInterval.AsDuration() == 250e6, "reservation: %v", held)
		return held.OwnerId
	}

	_, err := get()
	due(connect.CodeNotFound, err)

	// Of many puts at once exactly one succeeds.
	var wait sync.WaitGroup
	results := make([]error, 20)
	for i := range results {
		wait.Add(1)
		go func(i int) {
			defer wait.Done()
			results[i] = put(fmt.Sprintf("s3://bucket/%d", i), false)
		}(i)
	}
	wait.Wait()
	winner := -1
	for i, err := range results {
		if err == nil {
			check(winner < 0, "puts %d and %d both succeeded", winner, i)
			winner = i
		} else {
			due(connect.CodeAlreadyExists, err)
		}
	}
	found, err := get()
	check(err == nil, "get: %v", err)
	check(found.GetOutputUri() == fmt.Sprintf("s3://bucket/%d", winner), "the entry is another's: %v", found)
	check(found.Metadata.KeyMap.Values["exec-node"] == "n0", "key map: %v", found)
	check(put("s3://bucket/new", true) == nil, "overwrite failed")
	again, err := get()
	check(err == nil && again.GetOutputUri() == "s3://bucket/new", "after overwrite: %v %v", again, err)
	check(proto.Equal(again.Metadata.CreatedAt, found.Metadata.CreatedAt), "created_at changed")

	check(holder("me") == "me", "not acquired")
	release("you")
	check(holder("you") == "me", "taken from its holder")
	release("me")
	check(holder("you") == "you", "not acquired after the release")
	_, err = reserve("")
	due(connect.CodeInvalidArgument, err)

	check(remove() == nil, "delete failed")
	due(connect.CodeNotFound, remove())
	fmt.Printf("go, %s: ok\n", name)
}

func main() {
	scenario("binary")
	scenario("json", connect.WithProtoJSON())
	scenario("gzip", connect.WithSendGzip())
}
