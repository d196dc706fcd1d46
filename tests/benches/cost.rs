//! What the hot paths cost, exactly: instructions and allocations of each side, which need no quiet machine.
//!
//! ```sh
//! cargo bench -p floe-tests --bench cost                # measures, and compares with cost/committed.txt
//! cargo bench -p floe-tests --bench cost -- --write     # writes cost/committed.txt
//! cargo bench -p floe-tests --bench cost -- --path dial # one path, as often as given behind it
//! ```
//!
//! Instructions are counted by callgrind, which runs this program once for each path and side and counts only
//! what is done in that side's endpoint; allocations are counted by the allocator, in one run for both. What
//! was committed is a record, so that a change shows as a diff. It fails where instructions are a quarter more, or
//! allocations a tenth. Other compilers and other versions of libraries count otherwise: then it is written anew.

#[path = "cost/callgrind.rs"]
mod callgrind;
#[path = "cost/committed.rs"]
mod committed;
mod pair;
#[path = "cost/paths.rs"]
mod paths;
mod transfer;

use std::process::ExitCode;

use floe_tests::counted::Counting;

use self::committed::Row;
use self::paths::PATHS;

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() -> ExitCode {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<_> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["--path", name] => {
            let path = PATHS.iter().find(|path| path.name == name);
            path.expect("--path has the name of one").run();
            ExitCode::SUCCESS
        }
        ["--write"] => {
            committed::write(&rows());
            ExitCode::SUCCESS
        }
        [] => committed::compare(&rows()),
        _ => panic!("only --write, or --path NAME"),
    }
}

fn rows() -> Vec<Row> {
    let row = |path: &paths::Path| {
        eprintln!("{} …", path.name);
        let allocations = path.run();
        let instructions = ["as_dialer", "as_listener"];
        let instructions = instructions.map(|side| callgrind::count(path.name, side));
        let per_unit = |count: u64| count.div_ceil(path.units);
        Row {
            name: format!("{}, per {}", path.name, path.unit),
            counts: [
                per_unit(instructions[0]),
                per_unit(instructions[1]),
                per_unit(allocations[0]),
                per_unit(allocations[1]),
            ],
        }
    };
    PATHS.iter().map(row).collect()
}
