//! The example of two nodes and a relay, played to its end.

#[allow(dead_code, reason = "here the story is called, and not the program")]
#[path = "../examples/meet.rs"]
mod example;

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_meet_and_go_on_without_the_relay() {
    example::meet().await.unwrap();
}

#[test]
fn the_documentation_shows_how_the_nodes_are_made() {
    let example = include_str!("../examples/meet.rs");
    let (_, node) = example.split_once("#[derive(NetworkBehaviour)]\nstruct Node").unwrap();
    let (node, _) = node.split_once("#[derive(NetworkBehaviour)]").unwrap();
    let node = format!("#[derive(NetworkBehaviour)]\nstruct Node{}", node.trim_end());
    let shown: String =
        node.lines().map(|line| format!("//! {line}").trim_end().to_string() + "\n").collect();
    let documentation = include_str!("../../../core/src/libp2p/private.rs");
    assert!(documentation.contains(&shown), "{shown}");
}
