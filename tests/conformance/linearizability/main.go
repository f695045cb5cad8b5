// Random operations of several clients on a few keys, at one or several services that share an
// index. Their history is held against the behaviour of a single, sequential cache: each operation
// must have taken effect at one moment between call and answer.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// Where more keys have a wrong history, the rest is not checked.
const mostShown = 3

func main() {
	log.SetFlags(0)
	clients := flag.Int("clients", 8, "clients at once")
	seconds := flag.Float64("seconds", 5, "how long they work")
	least := flag.Int("least", 0, "operations that all of them do at least, however long it takes")
	most := flag.Int("most", 100000, "operations that all of them do at most")
	seed := flag.Int64("seed", 1, "of the clients' choices")
	folder := flag.String("folder", ".", "where the drawing of a wrong history is left")
	file := flag.String("read", "", "check this history of deja load instead of making one")
	flag.Parse()
	if *file != "" {
		history, err := read(*file)
		if err != nil {
			log.Fatal(err)
		}
		wrong := checkAll(history, *folder)
		report(map[string]any{"operations": len(history), "wrong": wrong}, wrong)
		return
	}
	if flag.NArg() == 0 {
		log.Fatal("usage: program [FLAGS] URL... | program -read FILE")
	}

	r := newRecord()
	end := time.Duration(*seconds * float64(time.Second))
	var all sync.WaitGroup
	for n := 0; n < *clients; n++ {
		c := newClient(r, flag.Args(), *seed*1000+int64(n))
		all.Add(1)
		go func() {
			defer all.Done()
			c.run(end, *least / *clients, *most / *clients)
		}()
	}
	all.Wait()
	if err := newClient(r, flag.Args(), 0).readAll(r.now() + 20*time.Second); err != nil {
		log.Fatal(err)
	}

	checking := time.Now()
	wrong := checkAll(r.history, *folder)
	report(map[string]any{
		"operations": len(r.history), "unknown": r.unknown, "not_sent": r.notSent,
		"outcomes": r.outcomes, "wrong": wrong, "seconds": r.now().Seconds(),
		"checking": time.Since(checking).Seconds()}, wrong)
}

func report(what map[string]any, wrong int) {
	json.NewEncoder(os.Stdout).Encode(what)
	if wrong > 0 {
		os.Exit(1)
	}
}

// How many keys have a wrong history.
func checkAll(history []porcupine.Operation, folder string) int {
	wrong := 0
	for _, part := range partition(history) {
		if wrong < mostShown {
			wrong += check(part, folder)
		}
	}
	return wrong
}

// Of one key: 1 where its history is wrong, or could not be checked in time.
func check(history []porcupine.Operation, folder string) int {
	result, info := porcupine.CheckOperationsVerbose(model(), history, 20*time.Second)
	if result == porcupine.Ok {
		return 0
	}
	key := history[0].Input.(asked).key
	drawing := filepath.Join(folder, key+".html")
	fmt.Fprintf(os.Stderr, "%s is not linearizable (%s); %d operations are drawn in %s\n", key,
		result, len(history), drawing)
	if err := porcupine.VisualizePath(model(), info, drawing); err != nil {
		log.Print(err)
	}
	if result == porcupine.Illegal {
		dump(os.Stderr, shrink(history))
	}
	return 1
}
