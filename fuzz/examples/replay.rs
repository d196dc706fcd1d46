//! Runs one body over files, without a fuzzer: `replay TARGET DIRECTORY …`. `reach` measures with it.

use std::{env, fs, process};

fn main() {
    let mut arguments = env::args().skip(1);
    let target = arguments.next().unwrap_or_default();
    let Some((_, body)) = floe_fuzz::BODIES.iter().find(|(name, _)| *name == target) else {
        let names: Vec<_> = floe_fuzz::BODIES.iter().map(|(name, _)| *name).collect();
        eprintln!("replay TARGET DIRECTORY …, where TARGET is one of {}", names.join(", "));
        process::exit(2);
    };
    for directory in arguments {
        let entries =
            fs::read_dir(&directory).unwrap_or_else(|error| panic!("{directory}: {error}"));
        for entry in entries {
            let path = entry.expect("an entry").path();
            body(&fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())));
        }
    }
}
