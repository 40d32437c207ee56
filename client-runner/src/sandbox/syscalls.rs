//! The system calls of confined code.

use libc::*;

/// What an argument must be for the call to be allowed. The lower 32 bits are looked at: that is all the kernel takes of these.
#[derive(Clone, Copy)]
pub enum Rule {
    /// One of these.
    OneOf(&'static [u32]),
    /// None of these.
    NoneOf(&'static [u32]),
    /// These bits set, those clear.
    Bits { set: u32, clear: u32 },
    /// This process's own number.
    Own,
    /// This process's own number, or 0 for the same.
    OwnOrZero,
    /// Its lower four bits are one of these.
    LowBits(&'static [u32]),
}

const NEW_NAMESPACES: u32 =
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET) as u32;
const PR_SET_VMA: u32 = 0x5356_4d41;

/// With any arguments. Files are Landlock's affair; chmod and the like are not, and are therefore missing here.
pub const ALLOWED: &[c_long] = &[
    // Reading, writing, waiting.
    SYS_read,
    SYS_write,
    SYS_readv,
    SYS_writev,
    SYS_pread64,
    SYS_pwrite64,
    SYS_preadv,
    SYS_pwritev,
    SYS_preadv2,
    SYS_pwritev2,
    SYS_lseek,
    SYS_close,
    SYS_close_range,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_sendfile,
    SYS_copy_file_range,
    SYS_splice,
    SYS_tee,
    SYS_ppoll,
    SYS_pselect6,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    SYS_epoll_pwait2,
    SYS_eventfd2,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_signalfd4,
    SYS_fsync,
    SYS_fdatasync,
    SYS_fadvise64,
    // Files.
    SYS_openat,
    SYS_openat2,
    SYS_newfstatat,
    SYS_fstat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_faccessat,
    SYS_faccessat2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_chdir,
    SYS_fchdir,
    SYS_umask,
    SYS_mkdirat,
    SYS_unlinkat,
    SYS_renameat2,
    SYS_linkat,
    SYS_symlinkat,
    SYS_ftruncate,
    SYS_fallocate,
    SYS_flock,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_fgetxattr,
    SYS_listxattr,
    SYS_sync_file_range,
    // Memory.
    SYS_brk,
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_mremap,
    SYS_madvise,
    SYS_msync,
    SYS_mincore,
    SYS_membarrier,
    SYS_memfd_create,
    SYS_mlock,
    SYS_munlock,
    SYS_get_mempolicy,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_pkey_mprotect,
    // Threads and their waiting for one another.
    SYS_futex,
    SYS_futex_waitv,
    SYS_set_robust_list,
    SYS_get_robust_list,
    SYS_set_tid_address,
    SYS_rseq,
    SYS_gettid,
    SYS_exit,
    SYS_exit_group,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_getattr,
    SYS_getpriority,
    SYS_getcpu,
    // Signals of its own.
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigpending,
    SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait,
    SYS_sigaltstack,
    SYS_restart_syscall,
    SYS_wait4,
    SYS_waitid,
    // Time.
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getitimer,
    SYS_setitimer,
    SYS_timer_create,
    SYS_timer_settime,
    SYS_timer_gettime,
    SYS_timer_getoverrun,
    SYS_timer_delete,
    SYS_times,
    // Who and where one is.
    SYS_getpid,
    SYS_getppid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
    SYS_getgroups,
    SYS_getpgid,
    SYS_getsid,
    SYS_uname,
    SYS_sysinfo,
    SYS_getrusage,
    SYS_getrlimit,
    SYS_setrlimit,
    SYS_getrandom,
    SYS_capget,
    // The channel, which is there already.
    SYS_sendmsg,
    SYS_recvmsg,
    SYS_sendto,
    SYS_recvfrom,
    SYS_sendmmsg,
    SYS_recvmmsg,
    SYS_shutdown,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    SYS_setsockopt,
    // Once, to become the interpreter that runs the code; forbidden before the code runs.
    SYS_execve,
    #[cfg(target_arch = "x86_64")]
    SYS_arch_prctl,
    #[cfg(target_arch = "x86_64")]
    SYS_open,
    #[cfg(target_arch = "x86_64")]
    SYS_stat,
    #[cfg(target_arch = "x86_64")]
    SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    SYS_poll,
    #[cfg(target_arch = "x86_64")]
    SYS_select,
    #[cfg(target_arch = "x86_64")]
    SYS_access,
    #[cfg(target_arch = "x86_64")]
    SYS_pipe,
    #[cfg(target_arch = "x86_64")]
    SYS_dup2,
    #[cfg(target_arch = "x86_64")]
    SYS_pause,
    #[cfg(target_arch = "x86_64")]
    SYS_alarm,
    #[cfg(target_arch = "x86_64")]
    SYS_getpgrp,
    #[cfg(target_arch = "x86_64")]
    SYS_rename,
    #[cfg(target_arch = "x86_64")]
    SYS_renameat,
    #[cfg(target_arch = "x86_64")]
    SYS_mkdir,
    #[cfg(target_arch = "x86_64")]
    SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    SYS_creat,
    #[cfg(target_arch = "x86_64")]
    SYS_link,
    #[cfg(target_arch = "x86_64")]
    SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    SYS_symlink,
    #[cfg(target_arch = "x86_64")]
    SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    SYS_getdents,
    #[cfg(target_arch = "x86_64")]
    SYS_time,
    #[cfg(target_arch = "x86_64")]
    SYS_epoll_create,
    #[cfg(target_arch = "x86_64")]
    SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")]
    SYS_eventfd,
];

/// With this argument only: call, number of the argument, what it must be.
pub const CHECKED: &[(c_long, u32, Rule)] = &[
    // Threads, no processes. The newer call hides its flags from filters: it does not exist, and the C library takes this one.
    (SYS_clone, 0, Rule::Bits { set: CLONE_THREAD as u32, clear: NEW_NAMESPACES }),
    (SYS_kill, 0, Rule::Own),
    (SYS_tgkill, 0, Rule::Own),
    (SYS_prlimit64, 0, Rule::OwnOrZero),
    // Datagrams could be sent to any socket with a name.
    (SYS_socketpair, 1, Rule::LowBits(&[SOCK_STREAM as u32, SOCK_SEQPACKET as u32])),
    // Signals to others by way of a descriptor; leases hold up whoever opens the file.
    (
        SYS_fcntl,
        1,
        Rule::NoneOf(&[
            F_SETOWN as u32,
            15, /* F_SETOWN_EX */
            10, /* F_SETSIG */
            F_NOTIFY as u32,
            F_SETLEASE as u32,
        ]),
    ),
    (
        SYS_ioctl,
        1,
        Rule::OneOf(&[
            FIONREAD as u32,
            FIONBIO as u32,
            FIOCLEX as u32,
            FIONCLEX as u32,
            TCGETS as u32,
            TIOCGWINSZ as u32,
        ]),
    ),
    (
        SYS_prctl,
        0,
        Rule::OneOf(&[
            PR_SET_NAME as u32,
            PR_GET_NAME as u32,
            PR_SET_VMA,
            PR_GET_DUMPABLE as u32,
            PR_GET_TIMERSLACK as u32,
            PR_SET_TIMERSLACK as u32,
            PR_SET_NO_NEW_PRIVS as u32,
            PR_GET_NO_NEW_PRIVS as u32,
            PR_GET_SECCOMP as u32,
            PR_CAPBSET_READ as u32,
        ]),
    ),
    // Filters can only be added, and add nothing to what is allowed.
    (SYS_seccomp, 0, Rule::OneOf(&[SECCOMP_SET_MODE_FILTER, SECCOMP_GET_ACTION_AVAIL])),
];

/// Refused by name (`EPERM`), because code asks for them and should be told; everything else does not exist.
pub const REFUSED: &[c_long] = &[
    SYS_socket,
    SYS_connect,
    SYS_bind,
    SYS_listen,
    SYS_accept,
    SYS_accept4,
    #[cfg(target_arch = "x86_64")]
    SYS_fork,
    #[cfg(target_arch = "x86_64")]
    SYS_vfork,
    #[cfg(target_arch = "x86_64")]
    SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    SYS_chown,
    #[cfg(target_arch = "x86_64")]
    SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    SYS_utime,
    #[cfg(target_arch = "x86_64")]
    SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    SYS_mknod,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_utimensat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_truncate,
    SYS_mknodat,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_inotify_add_watch,
    SYS_fanotify_init,
    SYS_fanotify_mark,
    SYS_execveat,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_pidfd_open,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_setsid,
    SYS_setpgid,
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setaffinity,
    SYS_sched_setscheduler,
    SYS_sched_setparam,
    SYS_sched_setattr,
    SYS_mbind,
    SYS_set_mempolicy,
    SYS_setuid,
    SYS_setgid,
    SYS_setreuid,
    SYS_setregid,
    SYS_setresuid,
    SYS_setresgid,
    SYS_setgroups,
    SYS_setfsuid,
    SYS_setfsgid,
    SYS_capset,
    SYS_shmget,
    SYS_shmat,
    SYS_shmctl,
    SYS_semget,
    SYS_msgget,
    SYS_mq_open,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_io_uring_setup,
    SYS_personality,
    SYS_syslog,
    SYS_sethostname,
];
