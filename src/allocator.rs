//! How long freed memory is kept.
//!
//! Rows are freed a file at a time and their memory is needed again within seconds. mimalloc gives all that is free
//! back to the system each second, and getting it anew costs a tenth of the processor's time under load.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// mimalloc's option: milliseconds until freed memory is given back. It reads options from the environment alone, and
/// before `main`.
const OPTION: &str = "MIMALLOC_PURGE_DELAY";
const MILLISECONDS: &str = "60000";

/// Replaces this process by itself with the option set, unless somebody set it. Where that is impossible it goes on as
/// it is. Nothing was opened or started yet, and the process keeps its number.
pub(crate) fn keep_freed_memory() {
    if std::env::var_os(OPTION).is_some() {
        return;
    }
    let Ok(program) = std::env::current_exe() else { return };
    let mut arguments = std::env::args_os();
    let mut command = Command::new(program);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    // Returns only if it failed.
    let _ = command.args(arguments).env(OPTION, MILLISECONDS).exec();
}
