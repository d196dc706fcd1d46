// Program peer-go-libp2p is go-libp2p behind the command line that the interop runner expects of a
// peer. tests/interop/README.md has the contract.
//
// It must stay an honest application of go-libp2p: no patched module, no knowledge of floe.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		usage("a command is missing: listen, dial or bench")
	}
	switch os.Args[1] {
	case "listen":
		flags := flag.NewFlagSet("listen", flag.ContinueOnError)
		address := flags.String("listen", "/ip4/127.0.0.1/udp/0/webrtc-direct", "address to listen on")
		flags.Bool("json", false, "accepted: the output is always JSON")
		flags.Bool("bench", false, "accepted: nothing happens that no dialer asked for, and there are no limits")
		if flags.Parse(os.Args[2:]) != nil {
			os.Exit(wrongUsage)
		}
		if err := listen(*address); err != nil {
			failed("listen", err)
		}
	case "dial":
		flags := flag.NewFlagSet("dial", flag.ContinueOnError)
		version := flags.String("version", "v1", "version of webrtc-direct to dial with: v1 or v2")
		seconds := flags.Int("timeout", 60, "seconds that connecting, and the story, may take")
		flags.Bool("json", false, "accepted: the output is always JSON")
		if flags.Parse(os.Args[2:]) != nil {
			os.Exit(wrongUsage)
		}
		if flags.NArg() < 2 {
			usage("an address and a story are needed")
		}
		story, err := parseStory(flags.Args()[1:])
		if err != nil {
			usage(err.Error())
		}
		ok, err := dial(flags.Arg(0), *version, story, time.Duration(*seconds)*time.Second)
		if err != nil {
			failed("dial", err)
		}
		if !ok {
			os.Exit(1)
		}
	case "bench":
		work, err := parseWork(os.Args[2:])
		if err != nil {
			usage(err.Error())
		}
		if err := bench(work); err != nil {
			failed("bench", err)
		}
	default:
		usage(fmt.Sprintf("there is no command %s", os.Args[1]))
	}
}

// listen serves until SIGTERM or SIGINT.
func listen(address string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	node, err := newNode(1, address)
	if err != nil {
		return err
	}
	defer node.Close()
	addresses := node.Addrs()
	if len(addresses) == 0 {
		return errors.New("the node listens nowhere")
	}
	listening(fmt.Sprintf("%s/p2p/%s", addresses[0], node.ID()))
	<-ctx.Done()
	return nil
}

func failed(step string, err error) {
	// go-libp2p tells of several addresses in several lines.
	report(map[string]any{
		"event": "error", "step": step, "message": strings.Join(strings.Fields(err.Error()), " "),
	})
	os.Exit(1)
}

func usage(message string) {
	fmt.Fprintln(os.Stderr, "error:", message)
	os.Exit(wrongUsage)
}

const wrongUsage = 2
