#!/bin/sh
# A stand-in for the program floe that keeps its command line and knows nothing of networks. FAKE says
# how it behaves, so that the runner's own conduct can be tested.
case "$1" in
listen)
    [ "$FAKE" = stubborn-listener ] && trap '' TERM
    echo '{"event":"listening","addr":"/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/uEi/p2p/12D3"}'
    [ "$FAKE" = dying-listener ] && exit 3
    [ "$FAKE" = stubborn-listener ] || trap 'exit 0' TERM
    while :; do sleep 0.05; done
    ;;
dial)
    version="$4"
    case "$FAKE" in
    hanging-dialer)
        # Something that a careless runner would leave behind.
        sleep 300 &
        echo $! >"$FAKE_ORPHAN"
        wait
        ;;
    failing-dialer)
        echo '{"event":"error","step":"dtls","message":"no such luck"}'
        exit 1
        ;;
    chatty-dialer) echo 'Connecting, please wait' ;;
    esac
    echo '{"event":"connected","peer":"12D3","version":"'"$version"'","ms":1.5}'
    echo '{"event":"result","command":"ping","ok":true,"ms":2.5}'
    ;;
esac
