package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
)

// session is a connection and what is known of it.
type session struct {
	node host.Host
	peer peer.ID
}

// dial connects and plays; false when the story failed.
func dial(address, version string, story story, limit time.Duration) (bool, error) {
	number, ok := map[string]int{"v1": 1, "v2": 2}[version]
	if !ok {
		return false, fmt.Errorf("there is no version %s", version)
	}
	node, err := newNode(number)
	if err != nil {
		return false, err
	}
	defer node.Close()
	began := time.Now()
	on, err := connect(node, address, limit)
	if err != nil {
		return false, err
	}
	report(map[string]any{
		"event": "connected", "peer": on.peer.String(), "version": version,
		"ms": milliseconds(time.Since(began)),
	})

	if story.name == "idle" {
		limit += time.Duration(story.number) * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	type outcome struct {
		details map[string]any
		err     error
	}
	done := make(chan outcome, 1)
	began = time.Now()
	go func() {
		details, err := on.play(ctx, story, limit)
		done <- outcome{details, err}
	}()
	var played outcome
	select {
	case played = <-done:
	case <-ctx.Done():
		played.err = errors.New("the story took too long")
	}
	result := map[string]any{
		"event": "result", "story": story.String(), "ok": played.err == nil,
		"ms": milliseconds(time.Since(began)), "message": "",
	}
	if played.err != nil {
		result["message"] = played.err.Error()
	}
	maps.Copy(result, played.details)
	report(result)
	return played.err == nil, nil
}

func connect(node host.Host, address string, limit time.Duration) (*session, error) {
	info, err := peer.AddrInfoFromString(address)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := node.Connect(ctx, *info); err != nil {
		return nil, err
	}
	return &session{node: node, peer: info.ID}, nil
}

// play returns what is added to the result line.
func (on *session) play(ctx context.Context, story story, limit time.Duration) (map[string]any, error) {
	n := story.number
	switch story.name {
	case "dial":
		return nil, nil
	case "ping":
		return on.ping(ctx, n)
	case "identify":
		return on.identify(ctx)
	case "idle":
		if _, err := on.ping(ctx, 1); err != nil {
			return nil, err
		}
		time.Sleep(time.Duration(n) * time.Second)
		return on.ping(ctx, 1)
	case "restart":
		return on.restart(ctx, limit)
	case "echo":
		return on.echo(ctx, n)
	case "halfclose":
		return nil, on.halfClose(ctx)
	case "latewrite":
		return nil, on.lateWrite(ctx, n)
	case "stopsending":
		return nil, on.stopSending(ctx)
	case "peerstops":
		return on.peerStops(ctx)
	case "reset":
		return nil, on.reset(ctx)
	case "peerresets":
		return on.peerResets(ctx)
	case "up":
		return nil, on.perf(ctx, n, 0)
	case "down":
		return nil, on.perf(ctx, 0, n)
	case "both":
		return nil, all(
			func() error { return on.perf(ctx, n, 0) },
			func() error { return on.perf(ctx, 0, n) },
		)
	case "streams":
		return nil, on.streams(ctx, n)
	case "parallel":
		return nil, on.parallel(ctx, n)
	case "slowreader":
		return on.slowReader(ctx, n)
	}
	return nil, fmt.Errorf("nobody plays %s", story)
}

func (on *session) open(ctx context.Context, id protocol.ID) (network.Stream, error) {
	return on.node.NewStream(ctx, on.peer, id)
}

func (on *session) ping(ctx context.Context, count uint64) (map[string]any, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	results := ping.Ping(ctx, on.node, on.peer)
	var roundTrips []float64
	for range count {
		result, ok := <-results
		if !ok {
			return nil, errors.New("the pings ended early")
		}
		if result.Error != nil {
			return nil, result.Error
		}
		roundTrips = append(roundTrips, milliseconds(result.RTT))
	}
	return map[string]any{"rtt_ms": roundTrips}, nil
}

// identify asks what the host has learned: it identifies every peer it connects to, before Connect
// returns, and takes nothing that does not fit the peer whom Noise has proved.
func (on *session) identify(context.Context) (map[string]any, error) {
	served, err := on.node.Peerstore().GetProtocols(on.peer)
	if err != nil {
		return nil, err
	}
	for _, id := range []protocol.ID{echoID, perfID} {
		if !slices.Contains(served, id) {
			return nil, fmt.Errorf("identify does not list %s", id)
		}
	}
	key := on.node.Peerstore().PubKey(on.peer)
	if key == nil || !on.peer.MatchesPublicKey(key) {
		return nil, errors.New("there is no key of the peer whom Noise has proved")
	}
	agent, err := on.node.Peerstore().Get(on.peer, "AgentVersion")
	return map[string]any{"agent": agent}, err
}

// restart dials the next life of the listener; the first connection stays as it is.
func (on *session) restart(ctx context.Context, limit time.Duration) (map[string]any, error) {
	if _, err := on.ping(ctx, 1); err != nil {
		return nil, err
	}
	report(map[string]any{"event": "ready"})
	address, err := bufio.NewReader(os.Stdin).ReadString('\n')
	if err != nil {
		return nil, err
	}
	began := time.Now()
	anew, err := connect(on.node, strings.TrimSpace(address), limit)
	if err != nil {
		return nil, err
	}
	took := milliseconds(time.Since(began))
	_, err = anew.ping(ctx, 1)
	return map[string]any{"dial_ms": took}, err
}
