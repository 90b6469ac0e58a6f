"""Boards at the end of a pseudo-terminal: a simulated Uno, with faults on the line; impostors."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple

Fault = Callable[[bytes], bytes]
"""A row on its way to the board, or an reply on its way back, with its end -> what arrives."""


def lost(*places: int) -> Fault:
    """Bytes get lost."""

    def arrives(line: bytes) -> bytes:
        gone = {place % len(line) for place in places}
        return bytes(byte for place, byte in enumerate(line) if place not in gone)

    return arrives


def flipped(at: int) -> Fault:
    """One bit of a byte flips."""
    return lambda line: line[:at] + bytes([line[at] ^ 4]) + line[at + 1 :]


def noisy(noise: bytes) -> Fault:
    """Something else arrives first."""
    return lambda line: noise + line


def whole(line: bytes) -> bytes:
    """No fault."""
    return line


class Line(NamedTuple):
    """What goes wrong between a host and a board, once: with the second row.

    Attributes:
        to_board: what happens to the row on its way.
        from_board: what happens to its reply.
        reset: whether the board is switched off and on in the middle of the row.
    """

    to_board: Fault = whole
    from_board: Fault = whole
    reset: bool = False


SOUND = Line()


@contextmanager
def terminal(serve: Callable[[int, Event], None]) -> Iterator[str]:
    """The name of a serial port; a thread serves its other end until the block ends."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    stop = Event()
    thread = Thread(target=serve, args=(master, stop))
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        stop.set()
        thread.join()
        os.close(slave)
        os.close(master)


@contextmanager
def simulated_uno(command: tuple[Path, Path], line: Line = SOUND) -> Iterator[str]:
    """A port with a simulated Uno behind it: the program of uno.c, and a firmware."""
    with terminal(_Relay(command, line).serve) as port:
        yield port


class _Relay:
    def __init__(self, command: tuple[Path, Path], line: Line) -> None:
        self._command, self._line = command, line
        self._board = self._started()
        self._rows = self._replies = 0

    def serve(self, master: int, stop: Event) -> None:
        out = back = b""
        while not stop.is_set():
            heard = self._board.stdout
            assert heard is not None
            ready, _, _ = select.select([master, heard], [], [], 0.02)
            if master in ready:
                out += os.read(master, 4096)
                *rows, out = out.split(b"\n\n") if b"*" in out else (out, b"")
                for row in rows:
                    self._pass_on(row + b"\n\n" if b"*" in row else row)
            if heard in ready:
                *replies, back = (back + heard.read(1)).split(b"\n")
                for reply in replies:
                    _write(master, self._replied(reply + b"\n"), stop)
        self._end()

    def _pass_on(self, row: bytes) -> None:
        self._rows += b"*" in row
        now = self._rows == 2 and b"*" in row
        row = self._line.to_board(row) if now else row
        half = len(row) // 2
        self._send(row[:half])
        if now and self._line.reset:
            self._end()
            self._board = self._started()
        self._send(row[half:])

    def _replied(self, reply: bytes) -> bytes:
        self._replies += reply.startswith(b"0")
        now = self._replies == 2 and reply.startswith(b"0")
        return self._line.from_board(reply) if now else reply

    def _started(self) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(self._command, stdin=pipe, stdout=pipe, bufsize=0)

    def _send(self, content: bytes) -> None:
        assert self._board.stdin is not None
        self._board.stdin.write(content)

    def _end(self) -> None:
        self._board.kill()
        self._board.communicate()


@contextmanager
def impostor(replies: Callable[[bytes], bytes]) -> Iterator[str]:
    """A port behind which a function replies each line."""

    def serve(master: int, stop: Event) -> None:
        unfinished = b""
        while not stop.is_set():
            if select.select([master], [], [], 0.02)[0]:
                *lines, unfinished = (unfinished + os.read(master, 4096)).split(b"\n")
                _write(master, b"".join(map(replies, lines)), stop)

    with terminal(serve) as port:
        yield port


def _write(master: int, content: bytes, stop: Event) -> None:
    """Write what the other end takes, until nobody is there any more."""
    while content and not stop.is_set():
        if select.select([], [master], [], 0.02)[1]:
            content = content[os.write(master, content[:256]) :]
