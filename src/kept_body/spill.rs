//! Where kept bodies go that are too large for memory: files without a name, which are gone when the process is, and
//! which together take no more than they may.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustix::fs::OFlags;
use rustix::io::Errno;

/// Nobody else may read what clients send.
const MODE: u32 = 0o600;

/// A folder for files, and how large they may be together.
#[derive(Debug)]
pub struct Spill {
    folder: PathBuf,
    /// Bytes.
    max: u64,
    /// Of all gateways of the process.
    used: Arc<AtomicU64>,
}

/// Bytes of the disk that are taken, given back when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    used: Arc<AtomicU64>,
    octets: u64,
}

/// The file of one body.
#[derive(Debug)]
pub(super) struct SpillFile {
    file: File,
    length: AtomicU64,
    claims: Mutex<Vec<Claim>>,
}

impl Spill {
    /// With a count that outlives it: what an earlier one holds counts on.
    pub fn new(folder: &Path, max: u64, used: Arc<AtomicU64>) -> Self {
        let folder = folder.to_owned();
        Self { folder, max, used }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The most bytes of all files together.
    pub fn max(&self) -> u64 {
        self.max
    }

    /// A new file, which has no name, or has it no longer.
    pub fn open(&self) -> io::Result<File> {
        let flags = OFlags::TMPFILE.bits().cast_signed();
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(MODE);
        match options.clone().custom_flags(flags).open(&self.folder) {
            Err(error) if has_no_such_files(&error) => self.open_and_unlink(&mut options),
            opened => opened,
        }
    }

    fn open_and_unlink(&self, options: &mut OpenOptions) -> io::Result<File> {
        let name = format!(".portcullis-{:032x}", fastrand::u128(..));
        let path = self.folder.join(name);
        let file = options.create_new(true).open(&path)?;
        std::fs::remove_file(&path)?;
        Ok(file)
    }

    /// Takes so many bytes, if there are as many left.
    pub(super) fn claim(&self, octets: u64) -> Option<Claim> {
        let more = |used: u64| used.checked_add(octets).filter(|used| *used <= self.max);
        self.used.fetch_update(Relaxed, Relaxed, more).ok()?;
        Some(Claim {
            used: Arc::clone(&self.used),
            octets,
        })
    }
}

/// Some file systems know only files with names (open(2), `O_TMPFILE`); old kernels take the folder for a file.
fn has_no_such_files(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL)
    )
}

impl SpillFile {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            length: AtomicU64::new(0),
            claims: Mutex::default(),
        }
    }

    /// Bytes written.
    pub(super) fn length(&self) -> u64 {
        self.length.load(Relaxed)
    }

    /// Writes after what is there; blocks.
    pub(super) fn append(&self, octets: &[u8], claim: Claim) -> io::Result<()> {
        // Held even if it fails half-way: the file is as long by then.
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        claims.push(claim);
        drop(claims);
        let length = self.length();
        self.file.write_all_at(octets, length)?;
        self.length.store(length + octets.len() as u64, Relaxed);
        Ok(())
    }

    /// Reads from a place on; blocks.
    pub(super) fn read(&self, at: u64, octets: usize) -> io::Result<Bytes> {
        let mut piece = vec![0; octets];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(piece.into())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.used.fetch_sub(self.octets, Relaxed);
    }
}
