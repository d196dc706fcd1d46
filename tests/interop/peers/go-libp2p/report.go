package main

import (
	"encoding/json"
	"os"
	"time"
)

// report prints one JSON object on a line of its own, the only thing the runner reads.
func report(event map[string]any) {
	line, err := json.Marshal(event)
	if err != nil {
		panic(err) // Events are maps of strings and numbers.
	}
	// A reader that has gone away is no reason to fail: the exit status still tells.
	_, _ = os.Stdout.Write(append(line, '\n'))
}

func listening(address string) {
	report(map[string]any{"event": "listening", "addr": address})
}

func milliseconds(took time.Duration) float64 {
	return float64(took.Microseconds()) / 1e3
}
