package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

// A line of what `deja load --history` writes; app/load/history.hpp says what it means.
type line struct {
	Client    int            `json:"client"`
	Called    time.Duration  `json:"called"`
	Returned  *time.Duration `json:"returned"`
	Kind      kind           `json:"kind"`
	Extension bool           `json:"extension"`
	Key       string         `json:"key"`
	Value     string         `json:"value"`
	Overwrite bool           `json:"overwrite"`
	Owner     string         `json:"owner"`
	Lease     time.Duration  `json:"lease"`
	Code      string         `json:"code"`
	Holder    *string        `json:"holder"`
}

func read(path string) ([]porcupine.Operation, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var all []porcupine.Operation
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 16<<20)
	for number := 1; lines.Scan(); number++ {
		var one line
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		all = append(all, one.operation())
	}
	return all, lines.Err()
}

func (l line) operation() porcupine.Operation {
	a := asked{called: l.Called, kind: l.Kind, extension: l.Extension, key: l.Key,
		overwrite: l.Overwrite, owner: l.Owner, lease: l.Lease}
	t := told{returned: forever, code: l.Code, why: "no answer"}
	if l.Returned != nil {
		t.returned, t.why = *l.Returned, ""
	}
	if l.Kind == put {
		a.value = l.Value
	} else {
		t.value = l.Value
	}
	if l.Holder != nil {
		t.tellsOwner, t.owner = true, *l.Holder
	}
	return operation(a, t, l.Client)
}
