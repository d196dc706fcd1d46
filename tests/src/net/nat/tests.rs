use super::*;

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn at(secs: u64) -> Timestamp {
    Timestamp::ZERO + Duration::from_secs(secs)
}

fn nat(kind: Kind) -> Nat {
    Nat::new(addr("198.51.100.1:0").ip(), [addr("10.0.0.2:0"), addr("10.0.0.3:0")]).kind(kind)
}

/// Where a datagram comes from outside.
fn out(nat: &mut Nat, secs: u64, from: &str, to: &str) -> SocketAddr {
    let mut packet = Packet { source: addr(from), destination: addr(to), payload: Vec::new() };
    nat.outward(at(secs), &mut packet);
    assert_eq!(packet.destination, addr(to));
    packet.source
}

/// Where a datagram comes out inside.
fn back(nat: &mut Nat, secs: u64, from: &str, to: SocketAddr) -> Option<SocketAddr> {
    let mut packet = Packet { source: addr(from), destination: to, payload: Vec::new() };
    let enters = nat.inward(at(secs), &mut packet);
    assert_eq!(packet.source, addr(from));
    enters.then_some(packet.destination)
}

const A: &str = "203.0.113.1:1000";
const A_OTHER_PORT: &str = "203.0.113.1:1001";
const B: &str = "203.0.113.2:1000";
const HOST: &str = "10.0.0.2:500";

#[test]
fn who_gets_in_is_what_the_kinds_differ_in() {
    let kinds = [
        (Kind::FULL_CONE, [true, true, true]),
        (Kind::RESTRICTED, [true, true, false]),
        (Kind::PORT_RESTRICTED, [true, false, false]),
        (Kind::SYMMETRIC, [true, false, false]),
    ];
    for (kind, gets_in) in kinds {
        let mut nat = nat(kind);
        let public = out(&mut nat, 0, HOST, A);
        assert_eq!(public, addr("198.51.100.1:20000"));
        for (from, gets_in) in [A, A_OTHER_PORT, B].into_iter().zip(gets_in) {
            let found = back(&mut nat, 0, from, public);
            assert_eq!(found, gets_in.then_some(addr(HOST)), "{kind:?} {from}");
        }
    }
}

#[test]
fn a_symmetric_nat_has_a_port_for_each_destination() {
    let mut symmetric = nat(Kind::SYMMETRIC);
    let mut cone = nat(Kind::FULL_CONE);
    let ports = |nat: &mut Nat| [A, A_OTHER_PORT, B, A].map(|to| out(nat, 0, HOST, to).port());
    assert_eq!(ports(&mut symmetric), [20_000, 20_001, 20_002, 20_000]);
    assert_eq!(ports(&mut cone), [20_000; 4]);
    let private = addr(HOST);
    let ports: Vec<_> = symmetric.public_of(private).map(|public| public.port()).collect();
    assert_eq!(ports, [20_002, 20_001, 20_000]);
    // Sockets and hosts inside are told apart by any NAT.
    assert_eq!(out(&mut cone, 0, "10.0.0.2:501", A).port(), 20_001);
    assert_eq!(out(&mut cone, 0, "10.0.0.3:500", A).port(), 20_002);
}

#[test]
fn a_mapping_lives_as_long_as_it_is_sent_through() {
    let mut nat = nat(Kind::PORT_RESTRICTED).timeout(Duration::from_secs(30));
    let public = out(&mut nat, 0, HOST, A);
    assert_eq!(out(&mut nat, 29, HOST, A), public);
    // What comes in does not keep it.
    assert_eq!(back(&mut nat, 58, A, public), Some(addr(HOST)));
    assert_eq!(back(&mut nat, 59, A, public), None);
    let new = out(&mut nat, 60, HOST, A);
    assert_ne!(new, public);
    assert_eq!(back(&mut nat, 60, A, new), Some(addr(HOST)));
    assert_eq!(back(&mut nat, 60, A, public), None);
}

#[test]
fn rebinding_of_port_and_of_address() {
    let mut nat = nat(Kind::PORT_RESTRICTED);
    let public = out(&mut nat, 0, HOST, A);
    nat.forget();
    assert_eq!(back(&mut nat, 0, A, public), None);
    let new = out(&mut nat, 0, HOST, A);
    assert_eq!(new.ip(), public.ip());
    assert_ne!(new.port(), public.port());
    nat.move_to(addr("198.51.100.9:0").ip());
    let moved = out(&mut nat, 0, HOST, A);
    assert_eq!(moved.ip(), addr("198.51.100.9:0").ip());
    assert_eq!(back(&mut nat, 0, A, moved), Some(addr(HOST)));
    // The old address is somebody else's now, or nobody's.
    assert_eq!(back(&mut nat, 0, A, new), Some(new));
}

#[test]
fn a_forwarded_port_lets_everybody_in_and_never_expires() {
    let mut nat = nat(Kind::SYMMETRIC).timeout(Duration::from_secs(1));
    nat.forward(addr(HOST), 4001);
    let public = addr("198.51.100.1:4001");
    for from in [A, B] {
        assert_eq!(back(&mut nat, 1_000, from, public), Some(addr(HOST)));
        assert_eq!(out(&mut nat, 2_000, HOST, from), public);
    }
}

#[test]
fn private_addresses_are_nobodys_outside() {
    let mut nat = nat(Kind::FULL_CONE);
    assert_eq!(back(&mut nat, 0, A, addr(HOST)), None);
    // Among themselves they are, untranslated.
    assert_eq!(out(&mut nat, 0, HOST, "10.0.0.3:1"), addr(HOST));
    assert_eq!(back(&mut nat, 0, HOST, addr("10.0.0.3:1")), Some(addr("10.0.0.3:1")));
    // Others are none of its business.
    assert_eq!(out(&mut nat, 0, A, B), addr(A));
    assert_eq!(back(&mut nat, 0, A, addr(B)), Some(addr(B)));
}
