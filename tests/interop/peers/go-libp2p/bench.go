package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
)

// work is what a dialer that is measured is asked for. Each kind takes what it needs and leaves the rest.
type work struct {
	kind, address, version       string
	connections, streams, atOnce int
	write                        int
	bytes                        int64 // of each stream or request; negative if there is no limit
	count                        int
	seconds                      float64
	both, load                   bool
}

// patience is what one dial, one request, one stream may take.
const patience = 10 * time.Second

// giveUp is how many failures in a row are no accident.
const giveUp = 32

// dialsAtOnce is how many dials are under way where they are not what is measured.
const dialsAtOnce = 16

func parseWork(words []string) (*work, error) {
	if len(words) < 2 {
		return nil, fmt.Errorf("an address and a work are needed")
	}
	w := &work{address: words[0], kind: words[1]}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&w.connections, "connections", 1, "connections, each from a node of its own")
	flags.IntVar(&w.streams, "streams", 1, "streams on each connection")
	flags.IntVar(&w.write, "write", 16*1024, "bytes in each write")
	flags.Int64Var(&w.bytes, "bytes", -1, "bytes of each stream, or of each request")
	flags.Float64Var(&w.seconds, "seconds", 60, "when nothing new is begun any more")
	flags.IntVar(&w.count, "count", math.MaxInt, "so many at most")
	flags.IntVar(&w.atOnce, "at-once", 1, "how many are under way at once")
	flags.BoolVar(&w.both, "both", false, "every byte comes back")
	flags.BoolVar(&w.load, "load", false, "an upload on another stream runs beside")
	flags.StringVar(&w.version, "version", "v1", "version of webrtc-direct to dial with: v1 or v2")
	flags.Bool("json", false, "accepted: the output is always JSON")
	return w, flags.Parse(words[2:])
}

// bench prepares, is measured between two lines, and ends.
func bench(w *work) error {
	m := &meter{work: w, cues: bufio.NewReader(os.Stdin)}
	switch w.kind {
	case "bulk":
		return m.bulk()
	case "requests":
		return m.requests()
	case "pings":
		return m.pings()
	case "dials":
		return m.dials()
	case "hold":
		if w.streams == 0 {
			return m.holdConnections()
		}
		return m.holdStreams()
	}
	return fmt.Errorf("there is no work %s", w.kind)
}

// meter keeps the work between its two lines.
type meter struct {
	*work
	cues            *bufio.Reader
	began, deadline time.Time
}

// begin says that all is prepared; it returns when the work is to begin.
func (m *meter) begin() error {
	report(map[string]any{"event": "begin"})
	_, err := m.cues.ReadString('\n')
	m.began = time.Now()
	m.deadline = m.began.Add(time.Duration(m.seconds * float64(time.Second)))
	return err
}

// end says that the work is done; it returns when the runner has looked.
func (m *meter) end(figures map[string]any) error {
	figures["event"], figures["ms"] = "end", milliseconds(time.Since(m.began))
	report(figures)
	_, err := m.cues.ReadString('\n')
	return err
}

// late says whether nothing new is to be begun.
func (m *meter) late() bool {
	return !time.Now().Before(m.deadline)
}

// pieces is what many like pieces of work have come to.
type pieces struct {
	lock    sync.Mutex
	eachMs  []float64
	failed  int
	inARow  int    // failed since one was done
	message string // of the first that failed
}

func (p *pieces) add(began time.Time, err error) {
	took := milliseconds(time.Since(began))
	p.lock.Lock()
	defer p.lock.Unlock()
	if err == nil {
		p.eachMs = append(p.eachMs, took)
		p.inARow = 0
		return
	}
	if p.failed == 0 {
		p.message = err.Error()
	}
	p.failed++
	p.inARow++
}

func (p *pieces) told() map[string]any {
	return map[string]any{
		"done": len(p.eachMs), "each_ms": p.eachMs, "failed": p.failed, "message": p.message,
	}
}

// each does so many pieces with so many workers, and nothing new when it is late or all seems to fail.
func (m *meter) each(count, atOnce int, do func(number int) error) *pieces {
	var done pieces
	var next int
	take := func() (int, bool) {
		done.lock.Lock()
		defer done.lock.Unlock()
		next++
		return next - 1, next <= count && !m.late() && done.inARow <= giveUp
	}
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for number, more := take(); more; number, more = take() {
				began := time.Now()
				done.add(began, do(number))
			}
		})
	}
	workers.Wait()
	return &done
}

// prepared makes nodes that have not dialed yet. Each connection has a node of its own: a host that dials a
// peer twice gets the connection that it has.
func (m *meter) prepared(count int) ([]host.Host, *peer.AddrInfo, error) {
	number, ok := map[string]int{"v1": 1, "v2": 2}[m.version]
	if !ok {
		return nil, nil, fmt.Errorf("there is no version %s", m.version)
	}
	target, err := peer.AddrInfoFromString(m.address)
	if err != nil {
		return nil, nil, err
	}
	var nodes []host.Host
	for range count {
		node, err := newNode(number)
		if err != nil {
			return nil, nil, err
		}
		node.Peerstore().AddAddrs(target.ID, target.Addrs, peerstore.PermanentAddrTTL)
		nodes = append(nodes, node)
	}
	return nodes, target, nil
}

// authenticate dials as far as the authenticated connection: Host.Connect would wait for identify too.
func authenticate(node host.Host, target *peer.AddrInfo) (*session, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := node.Network().DialPeer(ctx, target.ID)
	return &session{node: node, peer: target.ID}, err
}

// connected makes nodes and a connection of each.
func (m *meter) connected(count int) ([]*session, error) {
	nodes, target, err := m.prepared(count)
	if err != nil {
		return nil, err
	}
	sessions := make([]*session, count)
	m.deadline = time.Now().Add(time.Minute)
	done := m.each(count, dialsAtOnce, func(number int) (err error) {
		sessions[number], err = authenticate(nodes[number], target)
		return err
	})
	if done.failed > 0 {
		return nil, fmt.Errorf("%d of %d dials failed: %s", done.failed, count, done.message)
	}
	return sessions, nil
}
