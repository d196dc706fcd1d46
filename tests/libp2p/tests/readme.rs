//! What the README shows is what compiles here.

#[test]
fn the_readme_shows_the_example() {
    let (_, shown) = include_str!("../examples/ping.rs").split_once("\n\n").unwrap();
    let readme = include_str!("../../../README.md");
    assert!(readme.contains(&format!("```rust,ignore\n{shown}```\n")), "{shown}");
}
