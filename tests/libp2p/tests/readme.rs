//! What the README shows is what compiles here.

#[test]
fn the_readme_shows_the_examples() {
    let readme = include_str!("../../../README.md");
    for example in [include_str!("../examples/ping.rs"), include_str!("../examples/private.rs")] {
        let (_, shown) = example.split_once("\n\n").unwrap();
        assert!(readme.contains(&format!("```rust,ignore\n{shown}```\n")), "{shown}");
    }
}
