"""The system calls that nothing in a Blender child needs: a seccomp filter, made by libseccomp.

bubblewrap's namespaces are the wall; this takes away the tools to work on it (seccomp(2), seccomp_rule_add(3)).
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


def filter_program() -> bytes:
    """The filter as a BPF program for `bwrap --seccomp`. Raises: OSError: libseccomp or the kernel has none."""
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    # Calls by the doors for 32-bit and x32 programs. Unless told so, the kernel ends the one thread that made it, and a
    # Blender without its main thread neither ends nor answers.
    rules.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.ERRNO(errno.ENOSYS))
    for name in _REFUSED.split():
        try:
            rules.add_rule(refuse, name)
        except ValueError:  # this architecture or this libseccomp does not know it
            continue
    # Only sockets of the machine's own file system: a pair, multiprocessing. All others have no use here.
    for call in ("socket", "socketpair"):
        rules.add_rule(pyseccomp.ERRNO(errno.EACCES), call, pyseccomp.Arg(0, pyseccomp.NE, int(socket.AF_UNIX)))
    for flag in _CLONE_NEW_ANY:
        rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    # Its flags lie in memory that a filter cannot read; the C library falls back to clone.
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for request in (_TIOCSTI, _TIOCLINUX):
        rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, request))
    with os.fdopen(os.memfd_create("seccomp"), "w+b") as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
