package main

import (
	"fmt"
	"slices"
	"strconv"
)

// story is what the dialer plays, as it is written on the command line.
type story struct {
	name   string
	number uint64
}

func (s story) String() string {
	return fmt.Sprintf("%s %d", s.name, s.number)
}

var (
	numbered = []string{
		"ping", "echo", "latewrite", "up", "down", "both", "streams", "parallel", "slowreader", "idle",
	}
	plain = []string{
		"dial", "identify", "halfclose", "stopsending", "peerstops", "reset", "peerresets", "restart",
	}
)

func parseStory(words []string) (story, error) {
	name := words[0]
	switch {
	case len(words) == 1 && slices.Contains(plain, name):
		return story{name: name}, nil
	case len(words) == 2 && slices.Contains(numbered, name):
		number, err := strconv.ParseUint(words[1], 10, 63)
		return story{name, number}, err
	}
	return story{}, fmt.Errorf("there is no story %q, or it has another number of numbers", words)
}
