//! seccomp: system calls that a running plugin does not need.
//!
//! It denies listed calls instead of allowing listed ones: which calls the standard library and the C library make differs between
//! versions and architectures, and a plugin that dies because a rare call was forgotten would be worse than the calls that
//! a deny list misses. Denied calls return an error, so nothing ends that could have handled it.
//!
//! Local sockets are denied too, except pairs of streams, which executors use to wake each other and which reach nothing else. The
//! connection to the server already exists. Otherwise only a C library such as glibc would use local sockets, to ask a
//! daemon for names. Services that listen on local sockets often trust the connecting user: databases, container engines,
//! the server's own local mode.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::SeccompCmpOp::{Eq, MaskedEq, Ne};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

use super::restriction::Restriction;

const NAME: &str = "system calls (seccomp)";

/// Denied whatever their arguments are.
const DENIED: &[c_long] = &[
    // Programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Other processes.
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    PROCESS_MADVISE,
    PROCESS_MRELEASE,
    libc::SYS_migrate_pages,
    libc::SYS_move_pages,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setattr,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setscheduler,
    // Memory, queues, and locks of other processes of the same user.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_semget,
    libc::SYS_semop,
    libc::SYS_semctl,
    libc::SYS_semtimedop,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_msgrcv,
    libc::SYS_msgctl,
    libc::SYS_mq_open,
    libc::SYS_mq_unlink,
    // Listener, which also binds an unbound socket to a free port.
    libc::SYS_listen,
    // The file system. Removing stays possible, for the socket; Landlock says where.
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_truncate,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    SETXATTRAT,
    REMOVEXATTRAT,
    FILE_SETATTR,
    libc::SYS_utimensat,
    libc::SYS_open_by_handle_at,
    libc::SYS_fanotify_init,
    libc::SYS_quotactl,
    QUOTACTL_FD,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    OPEN_TREE_ATTR,
    STATMOUNT,
    LISTMOUNT,
    libc::SYS_unshare,
    libc::SYS_setns,
    // Parts of the kernel that are large, rarely used, and often vulnerable.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
];

/// The same, under names that only this architecture has.
#[cfg(target_arch = "x86_64")]
const DENIED_ON_THIS_ARCH: &[c_long] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_creat,
    libc::SYS_rename,
    libc::SYS_link,
    libc::SYS_symlink,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_ON_THIS_ARCH: &[c_long] = &[];

/// Newer calls, with the same numbers everywhere.
const PROCESS_MADVISE: c_long = 440;
const QUOTACTL_FD: c_long = 443;
const PROCESS_MRELEASE: c_long = 448;
const FCHMODAT2: c_long = 452;
const STATMOUNT: c_long = 457;
const LISTMOUNT: c_long = 458;
const SETXATTRAT: c_long = 463;
const REMOVEXATTRAT: c_long = 466;
const OPEN_TREE_ATTR: c_long = 467;
const FILE_SETATTR: c_long = 469;

/// A filter cannot see their arguments. They return ENOSYS, on which callers fall back to the older call.
const UNSUPPORTED: [c_long; 2] = [libc::SYS_clone3, libc::SYS_openat2];

/// Address families that requests and the resolver use.
#[cfg(not(target_env = "gnu"))]
const FAMILIES: [i32; 2] = [libc::AF_INET, libc::AF_INET6];
/// The same for glibc, whose resolver asks the kernel for the machine's addresses.
#[cfg(target_env = "gnu")]
const FAMILIES: [i32; 3] = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];

/// Kinds of local sockets that can send to any address, even as a pair.
const ADDRESSED: [i32; 3] = [libc::SOCK_DGRAM, libc::SOCK_SEQPACKET, libc::SOCK_RAW];
/// The bits of a socket's kind that are not flags.
const KIND_MASK: i32 = 0xf;

/// `fcntl` commands that set the receiver of signals, and the signal.
const OWNERS_OF_FILES: [i32; 3] = [F_SETOWN, F_SETSIG, F_SETOWN_EX];
const F_SETOWN: i32 = 8;
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;
/// The same as `ioctl` requests: `FIOSETOWN` and `SIOCSPGRP`.
const OWNERS_BY_REQUEST: [i32; 2] = [0x8901, 0x8902];

/// On x86-64, some kernels have the x32 calls: the same calls with this bit, and a few of their own.
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;
/// Calls of [`DENIED`] that have another number there: `execve`, `ptrace`, `rt_sigqueueinfo`, `kexec_load`,
/// `move_pages`, `rt_tgsigqueueinfo`, `process_vm_readv`, `process_vm_writev`, `execveat`.
#[cfg(target_arch = "x86_64")]
const X32_OWN: [c_long; 9] = [520, 521, 524, 528, 533, 536, 539, 540, 545];

/// The number of `ioctl` there, of which some requests are denied.
#[cfg(target_arch = "x86_64")]
const X32_IOCTL: c_long = 514;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Restricts the thread.
pub(super) fn restrict() -> Restriction {
    Restriction {
        name: NAME,
        missing: apply().err().map(|error| error.to_string()),
    }
}

fn apply() -> Result<(), seccompiler::Error> {
    let denied = program(denied()?, libc::EPERM)?;
    let unsupported = UNSUPPORTED.map(|call| (call, Vec::new()));
    let unsupported = program(unsupported.into(), libc::ENOSYS)?;
    seccompiler::apply_filter(&denied)?;
    seccompiler::apply_filter(&unsupported)
}

fn program(rules: Rules, error: i32) -> Result<BpfProgram, seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let answer = SeccompAction::Errno(error.unsigned_abs());
    let filter = SeccompFilter::new(with_x32(rules), SeccompAction::Allow, answer, arch)?;
    Ok(filter.try_into()?)
}

fn denied() -> Result<Rules, seccompiler::Error> {
    let always = DENIED.iter().chain(DENIED_ON_THIS_ARCH);
    let mut rules: Rules = always.map(|call| (*call, Vec::new())).collect();
    rules.insert(libc::SYS_openat, for_writing(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, for_writing(1)?);
    rules.insert(
        libc::SYS_clone,
        vec![when(&[(0, bits(libc::CLONE_THREAD), 0)])?],
    );
    let other = FAMILIES.map(|family| (0, Ne, family));
    rules.insert(libc::SYS_socket, vec![when(&other)?]);
    rules.insert(libc::SYS_socketpair, one_of(&ADDRESSED, &bits(KIND_MASK))?);
    rules.insert(libc::SYS_fcntl, one_of(&OWNERS_OF_FILES, &Eq)?);
    rules.insert(libc::SYS_ioctl, one_of(&OWNERS_BY_REQUEST, &Eq)?);
    let itself = std::process::id().cast_signed();
    rules.insert(libc::SYS_tgkill, vec![when(&[(0, Ne, itself)])?]);
    // The process may change its own limits, by its ID or by 0.
    let of_another = when(&[(0, Ne, 0), (0, Ne, itself)])?;
    rules.insert(libc::SYS_prlimit64, vec![of_another]);
    Ok(rules)
}

/// Flags of `open` for more than reading.
fn for_writing(argument: u8) -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let access = libc::O_ACCMODE;
    Ok(vec![
        when(&[(argument, bits(access), libc::O_WRONLY)])?,
        when(&[(argument, bits(access), libc::O_RDWR)])?,
        when(&[(argument, bits(access), access)])?,
        when(&[(argument, bits(libc::O_CREAT), libc::O_CREAT)])?,
        when(&[(argument, bits(libc::O_TRUNC), libc::O_TRUNC)])?,
    ])
}

/// Rules that deny any of these values of the second argument.
fn one_of(values: &[i32], compare: &SeccompCmpOp) -> Result<Vec<SeccompRule>, seccompiler::Error> {
    let rules = values.iter();
    rules
        .map(|value| when(&[(1, compare.clone(), *value)]))
        .collect()
}

/// Compares only these bits.
fn bits(bits: i32) -> SeccompCmpOp {
    MaskedEq(bits.unsigned_abs().into())
}

/// Matches when all conditions match.
fn when(conditions: &[(u8, SeccompCmpOp, i32)]) -> Result<SeccompRule, seccompiler::Error> {
    let conditions: Result<Vec<_>, _> = conditions
        .iter()
        .map(|(argument, compare, value)| {
            let value = value.unsigned_abs().into();
            SeccompCondition::new(*argument, Dword, compare.clone(), value)
        })
        .collect();
    Ok(SeccompRule::new(conditions?)?)
}

#[cfg(target_arch = "x86_64")]
fn with_x32(rules: Rules) -> Rules {
    let own = X32_OWN.map(|call| (call | X32, Vec::new()));
    let ioctl = rules.get(&libc::SYS_ioctl).cloned();
    let ioctl = ioctl.map(|rules| (X32_IOCTL | X32, rules));
    let again = rules
        .clone()
        .into_iter()
        .map(|(call, rule)| (call | X32, rule));
    let again = again.chain(own).chain(ioctl);
    rules.into_iter().chain(again).collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn with_x32(rules: Rules) -> Rules {
    rules
}
