//! The state directory: what survives a restart, written whole and then renamed into place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::state::Saved;

const FILE: &str = "state.json";

/// A directory that can be written to.
#[derive(Clone, Debug)]
pub struct Storage {
    directory: PathBuf,
}

impl Storage {
    /// Makes the directory if need be, and tries to write to it, so that a wrong one is told at the start.
    ///
    /// # Errors
    /// A sentence naming the path.
    pub fn open(directory: &Path) -> Result<Self, String> {
        let refused = |error: io::Error| {
            format!(
                "--storage.path={}: {error}; give a directory that can be written to",
                directory.display()
            )
        };
        fs::create_dir_all(directory).map_err(refused)?;
        let trial = directory.join(".trial");
        fs::write(&trial, b"")
            .and_then(|()| fs::remove_file(&trial))
            .map_err(refused)?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// What an earlier run left; none when there was none. A file that cannot be read is put aside, never overwritten.
    ///
    /// # Errors
    /// A sentence saying what was wrong and where the file is now.
    pub fn load(&self) -> Result<Option<Saved>, String> {
        let path = self.directory.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", path.display())),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| {
            let aside = path.with_extension("json.unreadable");
            let kept = match fs::rename(&path, &aside) {
                Ok(()) => format!("kept as {}", aside.display()),
                Err(error) => format!("and it cannot be renamed: {error}"),
            };
            format!("{}: {error}; starting without it, {kept}", path.display())
        })
    }

    /// Writes the state.
    ///
    /// # Errors
    /// The operating system's; the former file is then still whole.
    pub fn save(&self, saved: &Saved) -> io::Result<()> {
        let path = self.directory.join(FILE);
        let fresh = path.with_extension("json.new");
        fs::write(&fresh, serde_json::to_vec(saved)?)?;
        fs::File::open(&fresh)?.sync_all()?;
        fs::rename(&fresh, &path)
    }
}
