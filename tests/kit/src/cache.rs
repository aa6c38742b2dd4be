//! What tests take from elsewhere: fetched or made once, and kept.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, io};

use anyhow::{Context, Result};

/// A mark that is written last, so that a half made folder is not taken for a whole one.
const COMPLETE: &str = "complete";

/// Where everything is kept that is fetched or made once. Set `TAPLINE_KIT_CACHE` to have it elsewhere.
pub(crate) fn cache() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/kit");
    env::var_os("TAPLINE_KIT_CACHE").map_or_else(beside, PathBuf::from)
}

/// The absolute path of the folder `name` in `cache`, which `make` fills unless that was done before.
pub(crate) fn once(cache: &Path, name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    fs::create_dir_all(cache)?;
    // Several test processes may be the first at the same time.
    let lock = File::create(cache.join(format!("{name}.lock")))?;
    lock.lock()?;
    let folder = cache.canonicalize()?.join(name);
    if !folder.join(COMPLETE).exists() {
        empty(&folder)?;
        make(&folder).with_context(|| format!("making {}", folder.display()))?;
        fs::write(folder.join(COMPLETE), "")?;
    }
    Ok(folder)
}

fn empty(folder: &Path) -> io::Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir(folder)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use anyhow::bail;

    use super::*;

    #[test]
    fn many_ask_and_one_makes() -> Result<()> {
        let (cache, made) = (tempfile::tempdir()?, AtomicUsize::new(0));
        let ask = || -> Result<String> {
            let folder = once(cache.path(), "thing", |folder| {
                made.fetch_add(1, Ordering::AcqRel);
                Ok(fs::write(folder.join("part"), "whole")?)
            });
            Ok(fs::read_to_string(folder?.join("part"))?)
        };
        let asked: Result<Vec<String>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(asked?, ["whole"; 8]);
        assert_eq!(made.into_inner(), 1);
        Ok(())
    }

    #[test]
    fn what_was_half_made_is_made_anew() -> Result<()> {
        let cache = tempfile::tempdir()?;
        let failed = once(cache.path(), "thing", |folder| {
            fs::write(folder.join("part"), "half")?;
            bail!("no network")
        });
        assert!(format!("{:#}", failed.unwrap_err()).ends_with("thing: no network"));
        let folder = once(cache.path(), "thing", |folder| Ok(fs::write(folder.join("other"), "whole")?))?;
        assert!(!folder.join("part").exists() && folder.join("other").exists());
        Ok(())
    }
}
