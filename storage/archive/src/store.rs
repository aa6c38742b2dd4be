//! The local file system as an object store whose writes survive a loss of power.
//!
//! `object_store` 0.13 renames without syncing (arrow-rs-object-store #643): a commit that was acknowledged could be
//! found empty after a machine stop. Here a file is synced before it gets its name, and the folder after.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// Reads like [`LocalFileSystem`], writes durably.
#[derive(Debug)]
pub struct DurableLocal {
    inner: LocalFileSystem,
    root: PathBuf,
}

impl DurableLocal {
    /// A store rooted at the file system's root.
    pub fn new() -> Self {
        Self { inner: LocalFileSystem::new(), root: PathBuf::from("/") }
    }

    fn location(&self, path: &Path) -> PathBuf {
        self.root.join(path.as_ref())
    }
}

impl Default for DurableLocal {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DurableLocal({})", self.root.display())
    }
}

/// Creates the folder and its parents, each synced into its own parent.
pub(crate) fn create_folder(folder: &FilePath) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        create_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(folder.parent().unwrap_or(folder)),
    }
}

/// Makes names in a folder durable.
pub(crate) fn sync_folder(folder: &FilePath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes, syncs, then gives the file its name; with `exclusive` only if the name is free.
fn write_named(location: &FilePath, payload: &PutPayload, exclusive: bool) -> io::Result<()> {
    let folder = location.parent().unwrap_or(location);
    create_folder(folder)?;
    let draft = folder.join(format!(".{}.tmp", uuid::Uuid::new_v4()));
    let written = (|| {
        let mut file = File::create_new(&draft)?;
        payload.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()?;
        // A hard link fails when the name is taken, which a rename does not.
        if exclusive { fs::hard_link(&draft, location) } else { fs::rename(&draft, location) }
    })();
    if exclusive || written.is_err() {
        // A leftover draft is harmless: no reader looks at it, and the next start removes it.
        let _ = fs::remove_file(&draft);
    }
    written.and_then(|()| sync_folder(folder))
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        let exclusive = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => return self.inner.put_opts(location, payload, options).await,
        };
        let (path, file) = (location.to_string(), self.location(location));
        let written = tokio::task::spawn_blocking(move || write_named(&file, &payload, exclusive));
        match written.await? {
            Ok(()) => Ok(PutResult { e_tag: None, version: None }),
            Err(source) if source.kind() == io::ErrorKind::AlreadyExists => {
                Err(Error::AlreadyExists { path, source: Box::new(source) })
            }
            Err(source) => Err(Error::Generic { store: "DurableLocal", source: Box::new(source) }),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.inner.put_multipart_opts(location, options).await?;
        Ok(Box::new(DurableUpload { upload, location: self.location(location) }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        let location = self.location(to);
        sync_named(&location).map_err(|source| Error::Generic { store: "DurableLocal", source: Box::new(source) })
    }
}

fn sync_named(location: &FilePath) -> io::Result<()> {
    File::open(location)?.sync_all()?;
    sync_folder(location.parent().unwrap_or(location))
}

#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    location: PathBuf,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> object_store::UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.upload.complete().await?;
        sync_named(&self.location)
            .map_err(|source| Error::Generic { store: "DurableLocal", source: Box::new(source) })?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

/// Shared handle for the Delta log.
pub(crate) fn shared() -> Arc<DurableLocal> {
    Arc::new(DurableLocal::new())
}

#[cfg(test)]
mod tests {
    use object_store::ObjectStoreExt;

    use super::*;

    #[tokio::test]
    async fn a_taken_name_is_refused_and_keeps_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = Path::from_absolute_path(folder.path()).unwrap().join("new").join("0.json");
        let store = DurableLocal::new();
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        store.put_opts(&path, "one".into(), create()).await.unwrap();
        let refused = store.put_opts(&path, "two".into(), create()).await;
        assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{refused:?}");
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap().as_ref(), b"one");
        store.put(&path, "three".into()).await.unwrap();
        assert_eq!(store.get(&path).await.unwrap().bytes().await.unwrap().as_ref(), b"three");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1, "drafts are removed");
    }
}
