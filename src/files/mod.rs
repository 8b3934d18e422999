//! Files: streamed into an object store under random keys, their type decided by what is in them. A local folder by default, S3 with
//! the feature `s3`.

mod sniff;
pub mod spool;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;

use actix_multipart::{Multipart, MultipartError};
use actix_web::error::PayloadError;
use actix_web::http::header::HeaderMap;
use actix_web::web;
use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart};

use crate::error::{Code, Error, Fault, FaultCode, Result};
use crate::ids::{AnyId, Id};
use crate::text;

pub use sniff::TYPES;

/// What keys begin with: a folder, where files are kept in one.
const EVIDENCE: &str = "evidence";

/// Where files are kept, and how large they may be. Cheap to clone.
#[derive(Clone)]
pub struct Files {
    store: Arc<dyn ObjectStore>,
    /// Where they are, if in a folder of this machine.
    folder: Option<PathBuf>,
    limit: usize,
    quota: i64,
}

/// A file that arrived whole and is durable; nothing points at it yet.
#[derive(Debug)]
pub struct Received {
    /// The name that the client gave, ending as its type does: data, never a path.
    pub name: String,
    /// What it is, by its content.
    pub media_type: &'static str,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of it.
    pub sha256: Vec<u8>,
    /// The key that it is stored under.
    pub key: String,
}

fn lost(error: object_store::Error) -> Error {
    match error {
        object_store::Error::NotFound { .. } => Error::not_found(),
        other => Error::unavailable(other),
    }
}

impl Files {
    /// Opens `file:PATH`, or `s3://BUCKET` with the feature `s3` and the usual AWS_… environment.
    ///
    /// # Errors
    /// One line that says why not.
    pub fn open(url: &str, limit: usize, quota: i64) -> Result<Self, String> {
        let (store, folder) = store(url)?;
        Ok(Self { store, folder, limit, quota })
    }

    /// Bytes that the files of one unit may take.
    #[must_use]
    pub fn quota(&self) -> i64 {
        self.quota
    }

    /// Streams the one part `file` of a form into the store: never more of it in memory than a part, but for office files, whose
    /// directory stands at their end.
    ///
    /// # Errors
    /// 408 where the payload times out, 413 over the limit, 415 for a type that is not taken, 422 for a form that is not as asked, 503 if the store is away.
    pub async fn receive(
        &self,
        headers: &HeaderMap,
        payload: impl Stream<Item = Result<web::Bytes, PayloadError>> + 'static,
    ) -> Result<Received> {
        let broken = |error: MultipartError| match error {
            MultipartError::Payload(PayloadError::Io(error)) if error.kind() == ErrorKind::TimedOut => Error::new(Code::RequestTimeout),
            _ => Error::new(Code::MalformedRequest),
        };
        let fault = |code| Error::invalid(vec![Fault::at("/file", code)]);
        let mut form = Multipart::new(headers, payload);
        let mut field = form.try_next().await.map_err(broken)?.ok_or_else(|| fault(FaultCode::Required))?;
        if field.name() != Some("file") {
            return Err(fault(FaultCode::Required));
        }
        let name = field.content_disposition().and_then(|disposition| disposition.get_filename()).unwrap_or("file").to_owned();
        let name = text::file_name(&name);
        let id: AnyId = Id::new();
        let key = format!("{EVIDENCE}/{id}");
        let upload = self.store.put_multipart(&Path::from(key.as_str())).await.map_err(lost)?;
        let mut writer = WriteMultipart::new(upload);
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut seen = sniff::Seen::new();
        let mut size = 0_usize;
        let outcome: Result<&'static str> = async {
            while let Some(chunk) = field.try_next().await.map_err(broken)? {
                size += chunk.len();
                if size > self.limit {
                    return Err(Error::new(Code::TooLarge));
                }
                hash.update(&chunk);
                seen.look(&chunk);
                writer.wait_for_capacity(4).await.map_err(lost)?;
                writer.write(&chunk);
            }
            if size == 0 {
                return Err(fault(FaultCode::TooShort));
            }
            seen.media_type(&name)
                .ok_or_else(|| Error::invalid(vec![Fault::at("/file", FaultCode::BadFormat).with("PDF, PNG, JPEG, DOCX, XLSX, CSV")]))
        }
        .await;
        drop(field);
        let media_type = match outcome {
            Ok(media_type) if form.try_next().await.map_err(broken)?.is_none() => media_type,
            Ok(_) => {
                let _ = writer.abort().await;
                return Err(fault(FaultCode::UnknownField));
            }
            Err(error) => {
                let _ = writer.abort().await;
                return Err(error);
            }
        };
        writer.finish().await.map_err(lost)?;
        self.keep_private(&key).map_err(Error::unavailable)?;
        let name = text::ending_in(&name, sniff::endings(media_type));
        Ok(Received { name, media_type, size: i64::try_from(size).unwrap_or(i64::MAX), sha256: hash.finish().as_ref().to_vec(), key })
    }

    /// A file is its owner's alone, also where a copy with its mode is put elsewhere.
    fn keep_private(&self, key: &str) -> std::io::Result<()> {
        #[cfg(unix)]
        if let Some(folder) = &self.folder {
            std::fs::set_permissions(folder.join(key), std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
        Ok(())
    }

    /// The bytes under a key.
    ///
    /// # Errors
    /// 404 if there are none, 503 if the store is away.
    pub async fn read(&self, key: &str) -> Result<BoxStream<'static, Result<web::Bytes>>> {
        let found = self.store.get(&Path::from(key)).await.map_err(lost)?;
        Ok(found.into_stream().map_err(lost).boxed())
    }

    /// Takes a file away. One that is gone already is no fault.
    pub async fn remove(&self, key: &str) {
        if let Err(error) = self.store.delete(&Path::from(key)).await {
            tracing::warn!(error = %error, "a file could not be removed and will be swept");
        }
    }

    /// The keys of files that were stored before a moment: those of them that no row names are orphans.
    ///
    /// # Errors
    /// 503 if the store is away.
    pub async fn older_than(&self, moment: DateTime<Utc>) -> Result<Vec<String>> {
        let all: Vec<object_store::ObjectMeta> = self.store.list(Some(&Path::from(EVIDENCE))).try_collect().await.map_err(lost)?;
        Ok(all.into_iter().filter(|meta| meta.last_modified < moment).map(|meta| meta.location.to_string()).collect())
    }
}

/// The folder, and in it the one of our files, which nobody else may look into: one that was there before as well.
fn private_folder(folder: &str) -> std::io::Result<()> {
    let ours = PathBuf::from(folder).join(EVIDENCE);
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&ours)?;
    #[cfg(unix)]
    std::fs::set_permissions(&ours, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

/// What a URL names, and the folder where it is one.
fn store(url: &str) -> Result<(Arc<dyn ObjectStore>, Option<PathBuf>), String> {
    if let Some(folder) = url.strip_prefix("file:") {
        let folder = folder.strip_prefix("//").unwrap_or(folder);
        private_folder(folder).map_err(|error| format!("cannot make {folder} and keep it to ourselves: {error}"))?;
        let store = object_store::local::LocalFileSystem::new_with_prefix(folder).map_err(|error| error.to_string())?;
        // An acknowledged upload survives a power cut, as its row does.
        return Ok((Arc::new(store.with_fsync(true)), Some(PathBuf::from(folder))));
    }
    #[cfg(feature = "s3")]
    if let Some(bucket) = url.strip_prefix("s3://") {
        let store = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket).build().map_err(|error| error.to_string())?;
        return Ok((Arc::new(store), None));
    }
    Err("the files URL must be file:PATH, or s3://BUCKET where the feature s3 is built in".to_owned())
}
