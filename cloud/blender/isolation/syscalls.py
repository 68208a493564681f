"""The system calls that nothing in a Blender child needs: seccomp filters, made by libseccomp.

In bubblewrap's namespaces this takes away the tools to work on the wall. In a container, where the front is the same
user in the same namespaces, it is a part of the wall (seccomp(2), seccomp_rule_add(3)).
"""

import errno
import os
import socket

import pyseccomp

_CLONE_NEW_ANY = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_REFUSED = """
    acct add_key bpf chroot create_module delete_module fanotify_init finit_module fsconfig fsmount fsopen
    fspick get_kernel_syms init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp
    kexec_file_load kexec_load keyctl lookup_dcookie mbind migrate_pages mount mount_setattr move_mount
    move_pages name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open pidfd_getfd pivot_root
    process_madvise process_vm_readv process_vm_writev ptrace query_module quotactl quotactl_fd reboot
    request_key set_mempolicy sethostname setdomainname setns settimeofday clock_settime stime swapoff swapon
    sysfs syslog umount umount2 unshare uselib userfaultfd ustat vhangup vm86 vm86old
"""
_REFUSED_IN_CONTAINER = """
    accept accept4 bind connect ioprio_set listen mq_open msgget pidfd_open process_mrelease semget shmget
"""
"""No name of a socket is of use without a network; what System V and POSIX share between processes outlives them."""
_PRETENDED = "chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat"
"""The front's files belong to the same user, and Landlock lets their rights and times be changed. These calls succeed
and change nothing: many programs give up a whole file where they fail."""
_TIMES = {"utime": 1, "utimes": 1, "utimensat": 2, "futimesat": 2}
"""Pretended too, but for "now" (no times in that argument): who touches a file makes it where that fails."""
_ATTRIBUTES = "setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr"
_OF_ONESELF_ALONE = "prlimit64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler"
"""Their first argument is a process; 0 is the caller."""
_SIGNALLING = "kill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"
OWN_PID = 0x7E57F11D
"""Stands for the process that a filter is for; above what Linux gives to any."""
_F_SETOWN, _F_SETSIG, _F_SETOWN_EX = 8, 10, 15
_FIOSETOWN, _SIOCSPGRP = 0x8901, 0x8902
_PR_SET_DUMPABLE = 4
_OPEN_MODE = os.O_ACCMODE | os.O_TRUNC


def filter_program() -> bytes:
    """The filter as a BPF program for `bwrap --seccomp`. Raises: OSError: libseccomp or the kernel has none."""
    return _exported(_basic_rules())


def container_program(*, truncation_is_writing: bool) -> bytes:
    """The filter for a child that shares the front's user and namespaces. Raises: as `filter_program`.

    `truncation_is_writing`: Landlock refuses to empty a file that may not be written; else this does it.
    """
    rules = _basic_rules()
    refuse = pyseccomp.ERRNO(errno.EPERM)
    _add(rules, refuse, _REFUSED_IN_CONTAINER)
    _add(rules, pyseccomp.ERRNO(errno.EOPNOTSUPP), _ATTRIBUTES)
    _add(rules, pyseccomp.ERRNO(0), _PRETENDED)
    for name, at in _TIMES.items():
        _add(rules, pyseccomp.ERRNO(0), name, pyseccomp.Arg(at, pyseccomp.NE, 0))
        _add(rules, refuse, name, pyseccomp.Arg(at, pyseccomp.EQ, 0))
    # A pair has no address, but a datagram of one can be sent to any; so can `sendto`.
    rules.add_rule(pyseccomp.ERRNO(errno.EACCES), "socket", pyseccomp.Arg(0, pyseccomp.EQ, int(socket.AF_UNIX)))
    rules.add_rule(refuse, "socketpair", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xF, int(socket.SOCK_DGRAM)))
    rules.add_rule(refuse, "sendto", pyseccomp.Arg(4, pyseccomp.NE, 0))
    for name in _OF_ONESELF_ALONE.split():
        rules.add_rule(refuse, name, pyseccomp.Arg(0, pyseccomp.NE, 0))
    for number in (0, 1):  # of a process, oneself: all else is others', or everybody's
        rules.add_rule(refuse, "setpriority", pyseccomp.Arg(number, pyseccomp.NE, 0))
    # Signals by way of a descriptor's owner; and a child that hides from the front's watch.
    for command in (_F_SETOWN, _F_SETSIG, _F_SETOWN_EX):
        rules.add_rule(refuse, "fcntl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, command))
    for request in (_FIOSETOWN, _SIOCSPGRP):
        rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    rules.add_rule(refuse, "prctl", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, 0xFFFFFFFF, _PR_SET_DUMPABLE))
    # Emptied without being opened for writing.
    for name, at in (("open", 1), ("openat", 2)):
        rules.add_rule(refuse, name, pyseccomp.Arg(at, pyseccomp.MASKED_EQ, _OPEN_MODE, os.O_TRUNC))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "openat2")  # its flags lie in memory
    if not truncation_is_writing:
        _add(rules, refuse, "truncate")
    return _exported(rules)


def own_signals_program() -> bytes:
    """A filter that lets a process signal itself alone: where no Landlock keeps signals inside. Raises: OSError.

    The keeper, who knows the process's number, puts it in the place of `OWN_PID`.
    """
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.ERRNO(errno.ENOSYS))
    for name in _SIGNALLING.split():
        rules.add_rule(refuse, name, pyseccomp.Arg(0, pyseccomp.NE, OWN_PID))
    _add(rules, refuse, "tkill pidfd_send_signal")
    return _exported(rules)


def _basic_rules() -> pyseccomp.SyscallFilter:
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    # Calls by the doors for 32-bit and x32 programs. Unless told so, the kernel ends the one thread that made it, and a
    # Blender without its main thread neither ends nor answers.
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.ERRNO(errno.ENOSYS))
    _add(rules, refuse, _REFUSED)
    # Only sockets of the machine's own file system: a pair, multiprocessing. All others have no use here.
    for call in ("socket", "socketpair"):
        rules.add_rule(pyseccomp.ERRNO(errno.EACCES), call, pyseccomp.Arg(0, pyseccomp.NE, int(socket.AF_UNIX)))
    for flag in _CLONE_NEW_ANY:
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory that a filter cannot read; the C library falls back to clone.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for request in (_TIOCSTI, _TIOCLINUX):
        rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    return rules


def _add(rules: pyseccomp.SyscallFilter, action: int, names: str, *when: pyseccomp.Arg) -> None:
    for name in names.split():
        try:
            rules.add_rule(action, name, *when)
        except ValueError:  # this architecture or this libseccomp does not know it
            continue


def _exported(rules: pyseccomp.SyscallFilter) -> bytes:
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
