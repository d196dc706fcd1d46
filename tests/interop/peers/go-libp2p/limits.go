package main

import (
	"github.com/libp2p/go-libp2p/core/network"
)

// unlimited takes the resource manager out of the picture: its defaults allow fewer streams of one
// protocol than the story of the hundred streams opens, and they are not what is under test.
func unlimited() network.ResourceManager {
	return &network.NullResourceManager{}
}
