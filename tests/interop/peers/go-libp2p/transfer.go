package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
)

// portion is what the stories of half-closing and stopping carry each way.
const portion = 64 * 1024

// bufferSize is how much is read or written at a time.
const bufferSize = 64 * 1024

// tally counts what came and hashes it.
type tally struct {
	count uint64
	hash  hash.Hash
}

func newTally() *tally {
	return &tally{hash: sha256.New()}
}

func (t *tally) Write(bytes []byte) (int, error) {
	t.count += uint64(len(bytes))
	return t.hash.Write(bytes)
}

// addSequence acts as if so many bytes of the sequence had come.
func (t *tally) addSequence(count uint64) {
	// Writing to a tally cannot fail.
	_ = send(t, count)
}

func (t *tally) sha256() string {
	return hex.EncodeToString(t.hash.Sum(nil))
}

// send writes count bytes of the sequence.
func send(to io.Writer, count uint64) error {
	var s sequence
	buffer := make([]byte, bufferSize)
	for left := count; left > 0; {
		piece := buffer[:min(left, bufferSize)]
		s.fill(piece)
		if _, err := to.Write(piece); err != nil {
			return err
		}
		left -= uint64(len(piece))
	}
	return nil
}

// receive reads count bytes of the sequence and compares each.
func receive(from io.Reader, count uint64) (*tally, error) {
	var expected sequence
	sum := newTally()
	buffer := make([]byte, bufferSize)
	for sum.count < count {
		n, err := from.Read(buffer[:min(count-sum.count, bufferSize)])
		if err := expected.check(buffer[:n]); err != nil {
			return nil, err
		}
		sum.Write(buffer[:n])
		if err != nil && sum.count < count {
			return nil, fmt.Errorf("%d of %d bytes came: %w", sum.count, count, err)
		}
	}
	return sum, nil
}

// end reads the end, before which nothing more may come.
func end(from io.Reader) error {
	more, err := io.Copy(io.Discard, from)
	if err == nil && more > 0 {
		return fmt.Errorf("%d bytes came that nobody has sent", more)
	}
	return err
}

// both runs two halves of a stream at once and waits for both.
func both(one, other func() error) (error, error) {
	done := make(chan error, 1)
	go func() { done <- other() }()
	err := one()
	return err, <-done
}

// all runs two halves at once and joins their errors.
func all(one, other func() error) error {
	return errors.Join(both(one, other))
}
