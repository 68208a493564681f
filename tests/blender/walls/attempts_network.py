"""Ways to the network, and to sockets of this machine. Each listener answers whoever comes."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import socket
import stat
import struct
import urllib.request
from typing import Any

from tests.blender.walls.inside import Outside, Refused, call_of_32_bits, ran, system_call, without_control


def _greeting(visitor: socket.socket) -> bytes:
    with visitor:
        visitor.settimeout(5)
        return visitor.recv(4096)


def tcp(outside: Outside) -> object:
    return _greeting(socket.create_connection(("127.0.0.1", outside["tcp_port"]), 5))


def tcp_over_ipv6(outside: Outside) -> object:
    return _greeting(socket.create_connection(("::1", outside["tcp6_port"]), 5))


def tcp_to_the_front_itself(outside: Outside) -> object:
    with urllib.request.urlopen(f"http://127.0.0.1:{outside['front_port']}/healthz", timeout=5) as answer:
        return answer.read()


def udp(outside: Outside) -> object:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as visitor:
        visitor.settimeout(5)
        visitor.sendto(b"hello", ("127.0.0.1", outside["udp_port"]))
        return visitor.recv(4096)


def udp_question_to_a_name_server(outside: Outside) -> object:
    question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\7example\3com\0\0\1\0\1"
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as visitor:
        visitor.settimeout(5)
        visitor.sendto(question, ("::ffff:127.0.0.1", outside["udp_port"]))
        return visitor.recv(4096)


@without_control("names of other machines cannot be resolved on a machine without a network")
def name_of_another_machine(outside: Outside) -> object:
    return socket.getaddrinfo("example.com", 80)


def raw_packets(outside: Outside) -> object:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).fileno()


def packets_of_the_wire(outside: Outside) -> object:
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)).fileno()


def netlink(outside: Outside) -> object:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as visitor:
        visitor.send(struct.pack("=IHHIIB3x", 20, 18, 0x301, 1, 0, 0))  # RTM_GETLINK
        return visitor.recv(4096)


@without_control("this kernel has none")
def crypto_sockets_of_the_kernel(outside: Outside) -> object:
    return socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).fileno()


def vsock(outside: Outside) -> object:
    return socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).fileno()


@without_control("this kernel has no TIPC")
def pair_of_another_family(outside: Outside) -> object:
    return socket.socket(30, socket.SOCK_RDM).fileno()  # TIPC


def unix_socket(outside: Outside) -> object:
    visitor = socket.socket(socket.AF_UNIX)
    visitor.connect(outside["unix_path"])
    return _greeting(visitor)


def unix_socket_through_the_root_of_a_process(outside: Outside) -> object:
    for number in sorted({1, os.getpid(), outside["front_pid"]}, reverse=True):
        try:
            visitor = socket.socket(socket.AF_UNIX)
            visitor.connect(f"/proc/{number}/root{outside['unix_path']}")
            return _greeting(visitor)
        except OSError:
            continue
    raise Refused("no root leads there")


def abstract_socket(outside: Outside) -> object:
    visitor = socket.socket(socket.AF_UNIX)
    visitor.connect("\0" + outside["abstract_name"])
    return _greeting(visitor)


def curl(outside: Outside) -> object:
    return ran("curl", "--silent", "--fail", "--max-time", "5", f"http://127.0.0.1:{outside['tcp_port']}/")


def the_shell_s_own_tcp(outside: Outside) -> object:
    return ran("bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{outside['tcp_port']}; head -c 60 <&3")


def another_python(outside: Outside) -> object:
    code = f"import socket; print(socket.create_connection(('127.0.0.1', {outside['tcp_port']}), 5).recv(99))"
    return ran("/usr/bin/python3", "-c", code)


def a_process_of_multiprocessing(outside: Outside) -> object:
    answers = multiprocessing.SimpleQueue()
    process = multiprocessing.get_context("fork").Process(target=_put, args=(answers, outside))
    process.start()
    process.join(10)
    said = answers.get()
    if said.startswith(b"refused"):
        raise Refused(said)
    return said


def _put(answers: Any, outside: Outside) -> None:
    answers.put(_told(outside))


def _told(outside: Outside) -> bytes:
    try:
        return bytes(tcp(outside))  # type: ignore[call-overload]
    except OSError as error:
        return f"refused {error}".encode()


def a_forked_process(outside: Outside) -> object:
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        os.write(writer, _told(outside))
        os._exit(0)
    os.waitpid(pid, 0)
    said = os.read(reader, 4096)
    if said.startswith(b"refused"):
        raise Refused(said)
    return said


def the_system_call_itself(outside: Outside) -> object:
    return system_call("socket", int(socket.AF_INET), int(socket.SOCK_STREAM), 0)


def a_socket_of_32_bits(outside: Outside) -> object:
    return call_of_32_bits(359, 2, 1, 0)  # socket(AF_INET, SOCK_STREAM)


@without_control("this kernel has no x32")
def a_socket_by_the_x32_door(outside: Outside) -> object:
    return system_call("socket", 2, 1, 0, offset=0x40000000)


def a_socket_by_io_uring(outside: Outside) -> object:
    parameters = ctypes.create_string_buffer(120)
    return system_call("io_uring_setup", 4, parameters)


@without_control("nothing is left open outside either")
def inherited_sockets(outside: Outside) -> object:
    """A descriptor that was left open and leads anywhere but to the front."""
    for name in os.listdir("/proc/self/fd"):
        try:
            if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                continue
            family = socket.socket(fileno=os.dup(int(name))).family
        except OSError:
            continue
        if family != socket.AF_UNIX:
            return family
    raise Refused("none but the front's")


def loopback_brought_up_and_used(outside: Outside) -> object:
    return ran("ip", "link", "set", "lo", "up"), tcp(outside)
