//! A file without a name, for an answer that is written first and sent then: what it takes in memory does not grow with it.

use std::fs::File;
use std::io::{Read, Seek, Write};

use actix_web::web;
use aws_lc_rs::digest::{Context, SHA256};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};

use crate::error::{Error, Result};
use crate::text::hexadecimal;

/// How much of it is held in memory at once.
const PIECE: usize = 64 * 1024;

/// A file that is written.
pub struct Spool(File);

/// A file that is sent; it is gone with the last of it.
pub struct Spooled {
    /// Its bytes.
    pub body: BoxStream<'static, Result<web::Bytes>>,
    /// Bytes.
    pub size: i64,
    /// SHA-256 in hexadecimal.
    pub sha256: String,
}

impl Spool {
    /// An empty one.
    ///
    /// # Errors
    /// 500 if there is no room for temporary files.
    pub fn new() -> Result<Self> {
        tempfile::tempfile().map(Self).map_err(Error::internal)
    }

    /// What writes to it.
    ///
    /// # Errors
    /// 500 if the system gives no more handles.
    pub fn out(&self) -> Result<impl Write + Send + use<>> {
        self.0.try_clone().map(std::io::BufWriter::new).map_err(Error::internal)
    }

    /// What was written, to be sent.
    ///
    /// # Errors
    /// 500 if it cannot be read again.
    pub async fn finish(self) -> Result<Spooled> {
        let (file, size, sha256) = web::block(move || measured(self.0)).await.map_err(Error::unavailable)??;
        Ok(Spooled { body: pieces(file).boxed(), size, sha256 })
    }
}

fn piece(file: &mut File) -> Result<Vec<u8>> {
    let mut piece = vec![0; PIECE];
    let read = file.read(&mut piece).map_err(Error::internal)?;
    piece.truncate(read);
    Ok(piece)
}

/// The file from its beginning, with its size and its hash.
fn measured(mut file: File) -> Result<(File, i64, String)> {
    let (mut digest, mut size) = (Context::new(&SHA256), 0_i64);
    file.rewind().map_err(Error::internal)?;
    loop {
        let piece = piece(&mut file)?;
        if piece.is_empty() {
            break;
        }
        size = size.saturating_add(i64::try_from(piece.len()).unwrap_or(i64::MAX));
        digest.update(&piece);
    }
    file.rewind().map_err(Error::internal)?;
    Ok((file, size, hexadecimal(digest.finish().as_ref())))
}

fn pieces(file: File) -> impl Stream<Item = Result<web::Bytes>> {
    futures_util::stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let read = web::block(move || piece(&mut file).map(|piece| (piece, file))).await;
        match read.map_err(Error::unavailable).and_then(|read| read) {
            Ok((piece, _)) if piece.is_empty() => None,
            Ok((piece, file)) => Some((Ok(web::Bytes::from(piece)), Some(file))),
            Err(error) => Some((Err(error), None)),
        }
    })
}
