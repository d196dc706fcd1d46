package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
)

// small is what a stream carries when the number of streams is the point, enough what nobody takes who
// was told to stop.
const (
	small  = 10 * 1024
	enough = 64 * 1024 * 1024
)

// echo reads everything back before it ends its half.
func (on *session) echo(ctx context.Context, bytes uint64) (map[string]any, error) {
	stream, err := on.open(ctx, echoID)
	if err != nil {
		return nil, err
	}
	sum, err := exchange(stream, bytes)
	if err != nil {
		_ = stream.Reset()
		return nil, err
	}
	return map[string]any{"sha256": sum.sha256()}, nil
}

// exchange plays an echo on a stream and closes it.
func exchange(stream network.Stream, bytes uint64) (sum *tally, err error) {
	err = all(
		func() (err error) { sum, err = receive(stream, bytes); return err },
		func() error { return send(stream, bytes) },
	)
	if err == nil {
		err = finish(stream)
	}
	return sum, err
}

// finish ends the write half, reads the end and closes.
func finish(stream network.Stream) error {
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	if err := end(stream); err != nil {
		return err
	}
	return stream.Close()
}

// halfClose ends its write half before it reads.
func (on *session) halfClose(ctx context.Context) error {
	stream, err := on.open(ctx, echoID)
	if err != nil {
		return err
	}
	if err := send(stream, small); err != nil {
		return err
	}
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	if _, err := receive(stream, small); err != nil {
		return err
	}
	return errors.Join(end(stream), stream.Close())
}

// lateWrite writes after the peer has ended.
func (on *session) lateWrite(ctx context.Context, bytes uint64) error {
	stream, err := on.open(ctx, lateID)
	if err != nil {
		return err
	}
	if err := end(stream); err != nil {
		return err
	}
	if err := send(stream, bytes); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	told, err := on.ending(ctx)
	if err != nil {
		return err
	}
	return told.received(bytes)
}

func (on *session) stopSending(ctx context.Context) error {
	stream, err := on.open(ctx, sourceID)
	if err != nil {
		return err
	}
	if _, err := receive(stream, portion); err != nil {
		return err
	}
	if err := stream.CloseRead(); err != nil {
		return err
	}
	if err := send(stream, portion); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	told, err := on.ending(ctx)
	if err != nil {
		return err
	}
	if !told.Stopped {
		return fmt.Errorf("the peer did not stop sending: %+v", told)
	}
	return told.received(portion)
}

func (on *session) peerStops(ctx context.Context) (map[string]any, error) {
	stream, err := on.open(ctx, stopID)
	if err != nil {
		return nil, err
	}
	read, written := both(
		func() error {
			if _, err := receive(stream, portion); err != nil {
				return err
			}
			return end(stream)
		},
		func() error { return send(stream, enough) },
	)
	if read != nil {
		return nil, read
	}
	if written == nil {
		return nil, errors.New("the peer took everything, though it should have stopped us")
	}
	return map[string]any{"write_error": written.Error()}, nil
}

func (on *session) reset(ctx context.Context) error {
	stream, err := on.open(ctx, sourceID)
	if err != nil {
		return err
	}
	if _, err := receive(stream, portion); err != nil {
		return err
	}
	if err := stream.Reset(); err != nil {
		return err
	}
	told, err := on.ending(ctx)
	if err != nil {
		return err
	}
	if told.End != "reset" || !told.Stopped {
		return fmt.Errorf("the peer saw no reset: %+v", told)
	}
	_, err = on.echo(ctx, 1024)
	return err
}

func (on *session) peerResets(ctx context.Context) (map[string]any, error) {
	stream, err := on.open(ctx, resetID)
	if err != nil {
		return nil, err
	}
	read, written := both(
		func() error { return end(stream) },
		func() error { return send(stream, enough) },
	)
	if read == nil {
		return nil, errors.New("reading found the end instead of a reset")
	}
	if written == nil {
		return nil, errors.New("the peer took everything, though it should have reset")
	}
	details := map[string]any{"read_error": read.Error(), "write_error": written.Error()}
	_, err = on.echo(ctx, 1024)
	return details, err
}

func (on *session) perf(ctx context.Context, up, down uint64) error {
	stream, err := on.open(ctx, perfID)
	if err != nil {
		return err
	}
	if err := binary.Write(stream, binary.BigEndian, down); err != nil {
		return err
	}
	if err := send(stream, up); err != nil {
		return err
	}
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	return takeDown(stream, down)
}

// takeDown reads the answer of perf to its end.
func takeDown(stream network.Stream, down uint64) error {
	got, err := io.Copy(io.Discard, stream)
	if err != nil {
		return err
	}
	if uint64(got) != down {
		return fmt.Errorf("%d of %d bytes came", got, down)
	}
	return stream.Close()
}

func (on *session) streams(ctx context.Context, count uint64) error {
	for number := range count {
		if _, err := on.echo(ctx, small); err != nil {
			return fmt.Errorf("stream %d of %d: %w", number, count, err)
		}
	}
	return nil
}

// parallel opens all streams before it uses the first.
func (on *session) parallel(ctx context.Context, count uint64) error {
	var streams []network.Stream
	for range count {
		stream, err := on.open(ctx, echoID)
		if err != nil {
			return err
		}
		streams = append(streams, stream)
	}
	done := make(chan error, count)
	for _, stream := range streams {
		go func() {
			_, err := exchange(stream, small)
			done <- err
		}()
	}
	var errs error
	for range count {
		errs = errors.Join(errs, <-done)
	}
	return errs
}

func (on *session) slowReader(ctx context.Context, bytes uint64) (map[string]any, error) {
	stream, err := on.open(ctx, perfID)
	if err != nil {
		return nil, err
	}
	if err := binary.Write(stream, binary.BigEndian, bytes); err != nil {
		return nil, err
	}
	if err := stream.CloseWrite(); err != nil {
		return nil, err
	}
	began := time.Now()
	if _, err := on.echo(ctx, small); err != nil {
		return nil, err
	}
	other := milliseconds(time.Since(began))
	return map[string]any{"other_ms": other}, takeDown(stream, bytes)
}

// ending asks how the peer saw the recorded stream end.
func (on *session) ending(ctx context.Context) (told record, err error) {
	stream, err := on.open(ctx, endingID)
	if err != nil {
		return told, err
	}
	if err := stream.CloseWrite(); err != nil {
		return told, err
	}
	text, err := io.ReadAll(stream)
	if err != nil {
		return told, err
	}
	return told, errors.Join(json.Unmarshal(text, &told), stream.Close())
}

// received checks that the peer has so many bytes and the end behind them.
func (told record) received(bytes uint64) error {
	expected := newTally()
	expected.addSequence(bytes)
	if told.Received != bytes || told.Sha256 != expected.sha256() || told.End != "fin" {
		return fmt.Errorf("the peer should have %d bytes and the end: %+v", bytes, told)
	}
	return nil
}
