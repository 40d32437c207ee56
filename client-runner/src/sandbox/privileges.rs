//! Limits, rights and descriptors of this process, and becoming another program.

use std::ffi::CString;
use std::io::{Error, Result};

const SECBIT_NOROOT: libc::c_ulong = 1;
const SECBIT_NOROOT_LOCKED: libc::c_ulong = 1 << 1;
const SECBIT_NO_SETUID_FIXUP_LOCKED: libc::c_ulong = 1 << 3;
const SECBIT_NO_CAP_AMBIENT_RAISE: libc::c_ulong = 1 << 6;
const LAST_CAPABILITY: libc::c_ulong = 63;

fn checked(result: i32) -> Result<()> {
    if result < 0 {
        Err(Error::last_os_error())
    } else {
        Ok(())
    }
}

/// Everything but 0, 1, 2 and `keep` is closed when this process becomes another program.
pub fn keep_descriptors(keep: &[i32]) -> Result<()> {
    // SAFETY: changes flags of descriptors only.
    unsafe {
        let result = libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
        checked(result as i32)?;
        for fd in keep {
            checked(libc::fcntl(*fd, libc::F_SETFD, 0))?;
        }
    }
    Ok(())
}

pub fn limit(limits: &[(u32, u64)]) -> Result<()> {
    for (resource, most) in limits {
        let mut now = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: both pointers are to structures that live here.
        unsafe {
            checked(libc::getrlimit(*resource as _, &raw mut now))?;
            // What is tighter already stays so.
            let most = (*most).min(now.rlim_max);
            checked(libc::setrlimit(*resource as _, &libc::rlimit { rlim_cur: most, rlim_max: most }))?;
        }
    }
    Ok(())
}

/// Threads of this process.
pub fn threads() -> Result<usize> {
    Ok(std::fs::read_dir("/proc/self/task")?.count())
}

/// Uses at most `count` of the processors that this process may use; 0 for all of them.
pub fn use_cpus(count: usize) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    // SAFETY: the sets live here, and their size is given.
    unsafe {
        let mut allowed: libc::cpu_set_t = std::mem::zeroed();
        let size = std::mem::size_of::<libc::cpu_set_t>();
        checked(libc::sched_getaffinity(0, size, &raw mut allowed))?;
        let present: Vec<usize> =
            (0..libc::CPU_SETSIZE as usize).filter(|cpu| libc::CPU_ISSET(*cpu, &allowed)).collect();
        if present.len() <= count {
            return Ok(());
        }
        let mut chosen: libc::cpu_set_t = std::mem::zeroed();
        // Not always the same ones: several confined processes are not to share one.
        let first = std::process::id() as usize % present.len();
        for index in 0..count {
            libc::CPU_SET(present[(first + index) % present.len()], &mut chosen);
        }
        checked(libc::sched_setaffinity(0, size, &raw const chosen))
    }
}

/// Gives up every capability, now and for what this process becomes, also where its user is root.
pub fn renounce() -> Result<()> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: i32,
    }
    let header = Header { version: 0x2008_0522, pid: 0 };
    let none = [0u32; 6];
    // SAFETY: plain numbers, and pointers to structures that live here. What is refused was not held.
    unsafe {
        for capability in 0..=LAST_CAPABILITY {
            libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0);
        }
        let bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE;
        libc::prctl(libc::PR_SET_SECUREBITS, bits, 0, 0, 0);
        checked(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))?;
        checked(libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) as i32)
    }
}

/// Only returns when it could not be done. Other threads of this process end.
pub fn become_program(command: &[String], environment: &[String]) -> Error {
    let texts = |list: &[String]| {
        list.iter().map(|text| CString::new(text.as_str())).collect::<std::result::Result<Vec<_>, _>>()
    };
    let (arguments, variables) = match (texts(command), texts(environment)) {
        (Ok(arguments), Ok(variables)) => (arguments, variables),
        _ => return Error::other("a zero byte in an argument"),
    };
    let Some(program) = arguments.first() else { return Error::other("no program") };
    let pointers = |list: &[CString]| {
        list.iter().map(|text| text.as_ptr()).chain(std::iter::once(std::ptr::null())).collect::<Vec<_>>()
    };
    // SAFETY: both lists end with null, and what they point to lives until the call is over.
    unsafe { libc::execve(program.as_ptr(), pointers(&arguments).as_ptr(), pointers(&variables).as_ptr()) };
    Error::last_os_error()
}
