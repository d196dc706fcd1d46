package main

import (
	"encoding/binary"
	"fmt"
)

// sequence produces the bytes that are sent, from their start: every position is predictable and no word
// repeats, so that a lost, doubled or exchanged piece is seen at its first byte.
type sequence struct {
	position uint64
}

// fill writes the next len(out) bytes of the sequence.
func (s *sequence) fill(out []byte) {
	for i := range out {
		out[i] = s.next()
	}
}

// check compares the next bytes.
func (s *sequence) check(bytes []byte) error {
	for _, b := range bytes {
		if at := s.position; s.next() != b {
			return fmt.Errorf("byte %d came changed", at)
		}
	}
	return nil
}

func (s *sequence) next() byte {
	var word [4]byte
	binary.LittleEndian.PutUint32(word[:], mix(uint32(s.position/4)))
	b := word[s.position%4]
	s.position++
	return b
}

// mix is a permutation of the 32-bit words.
func mix(word uint32) uint32 {
	h := (word + 1) * 0x9E3779B9
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	return h ^ h>>16
}
