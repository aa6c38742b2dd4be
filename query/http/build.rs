//! Has the page embedded anew when it was built anew: what the macro does not find it does not watch.

use std::path::Path;

fn main() {
    let dist = Path::new("../../ui/dist");
    // A path that is not there would make every build run this again.
    let watched = if dist.is_dir() { dist } else { Path::new("../../ui") };
    println!("cargo:rerun-if-changed={}", watched.display());
}
