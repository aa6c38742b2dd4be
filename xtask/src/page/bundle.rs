//! The files of ui/dist: each named by a hash of its content, so that a browser may keep it for ever, and index.html,
//! which names them and is never kept. Compressed variants stand beside their originals.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use xxhash_rust::xxh3::xxh3_64;

use super::{bindgen::Generated, files};

mod compress;

pub(crate) use compress::Sizes;

/// Where hashed files stand in ui/dist and in URLs.
const FOLDER: &str = "assets";

/// Files by their path in ui/dist.
#[derive(Default)]
pub(crate) struct Bundle {
    files: BTreeMap<String, Vec<u8>>,
}

impl Bundle {
    /// Takes index.html, styles/ and assets/ from the `ui` folder and the program from what wasm-bindgen made.
    ///
    /// index.html names files by placeholders: `{{css}}`, `{{js}}`, `{{wasm}}`, and `{{name.ext}}` for each file of
    /// assets/.
    pub(crate) fn assemble(ui: &Path, generated: &Generated) -> Result<Self> {
        let mut bundle = Self::default();
        let mut names = BTreeMap::new();
        names.insert("css".to_owned(), bundle.add("tapline", "css", stylesheet(&ui.join("styles"))?));
        let wasm = bundle.add("tapline", "wasm", read(&generated.wasm)?);
        let script = bundle.script(generated, &wasm)?;
        names.insert("js".to_owned(), bundle.add("tapline", "js", script.into_bytes()));
        names.insert("wasm".to_owned(), wasm);
        bundle.assets(&ui.join("assets"), &mut names)?;
        let template = read_text(&ui.join("index.html"))?;
        bundle.files.insert("index.html".to_owned(), fill(&template, &names)?.into_bytes());
        Ok(bundle)
    }

    /// Adds a file under a name that holds its hash and returns its URL.
    fn add(&mut self, stem: &str, extension: &str, content: Vec<u8>) -> String {
        let path = format!("{FOLDER}/{stem}-{:016x}.{extension}", xxh3_64(&content));
        let url = format!("/{path}");
        self.files.insert(path, content);
        url
    }

    /// wasm-bindgen's module, made to start itself: the page allows no inline script that could do it.
    fn script(&mut self, generated: &Generated, wasm: &str) -> Result<String> {
        let mut script = read_text(&generated.script)?;
        if generated.snippets.is_dir() {
            let folder = self.snippets(&generated.snippets)?;
            script = script.replace("'./snippets/", &format!("'./{folder}/"));
        }
        script.push_str(&format!("\n__wbg_init({{ module_or_path: new URL({wasm:?}, import.meta.url) }});\n"));
        Ok(script)
    }

    /// Snippets import each other by relative path, so the folder carries the hash and the files keep their names.
    fn snippets(&mut self, folder: &Path) -> Result<String> {
        let paths = walk(folder)?;
        let mut contents = Vec::new();
        let mut all = Vec::new();
        for path in &paths {
            let content = read(path)?;
            all.extend_from_slice(path.strip_prefix(folder)?.to_string_lossy().as_bytes());
            all.extend_from_slice(&content);
            contents.push(content);
        }
        let hashed = format!("snippets-{:016x}", xxh3_64(&all));
        for (path, content) in paths.iter().zip(contents) {
            let name = path.strip_prefix(folder)?.to_string_lossy().into_owned();
            self.files.insert(format!("{FOLDER}/{hashed}/{name}"), content);
        }
        Ok(hashed)
    }

    fn assets(&mut self, folder: &Path, names: &mut BTreeMap<String, String>) -> Result<()> {
        if !folder.is_dir() {
            return Ok(());
        }
        for path in files(folder)? {
            let (Some(stem), Some(extension)) = (path.file_stem(), path.extension()) else {
                bail!("{} needs a name with an extension, by which the server knows its type", path.display());
            };
            let (stem, extension) = (stem.to_string_lossy(), extension.to_string_lossy());
            let url = self.add(&stem, &extension, read(&path)?);
            names.insert(format!("{stem}.{extension}"), url);
        }
        Ok(())
    }

    /// Replaces the content of `dist`.
    pub(crate) fn write(&self, dist: &Path) -> Result<()> {
        if dist.exists() {
            fs::remove_dir_all(dist).with_context(|| format!("cannot empty {}", dist.display()))?;
        }
        for (path, content) in &self.files {
            write(&dist.join(path), content)?;
        }
        Ok(())
    }

    /// Replaces the content of `dist`, with `.br` and `.gz` beside each file that gains by it.
    pub(crate) fn write_compressed(&self, dist: &Path) -> Result<Sizes> {
        self.write(dist)?;
        let mut sizes = Sizes::default();
        for (path, content) in &self.files {
            let variants = compress::variants(content)?;
            if variants.gain(content) {
                write(&dist.join(format!("{path}.br")), &variants.brotli)?;
                write(&dist.join(format!("{path}.gz")), &variants.gzip)?;
            }
            sizes.add(path, content, &variants);
        }
        Ok(sizes)
    }
}

/// All stylesheets as one, the tokens that the others use first.
fn stylesheet(folder: &Path) -> Result<Vec<u8>> {
    let mut sheets: Vec<PathBuf> = files(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "css"))
        .collect();
    sheets.sort_by_key(|path| path.file_name().is_none_or(|name| name != "tokens.css"));
    let mut whole = String::new();
    for sheet in sheets {
        let text = String::from_utf8(read(&sheet)?).with_context(|| format!("{} is not text", sheet.display()))?;
        whole.push_str(&compact(&text));
    }
    Ok(whole.into_bytes())
}

/// Without comments, indents and empty lines: the page has a budget.
fn compact(sheet: &str) -> String {
    let mut parts = sheet.split("/*");
    let mut bare = parts.next().unwrap_or_default().to_owned();
    parts.for_each(|part| bare.push_str(part.split_once("*/").map_or("", |(_, after)| after)));
    bare.lines().map(str::trim).filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect()
}

/// Replaces each `{{name}}`; a name that nothing stands for is an error, not an empty string.
fn fill(template: &str, names: &BTreeMap<String, String>) -> Result<String> {
    let mut filled = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else { bail!("a {{{{ in ui/index.html is not closed") };
        let Some(url) = names.get(name.trim()) else {
            let known = names.keys().cloned().collect::<Vec<_>>().join(", ");
            bail!("ui/index.html names {{{{{name}}}}}, known are: {known}");
        };
        filled.push_str(before);
        filled.push_str(url);
        rest = tail;
    }
    filled.push_str(rest);
    Ok(filled)
}

pub(super) fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = files(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(walk(&path)?);
        }
    }
    found.sort();
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            write(&folder.path().join(path), content.as_bytes()).unwrap();
        }
        folder
    }

    fn generated(folder: &Path) -> Generated {
        Generated {
            wasm: folder.join("out/tapline_bg.wasm"),
            script: folder.join("out/tapline.js"),
            snippets: folder.join("out/snippets"),
        }
    }

    #[test]
    fn a_sheet_loses_what_only_people_read() {
        assert_eq!(compact("/* why */\n.a {\n    b: c; /* d */\n}\n\n/* open"), ".a {\nb: c;\n}\n");
    }

    #[test]
    fn tokens_come_before_every_other_stylesheet() {
        let folder = folder_with(&[("badge.css", ".b{}"), ("tokens.css", ":root{}"), ("notes.txt", "no")]);
        assert_eq!(String::from_utf8(stylesheet(folder.path()).unwrap()).unwrap(), ":root{}\n.b{}\n");
    }

    #[test]
    fn an_unknown_placeholder_is_refused_with_the_known_ones() {
        let names = BTreeMap::from([("css".to_owned(), "/assets/a.css".to_owned())]);
        assert_eq!(fill("<link href=\"{{css}}\">", &names).unwrap(), "<link href=\"/assets/a.css\">");
        let error = fill("{{cess}}", &names).unwrap_err().to_string();
        assert_eq!(error, "ui/index.html names {{cess}}, known are: css");
        assert!(fill("{{css", &names).is_err());
    }

    #[test]
    fn index_names_every_file_by_its_hash_and_snippets_are_found() {
        let folder = folder_with(&[
            ("ui/index.html", "{{css}} {{js}} {{wasm}} {{icon.svg}}"),
            ("ui/styles/tokens.css", "a"),
            ("ui/assets/icon.svg", "<svg/>"),
            ("out/tapline.js", "import { a } from './snippets/crate-1/inline0.js';"),
            ("out/tapline_bg.wasm", "wasm"),
            ("out/snippets/crate-1/inline0.js", "export const a = 1;"),
        ]);
        let bundle = Bundle::assemble(&folder.path().join("ui"), &generated(folder.path())).unwrap();
        let index = String::from_utf8(bundle.files["index.html"].clone()).unwrap();
        for url in index.split(' ') {
            assert!(bundle.files.contains_key(url.trim_start_matches('/')), "{url} stands for no file");
        }
        let script = bundle.files.iter().find(|(path, _)| path.starts_with("assets/tapline-") && path.ends_with(".js"));
        let script = String::from_utf8(script.unwrap().1.clone()).unwrap();
        let imported = script.split('\'').nth(1).unwrap().replacen("./", "assets/", 1);
        assert!(bundle.files.contains_key(&imported), "{imported} is not in the bundle");
        assert!(script.ends_with("import.meta.url) });\n"));
    }

    #[test]
    fn what_stood_in_dist_before_is_gone() {
        let folder = folder_with(&[("dist/assets/old.js", "old")]);
        let dist = folder.path().join("dist");
        let mut bundle = Bundle::default();
        bundle.add("tapline", "js", "x".repeat(4000).into_bytes());
        bundle.write_compressed(&dist).unwrap();
        let names: Vec<String> =
            walk(&dist).unwrap().iter().map(|path| path.extension().unwrap().to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["js", "br", "gz"]);
    }
}
