//! Sockets: where listeners are, and whole frames over a stream.

use std::collections::VecDeque;
use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

fn owned(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: a descriptor that a system call has just returned.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn done(result: i32) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn stream() -> io::Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: plain numbers.
    owned(unsafe { libc::socket(libc::AF_UNIX, kind, 0) })
}

fn address(path: &Path) -> io::Result<libc::sockaddr_un> {
    // SAFETY: zeroes are a valid address.
    let mut address: libc::sockaddr_un = unsafe { zeroed() };
    address.sun_family = libc::AF_UNIX as u16;
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.len() >= address.sun_path.len() {
        return Err(io::Error::other("the path is too long for a socket"));
    }
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = *from as libc::c_char;
    }
    Ok(address)
}

const ADDRESS: u32 = size_of::<libc::sockaddr_un>() as u32;

pub fn connect(path: &Path) -> io::Result<OwnedFd> {
    let socket = stream()?;
    let address = address(path)?;
    // SAFETY: an address of the length that is given.
    done(unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), ADDRESS) })?;
    Ok(socket)
}

pub fn connect_file(endpoint: &OwnedFd) -> io::Result<OwnedFd> {
    connect(&PathBuf::from(format!("/proc/self/fd/{}", endpoint.as_raw_fd())))
}

fn listen(path: &Path) -> io::Result<OwnedFd> {
    let socket = stream()?;
    let address = address(path)?;
    // SAFETY: an address of the length that is given.
    done(unsafe { libc::bind(socket.as_raw_fd(), (&raw const address).cast(), ADDRESS) })?;
    // SAFETY: plain numbers.
    done(unsafe { libc::listen(socket.as_raw_fd(), 512) })?;
    Ok(socket)
}

/// Where names are looked up: launchd knows them by user session, and so a test with a session of its own has its own.
fn directory() -> io::Result<PathBuf> {
    let directory = match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(session) => PathBuf::from(session).join("xpc-shim"),
        // SAFETY: always succeeds.
        None => std::env::temp_dir().join(format!("xpc-shim-{}", unsafe { libc::getuid() })),
    };
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

pub fn service(name: &str) -> io::Result<PathBuf> {
    Ok(directory()?.join(format!("{name}.mach")))
}

/// A listener under a name that nobody else has.
pub fn listen_named(path: &Path) -> io::Result<OwnedFd> {
    if connect(path).is_ok() {
        return Err(io::Error::other("somebody has this name"));
    }
    let _ = std::fs::remove_file(path);
    listen(path)
}

/// A listener without a name, and the file by which it is reached.
pub fn listen_anonymous() -> io::Result<(OwnedFd, OwnedFd)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = directory()?.join(format!("anonymous-{}-{number}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = listen(&path)?;
    let name = CString::new(path.as_os_str().as_encoded_bytes()).map_err(io::Error::other)?;
    // SAFETY: a path that ends with NUL.
    let file = owned(unsafe { libc::open(name.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) });
    std::fs::remove_file(&path)?;
    Ok((socket, file?))
}

pub fn accept(socket: &OwnedFd) -> io::Result<OwnedFd> {
    let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: no address is asked for.
    owned(unsafe { libc::accept4(socket.as_raw_fd(), ptr::null_mut(), ptr::null_mut(), flags) })
}

/// Process and user at the other end.
pub fn peer(socket: &OwnedFd) -> (i32, u32) {
    let mut cred = libc::ucred { pid: 0, uid: u32::MAX, gid: 0 };
    let mut length = size_of::<libc::ucred>() as u32;
    // SAFETY: room of the length that is given.
    unsafe {
        let out = (&raw mut cred).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, out, &mut length);
    }
    (cred.pid, cred.uid)
}

/// A counter that can be polled.
pub struct Wake(OwnedFd);

impl Wake {
    pub fn new() -> io::Result<Self> {
        // SAFETY: plain numbers.
        owned(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }).map(Self)
    }

    pub fn ring(&self) {
        let one = 1u64;
        // SAFETY: eight bytes.
        unsafe { libc::write(self.0.as_raw_fd(), (&raw const one).cast(), 8) };
    }

    /// Waits until it was rung, or `socket` can be read (or written, if that is wanted).
    pub fn wait(&self, socket: Option<&OwnedFd>, write: bool) {
        let events = if write { libc::POLLIN | libc::POLLOUT } else { libc::POLLIN };
        let mut fds = [
            libc::pollfd { fd: self.0.as_raw_fd(), events: libc::POLLIN, revents: 0 },
            libc::pollfd { fd: socket.map_or(-1, AsRawFd::as_raw_fd), events, revents: 0 },
        ];
        let mut count = 0u64;
        // SAFETY: two entries; eight bytes.
        unsafe {
            libc::poll(fds.as_mut_ptr(), 2, -1);
            libc::read(self.0.as_raw_fd(), (&raw mut count).cast(), 8);
        }
    }
}

/// Length of the rest, number of descriptors, kind, number of a reply.
pub const HEADER: usize = 4 + 2 + 1 + 8;
const MOST_FILES: usize = 64;

pub struct Frame {
    bytes: Vec<u8>,
    sent: usize,
    files: Vec<OwnedFd>,
}

impl Frame {
    pub fn new(kind: u8, number: u64, body: &[u8], files: Vec<OwnedFd>) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(&(body.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(files.len() as u16).to_le_bytes());
        bytes.push(kind);
        bytes.extend_from_slice(&number.to_le_bytes());
        bytes.extend_from_slice(body);
        Self { bytes, sent: 0, files }
    }

    /// Sends what fits. True when all of it is gone.
    pub fn send(&mut self, socket: &OwnedFd) -> io::Result<bool> {
        while self.sent < self.bytes.len() {
            let rest = &self.bytes[self.sent..];
            // SAFETY: the buffers outlive the call, and the ancillary data is as long as it says.
            let sent = unsafe {
                let mut part = libc::iovec { iov_base: rest.as_ptr().cast_mut().cast(), iov_len: rest.len() };
                let mut message: libc::msghdr = zeroed();
                message.msg_iov = &mut part;
                message.msg_iovlen = 1;
                let mut space = [0u64; 8 + MOST_FILES];
                if self.sent == 0 && !self.files.is_empty() {
                    let length = (self.files.len().min(MOST_FILES) * size_of::<RawFd>()) as u32;
                    message.msg_control = space.as_mut_ptr().cast();
                    message.msg_controllen = libc::CMSG_SPACE(length) as _;
                    let head = libc::CMSG_FIRSTHDR(&message);
                    (*head).cmsg_level = libc::SOL_SOCKET;
                    (*head).cmsg_type = libc::SCM_RIGHTS;
                    (*head).cmsg_len = libc::CMSG_LEN(length) as _;
                    for (i, file) in self.files.iter().take(MOST_FILES).enumerate() {
                        ptr::write_unaligned(libc::CMSG_DATA(head).cast::<RawFd>().add(i), file.as_raw_fd());
                    }
                }
                libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_NOSIGNAL)
            };
            if sent < 0 {
                let error = io::Error::last_os_error();
                return match error.kind() {
                    io::ErrorKind::WouldBlock => Ok(false),
                    io::ErrorKind::Interrupted => continue,
                    _ => Err(error),
                };
            }
            self.sent += sent as usize;
            self.files.clear();
        }
        Ok(true)
    }
}

#[derive(Default)]
pub struct Incoming {
    bytes: Vec<u8>,
    files: VecDeque<OwnedFd>,
}

pub struct Whole {
    pub kind: u8,
    pub number: u64,
    pub body: Vec<u8>,
    pub files: Vec<OwnedFd>,
}

impl Incoming {
    /// Reads what is there. False: the end.
    pub fn fill(&mut self, socket: &OwnedFd) -> bool {
        let mut block = vec![0u8; 256 * 1024];
        loop {
            // SAFETY: the buffers outlive the call and are as long as they say; descriptors are owned at once.
            let got = unsafe {
                let mut part = libc::iovec { iov_base: block.as_mut_ptr().cast(), iov_len: block.len() };
                let mut space = [0u64; 8 + MOST_FILES];
                let mut message: libc::msghdr = zeroed();
                message.msg_iov = &mut part;
                message.msg_iovlen = 1;
                message.msg_control = space.as_mut_ptr().cast();
                message.msg_controllen = size_of_val(&space) as _;
                let got = libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_CMSG_CLOEXEC);
                if got >= 0 {
                    let mut head = libc::CMSG_FIRSTHDR(&message);
                    while !head.is_null() {
                        let count = ((*head).cmsg_len as usize - libc::CMSG_LEN(0) as usize) / size_of::<RawFd>();
                        for i in 0..count {
                            let fd = ptr::read_unaligned(libc::CMSG_DATA(head).cast::<RawFd>().add(i));
                            self.files.push_back(OwnedFd::from_raw_fd(fd));
                        }
                        head = libc::CMSG_NXTHDR(&message, head);
                    }
                }
                got
            };
            match got {
                0 => return false,
                n if n > 0 => self.bytes.extend_from_slice(&block[..n as usize]),
                _ => match io::Error::last_os_error().kind() {
                    io::ErrorKind::WouldBlock => return true,
                    // A reset is told once, ahead of what came before it.
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionReset => {}
                    _ => return false,
                },
            }
        }
    }

    pub fn next(&mut self) -> Option<Whole> {
        let header = self.bytes.get(..HEADER)?;
        let length = u32::from_le_bytes(header[0..4].try_into().ok()?) as usize;
        let files = usize::from(u16::from_le_bytes(header[4..6].try_into().ok()?));
        let (kind, number) = (header[6], u64::from_le_bytes(header[7..15].try_into().ok()?));
        let body = self.bytes.get(HEADER..HEADER + length)?.to_vec();
        self.bytes.drain(..HEADER + length);
        let files = self.files.drain(..files.min(self.files.len())).collect();
        Some(Whole { kind, number, body, files })
    }
}
