package main

import (
	"fmt"
	"io"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

// A short history of one key that is wrong for the same reason: what was called up to the first
// moment at which it is wrong, without what can be left out: what changed nothing, and told no
// number that is named later.
func shrink(history []porcupine.Operation) []porcupine.Operation {
	sort.Slice(history, func(i, j int) bool { return history[i].Call < history[j].Call })
	ends := make([]int64, len(history))
	for i, one := range history {
		ends[i] = one.Return
	}
	sort.Slice(ends, func(i, j int) bool { return ends[i] < ends[j] })
	first := sort.Search(len(ends), func(i int) bool { return isWrong(until(history, ends[i])) })
	if first == len(ends) {
		return history
	}
	short := until(history, ends[first])
	named := map[uint64]bool{}
	for _, one := range short {
		named[one.Input.(asked).generation] = true
		named[one.Input.(asked).token] = true
	}
	delete(named, 0) // It names none.
	for i := len(short) - 1; i >= 0; i-- {
		t := short[i].Output.(told)
		if !changesNothing(short[i]) || named[t.generation] || named[t.token] {
			continue
		}
		without := append(append([]porcupine.Operation{}, short[:i]...), short[i+1:]...)
		if isWrong(without) {
			short = without
		}
	}
	return short
}

func isWrong(history []porcupine.Operation) bool {
	return porcupine.CheckOperationsTimeout(model(), history, time.Second) == porcupine.Illegal
}

// What was called by then; what had not returned may still come to anything.
func until(history []porcupine.Operation, end int64) []porcupine.Operation {
	var part []porcupine.Operation
	for _, one := range history {
		if one.Call > end {
			continue
		}
		if one.Return > end {
			unknown := told{returned: forever, why: "under way"}
			one = operation(one.Input.(asked), unknown, one.ClientId)
		}
		part = append(part, one)
	}
	return part
}

func changesNothing(one porcupine.Operation) bool {
	a, t := one.Input.(asked), one.Output.(told)
	switch a.kind {
	case get:
		return true
	case put, remove:
		return t.code != "" && t.code != done
	case reserve:
		return t.tellsOwner && t.owner != a.owner
	}
	return false
}

func dump(to io.Writer, history []porcupine.Operation) {
	fmt.Fprintln(to, "   called ms  returned ms  client")
	for _, one := range history {
		returned := "-"
		if one.Return != int64(forever) {
			returned = fmt.Sprintf("%.3f", float64(one.Return)/1e6)
		}
		fmt.Fprintf(to, "%12.3f %12s %7d  %s\n", float64(one.Call)/1e6, returned, one.ClientId,
			describe(one.Input, one.Output))
	}
}
