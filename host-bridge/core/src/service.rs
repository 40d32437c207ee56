//! Names and places: the only code that reads the environment variables of the service.
//!
//! The broker and each of its clients ask here, so that no second, hard-coded name can exist.

use std::env;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{flock, FlockOperation};

use crate::error::{BridgeError, Code, Result};

const DEFAULT_SERVICE: &str = "com.tatolab.streamlib.broker";
const DEFAULT_PORT: u16 = 50051;

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Name of the relay service.
pub fn service_name() -> String {
    variable("STREAMLIB_BROKER_XPC_SERVICE").unwrap_or_else(|| DEFAULT_SERVICE.to_owned())
}

/// gRPC address of the broker, `host:port`.
pub fn broker_address() -> String {
    if let Some(address) = variable("STREAMLIB_BROKER_ENDPOINT") {
        return address;
    }
    let port = variable("STREAMLIB_BROKER_PORT").and_then(|p| p.parse().ok()).unwrap_or(DEFAULT_PORT);
    format!("127.0.0.1:{port}")
}

/// Where state is kept: `STREAMLIB_HOME`, else the platform's convention.
pub fn state_dir() -> Result<PathBuf> {
    if let Some(home) = variable("STREAMLIB_HOME") {
        return Ok(PathBuf::from(home));
    }
    let home = || {
        variable("HOME").map(PathBuf::from).ok_or_else(|| {
            BridgeError::new(Code::Io, "neither STREAMLIB_HOME nor HOME is set; set STREAMLIB_HOME to a directory")
        })
    };
    if cfg!(target_os = "macos") {
        return Ok(home()?.join("Library/Application Support/streamlib"));
    }
    match variable("XDG_STATE_HOME") {
        Some(dir) => Ok(PathBuf::from(dir).join("streamlib")),
        None => Ok(home()?.join(".local/state/streamlib")),
    }
}

/// Directory of sockets: `$XDG_RUNTIME_DIR/streamlib`, else a private one below the temporary directory. 0700, ours.
pub fn runtime_dir() -> Result<PathBuf> {
    let dir = match variable("XDG_RUNTIME_DIR") {
        Some(base) => PathBuf::from(base).join("streamlib"),
        None => env::temp_dir().join(format!("streamlib-{}", rustix::process::getuid().as_raw())),
    };
    private_dir(&dir)?;
    Ok(dir)
}

/// Where the relay listens: the path of its socket. On macOS nothing is there; the file's name is the name of the Mach service.
pub fn relay_path() -> Result<PathBuf> {
    let name = service_name();
    if name.is_empty() || name.starts_with('.') || name.contains('/') || name.len() > 80 {
        return Err(BridgeError::new(
            Code::Io,
            format!("STREAMLIB_BROKER_XPC_SERVICE is {name:?}; it must be a plain name of at most 80 characters"),
        ));
    }
    Ok(runtime_dir()?.join(format!("{name}.sock")))
}

/// Makes a directory that only we may enter, or checks that an existing one is such.
pub fn private_dir(dir: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(dir).map_err(|e| BridgeError::io(&format!("cannot make {}", dir.display()), e))?;
    // symlink_metadata: a link that somebody put there in a shared temporary directory must not lead us elsewhere.
    let meta =
        fs::symlink_metadata(dir).map_err(|e| BridgeError::io(&format!("cannot look at {}", dir.display()), e))?;
    if !meta.is_dir() || meta.uid() != rustix::process::getuid().as_raw() || meta.mode() & 0o077 != 0 {
        return Err(BridgeError::new(
            Code::Permission,
            format!(
                "{} is not a private directory of this user (need: a directory, owner {}, mode 0700); remove it or set XDG_RUNTIME_DIR",
                dir.display(),
                rustix::process::getuid().as_raw()
            ),
        ));
    }
    Ok(())
}

/// The machine-wide monotonic clock, in nanoseconds.
pub fn monotonic_ns() -> u64 {
    let t = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Held by the one instance of a service. The kernel lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct InstanceLock {
    file: fs::File,
}

impl InstanceLock {
    pub fn acquire(path: &Path) -> Result<Self> {
        let open = || fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = open().map_err(|e| BridgeError::io(&format!("cannot open {}", path.display()), e))?;
        if let Err(e) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if e != rustix::io::Errno::WOULDBLOCK {
                return Err(BridgeError::io(&format!("cannot lock {}", path.display()), e));
            }
            let mut text = String::new();
            let holder = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
            let who = holder.map_or("another process".to_owned(), |pid: u32| format!("process {pid}"));
            let mut error = BridgeError::new(Code::Locked, format!("{} is held by {who}", path.display()));
            error.holder_pid = holder;
            return Err(error);
        }
        let write = |file: &mut fs::File| -> std::io::Result<()> {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            writeln!(file, "{}", std::process::id())
        };
        write(&mut file).map_err(|e| BridgeError::io(&format!("cannot write {}", path.display()), e))?;
        Ok(Self { file })
    }
}

impl Drop for InstanceLock {
    fn drop(&mut self) {
        // The file stays: unlinking it would let a third process lock a new file beside a waiting second one.
        let _ = self.file.set_len(0);
    }
}
