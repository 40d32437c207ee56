//! A seccomp filter: which system calls there are, and with which arguments. What is not named does not exist (`ENOSYS`), so
//! calls that a later kernel brings are shut out without anybody having thought of them.

use std::io::{Error, Result};

use super::syscalls::{Rule, ALLOWED, CHECKED, REFUSED};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The calling thread only; it is about to become another program.
    Before,
    /// All threads, and no other program any more.
    After,
}

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
const GIVE: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

#[cfg(target_arch = "x86_64")]
const HERE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const HERE: u32 = 0xc000_00b7;

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const REFUSE: u32 = libc::SECCOMP_RET_ERRNO | libc::EPERM as u32;
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

fn step(code: u16, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt: 0, jf: 0, k }
}

/// Where a value equals `k`, the next instruction; otherwise skips it.
fn when(code: u16, k: u32) -> libc::sock_filter {
    libc::sock_filter { code, jt: 0, jf: 1, k }
}

/// Where an argument of a call lies; its lower half comes first on these machines.
fn argument(index: u32) -> u32 {
    16 + 8 * index
}

pub fn supported() -> bool {
    let action = libc::SECCOMP_RET_ERRNO;
    // SAFETY: the pointer is to a number that lives here.
    unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0u32, &raw const action) == 0 }
}

fn prologue() -> Vec<libc::sock_filter> {
    let kill = libc::SECCOMP_RET_KILL_PROCESS;
    // Calls in the manner of another architecture have other numbers.
    let mut program =
        vec![step(LOAD, ARCHITECTURE), libc::sock_filter { code: EQUAL, jt: 1, jf: 0, k: HERE }, step(GIVE, kill)];
    program.push(step(LOAD, NUMBER));
    #[cfg(target_arch = "x86_64")]
    program.extend([when(AT_LEAST, 0x4000_0000), step(GIVE, kill)]);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = AT_LEAST;
    program
}

fn before(own: u32) -> Vec<libc::sock_filter> {
    let mut program = prologue();
    for number in ALLOWED {
        program.extend([when(EQUAL, *number as u32), step(GIVE, ALLOW)]);
    }
    for (number, index, rule) in CHECKED {
        let block = check(*index, *rule, own);
        // The block never falls through: it is skipped as a whole.
        program.push(libc::sock_filter { code: EQUAL, jt: 0, jf: block.len() as u8, k: *number as u32 });
        program.extend(block);
    }
    for number in REFUSED {
        program.extend([when(EQUAL, *number as u32), step(GIVE, REFUSE)]);
    }
    program.push(step(GIVE, UNKNOWN));
    program
}

fn check(index: u32, rule: Rule, own: u32) -> Vec<libc::sock_filter> {
    let mut block = vec![step(LOAD, argument(index))];
    let any = |block: &mut Vec<_>, values: &[u32], hit: u32, miss: u32| {
        for value in values {
            block.extend([when(EQUAL, *value), step(GIVE, hit)]);
        }
        block.push(step(GIVE, miss));
    };
    match rule {
        Rule::OneOf(values) => any(&mut block, values, ALLOW, REFUSE),
        Rule::NoneOf(values) => any(&mut block, values, REFUSE, ALLOW),
        Rule::Own => any(&mut block, &[own], ALLOW, REFUSE),
        Rule::OwnOrZero => any(&mut block, &[0, own], ALLOW, REFUSE),
        Rule::LowBits(values) => {
            block.push(step(AND, 0xf));
            any(&mut block, values, ALLOW, REFUSE);
        }
        Rule::Bits { set, clear } => {
            block.push(step(AND, set | clear));
            any(&mut block, &[set], ALLOW, REFUSE);
        }
    }
    block
}

fn after() -> Vec<libc::sock_filter> {
    let mut program = prologue();
    for number in [libc::SYS_execve, libc::SYS_execveat] {
        program.extend([when(EQUAL, number as u32), step(GIVE, REFUSE)]);
    }
    program.push(step(GIVE, ALLOW));
    program
}

pub fn install(stage: Stage) -> Result<()> {
    let mut program = match stage {
        Stage::Before => before(std::process::id()),
        Stage::After => after(),
    };
    let filter = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let flags = if stage == Stage::After { libc::SECCOMP_FILTER_FLAG_TSYNC } else { 0 };
    // SAFETY: the filter describes `program`, which lives until the kernel has copied it.
    let result = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const filter) };
    if result != 0 {
        return Err(Error::last_os_error());
    }
    Ok(())
}
