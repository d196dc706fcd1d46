package main

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/p2p/net/connmgr"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	libp2pquic "github.com/libp2p/go-libp2p/p2p/transport/quic"
	libp2pwebrtc "github.com/libp2p/go-libp2p/p2p/transport/webrtc"
)

// newNode makes a host with a fresh identity that has WebRTC and QUIC and nothing else. dialVersion is the
// version of webrtc-direct with which it dials: go-libp2p has no fallback, it dials with one or the other. A
// listener takes both. Without addresses it does not listen.
func newNode(dialVersion int, addresses ...string) (host.Host, error) {
	// The runner ends connections, nobody else.
	manager, err := connmgr.NewConnManager(1000, 2000, connmgr.WithGracePeriod(time.Hour))
	if err != nil {
		return nil, err
	}
	options := []libp2p.Option{
		libp2p.Transport(libp2pwebrtc.New, libp2pwebrtc.WithDialerVersion(dialVersion)),
		libp2p.Transport(libp2pquic.NewTransport),
		libp2p.ResourceManager(unlimited()),
		libp2p.ConnectionManager(manager),
		libp2p.UserAgent("go-libp2p/" + version()),
		libp2p.DisableRelay(),
		libp2p.DisableMetrics(),
		libp2p.SwarmOpts(swarm.WithDialTimeout(time.Minute), swarm.WithDialTimeoutLocal(time.Minute)),
	}
	if len(addresses) == 0 {
		options = append(options, libp2p.NoListenAddrs)
	} else {
		options = append(options, libp2p.ListenAddrStrings(addresses...))
	}
	node, err := libp2p.New(options...)
	if err != nil {
		return nil, fmt.Errorf("no node: %w", err)
	}
	serveAll(node)
	return node, nil
}

// version is that of go-libp2p, as it was built in.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == "github.com/libp2p/go-libp2p" {
				return module.Version
			}
		}
	}
	return "unknown"
}
