package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// bulk sends on all streams of all connections. Its time ends when the peer has read everything.
func (m *meter) bulk() error {
	sessions, err := m.connected(m.connections)
	if err != nil {
		return err
	}
	streams := make([][]network.Stream, m.connections)
	for number, on := range sessions {
		for range m.streams {
			stream, err := on.openBulk(m.both)
			if err != nil {
				return err
			}
			streams[number] = append(streams[number], stream)
		}
	}
	if err := m.begin(); err != nil {
		return err
	}
	var sent atomic.Int64
	eachMs := make([]float64, m.connections)
	errs := make([]error, m.connections*m.streams)
	var all sync.WaitGroup
	for number := range streams {
		all.Go(func() {
			var own sync.WaitGroup
			for place, stream := range streams[number] {
				own.Go(func() {
					bytes, err := m.send(stream)
					sent.Add(bytes)
					errs[number*m.streams+place] = err
				})
			}
			own.Wait()
			eachMs[number] = milliseconds(time.Since(m.began))
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return m.end(map[string]any{"bytes": sent.Load(), "each_ms": eachMs})
}

// openBulk opens a stream that the acceptor reads to its end, or whose every byte it sends back.
func (on *session) openBulk(both bool) (network.Stream, error) {
	if both {
		return on.open(context.Background(), echoID)
	}
	stream, err := on.open(context.Background(), perfID)
	if err != nil {
		return nil, err
	}
	return stream, binary.Write(stream, binary.BigEndian, uint64(0))
}

// send sends until there are enough bytes or it is too late, and waits until all were read.
func (m *meter) send(stream network.Stream) (sent int64, err error) {
	var back int64
	err = all(
		func() (err error) { back, err = io.Copy(io.Discard, stream); return err },
		func() error {
			piece := bytes.Repeat([]byte{0x5a}, m.write)
			for (m.bytes < 0 || sent < m.bytes) && !m.late() {
				if _, err := stream.Write(piece); err != nil {
					return err
				}
				sent += int64(len(piece))
			}
			return stream.CloseWrite()
		},
	)
	if err != nil {
		return sent, err
	}
	expected := int64(0)
	if m.both {
		expected = sent
	}
	if back != expected {
		return sent, fmt.Errorf("%d of %d bytes came", back, expected)
	}
	return sent, stream.Close()
}

// requests opens a stream each, sends, ends its half, and reads what comes back to the end.
func (m *meter) requests() error {
	length := 100
	if m.bytes >= 0 {
		length = int(m.bytes)
	}
	payload := bytes.Repeat([]byte{0x5a}, length)
	return m.latencies(func(on *session) (func() error, error) {
		return func() error { return on.request(payload) }, on.request(payload)
	})
}

func (on *session) request(payload []byte) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	stream, err := on.open(ctx, echoID)
	if err != nil {
		return err
	}
	if err := stream.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := stream.Write(payload); err != nil {
		return err
	}
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	back, err := io.Copy(io.Discard, stream)
	if err == nil && back != int64(len(payload)) {
		err = fmt.Errorf("%d of %d bytes came", back, len(payload))
	}
	return errors.Join(err, stream.Close())
}

// pings makes round trips on one stream that stays open.
func (m *meter) pings() error {
	return m.latencies(func(on *session) (func() error, error) {
		stream, err := on.open(context.Background(), echoID)
		if err != nil {
			return nil, err
		}
		payload := bytes.Repeat([]byte{0x5a}, 32)
		trip := func() error {
			if err := stream.SetDeadline(time.Now().Add(patience)); err != nil {
				return err
			}
			if _, err := stream.Write(payload); err != nil {
				return err
			}
			_, err := io.ReadFull(stream, make([]byte, len(payload)))
			return err
		}
		return trip, trip()
	})
}

// latencies repeats what prepare returns, having done it once, with or without a load beside.
func (m *meter) latencies(prepare func(*session) (func() error, error)) error {
	sessions, err := m.connected(1)
	if err != nil {
		return err
	}
	do, err := prepare(sessions[0])
	if err != nil {
		return err
	}
	var over atomic.Bool
	loaded := make(chan error, 1)
	if m.load {
		stream, err := sessions[0].openBulk(false)
		if err != nil {
			return err
		}
		piece := bytes.Repeat([]byte{0x5a}, m.write)
		go func() {
			for !over.Load() {
				if _, err := stream.Write(piece); err != nil {
					loaded <- err
					return
				}
			}
			loaded <- nil
		}()
	} else {
		loaded <- nil
	}
	if err := m.begin(); err != nil {
		return err
	}
	done := m.each(m.count, m.atOnce, func(int) error { return do() })
	if err := m.end(done.told()); err != nil {
		return err
	}
	// Without a load for all of the time, the latencies are not what they are said to be.
	over.Store(true)
	return <-loaded
}

// dials dials, each from a node of its own that was there before. Nobody hangs up meanwhile.
func (m *meter) dials() error {
	nodes, target, err := m.prepared(m.count)
	if err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	done := m.each(m.count, m.atOnce, func(number int) error {
		_, err := authenticate(nodes[number], target)
		return err
	})
	return m.end(done.told())
}

// holdConnections keeps idle connections. The first is there before: what a listener makes only once is not
// theirs.
func (m *meter) holdConnections() error {
	nodes, target, err := m.prepared(m.connections + 1)
	if err != nil {
		return err
	}
	if _, err := authenticate(nodes[m.connections], target); err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	done := m.each(m.connections, dialsAtOnce, func(number int) error {
		_, err := authenticate(nodes[number], target)
		return err
	})
	return m.end(done.told())
}

// holdStreams keeps idle streams, spread over the connections. Each has carried a byte there and back.
func (m *meter) holdStreams() error {
	sessions, err := m.connected(m.connections)
	if err != nil {
		return err
	}
	if err := m.begin(); err != nil {
		return err
	}
	kept := make([]network.Stream, m.connections*m.streams)
	done := m.each(len(kept), dialsAtOnce, func(number int) error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		stream, err := sessions[number%m.connections].open(ctx, echoID)
		if err != nil {
			return err
		}
		kept[number] = stream
		if _, err := stream.Write([]byte{1}); err != nil {
			return err
		}
		_, err = io.ReadFull(stream, make([]byte, 1))
		return err
	})
	return m.end(done.told())
}
