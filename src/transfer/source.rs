//! Where a file's bytes come from: a path, or the pieces that an upload left in the database.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use sqlx::PgPool;
use tokio::runtime::Handle;

use super::queries;
use crate::kernel::ids::ImportId;

/// A file that can be read from the beginning as often as needed.
#[derive(Clone)]
pub enum Source {
    Path(PathBuf),
    Uploaded(PgPool, ImportId),
}

impl Source {
    /// Opens the file for a thread that may wait.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        Ok(match self {
            Source::Path(path) => Box::new(BufReader::new(File::open(path)?)),
            Source::Uploaded(db, import) => Box::new(Pieces {
                db: db.clone(),
                import: *import,
                runtime: Handle::current(),
                next: 0,
                piece: vec![],
                served: 0,
            }),
        })
    }
}

/// Reads an uploaded file piece by piece.
struct Pieces {
    db: PgPool,
    import: ImportId,
    runtime: Handle,
    next: i32,
    piece: Vec<u8>,
    served: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.served == self.piece.len() {
            let piece = self.runtime.block_on(async {
                queries::piece(&mut *self.db.acquire().await?, self.import, self.next).await
            });
            self.piece = piece.map_err(io::Error::other)?.unwrap_or_default();
            self.served = 0;
            self.next += 1;
        }
        let length = (self.piece.len() - self.served).min(buffer.len());
        buffer[..length].copy_from_slice(&self.piece[self.served..self.served + length]);
        self.served += length;
        Ok(length)
    }
}

/// Counts the bytes that were read.
pub struct Counted<R> {
    pub file: R,
    pub bytes: std::sync::Arc<std::sync::atomic::AtomicI64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.bytes.fetch_add(length as i64, std::sync::atomic::Ordering::Relaxed);
        Ok(length)
    }
}
