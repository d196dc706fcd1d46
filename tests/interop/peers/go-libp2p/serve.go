package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/protocol"
)

// The protocols beside ping and identify, which every host of go-libp2p serves.
const (
	echoID   protocol.ID = "/echo/1.0.0"
	perfID   protocol.ID = "/perf/1.0.0"
	lateID   protocol.ID = "/floe/late/1.0.0"
	sourceID protocol.ID = "/floe/source/1.0.0"
	stopID   protocol.ID = "/floe/stop/1.0.0"
	resetID  protocol.ID = "/floe/reset/1.0.0"
	endingID protocol.ID = "/floe/ending/1.0.0"
)

func serveAll(node host.Host) {
	for id, serve := range map[protocol.ID]func(network.Stream) error{
		echoID:   serveEcho,
		perfID:   servePerf,
		lateID:   serveLate,
		sourceID: serveSource,
		stopID:   serveStop,
		resetID:  serveReset,
		endingID: serveEnding,
	} {
		node.SetStreamHandler(id, func(stream network.Stream) {
			if err := serve(stream); err != nil {
				fmt.Fprintf(os.Stderr, "%s for %s failed: %v\n", id, stream.Conn().RemotePeer(), err)
				_ = stream.Reset()
				return
			}
			_ = stream.Close()
		})
	}
}

func serveEcho(stream network.Stream) error {
	_, err := io.Copy(stream, stream)
	return err
}

func servePerf(stream network.Stream) error {
	var wanted [8]byte
	if _, err := io.ReadFull(stream, wanted[:]); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, stream); err != nil {
		return err
	}
	return send(stream, binary.BigEndian.Uint64(wanted[:]))
}

// serveLate ends first and then reads.
func serveLate(stream network.Stream) error {
	if err := stream.CloseWrite(); err != nil {
		return err
	}
	sum := newTally()
	_, err := io.Copy(sum, stream)
	setRecord(sum, err, nil)
	return nil
}

// serveSource sends until it is stopped and reads meanwhile: go-libp2p learns of STOP_SENDING by reading.
func serveSource(stream network.Stream) error {
	sum := newTally()
	read, written := both(
		func() error { _, err := io.Copy(sum, stream); return err },
		func() error { return send(stream, 1<<62) },
	)
	setRecord(sum, read, written)
	return nil
}

func serveStop(stream network.Stream) error {
	if _, err := receive(stream, portion); err != nil {
		return err
	}
	if err := stream.CloseRead(); err != nil {
		return err
	}
	return send(stream, portion)
}

func serveReset(stream network.Stream) error {
	if _, err := receive(stream, portion); err != nil {
		return err
	}
	return stream.Reset()
}

func serveEnding(stream network.Stream) error {
	told := <-recorded
	recorded <- told
	return json.NewEncoder(stream).Encode(told)
}

// record is what an acceptor saw of the one stream that is recorded.
type record struct {
	Received uint64 `json:"received"`
	Sha256   string `json:"sha256"`
	End      string `json:"end"`
	Stopped  bool   `json:"stopped"`
	Message  string `json:"message"`
}

// A process serves one dialer and one story, so one place for all is enough.
var recorded = make(chan record, 1)

func setRecord(sum *tally, read, written error) {
	told := record{Received: sum.count, Sha256: sum.sha256(), End: "fin", Stopped: written != nil}
	if written != nil {
		told.Message = written.Error()
	}
	if read != nil {
		told.End, told.Message = "reset", read.Error()
	}
	// Also for the runner, who shows it when a case fails.
	fmt.Fprintf(os.Stderr, "recorded: %+v\n", told)
	recorded <- told
}
