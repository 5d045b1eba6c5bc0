#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Run a program in a terminal, press keys, and print what is on the screen in the end.

usage: screen.py COLUMNS LINES SECONDS KEYS COMMAND [ARG...]

KEYS are pressed one after another as soon as there is anything on the screen. After so many
SECONDS the screen is taken and the program ended. The terminal is pyte (Debian's python3-pyte),
which is one that TERM=linux describes.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

import pyte


def main(columns, lines, seconds, keys, command):
    screen = pyte.Screen(columns, lines)
    stream = pyte.ByteStream(screen)
    pid, fd = pty.fork()
    if not pid:
        # Before the program asks for it.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        os.execvpe(command[0], command, {**os.environ, "TERM": "linux"})

    end = time.monotonic() + seconds
    pressed = False
    # A frame that has begun is drawn to its end.
    while (left := end - time.monotonic()) > 0 or select.select([fd], [], [], 0.1)[0]:
        if not select.select([fd], [], [], max(left, 0))[0]:
            continue
        try:
            stream.feed(os.read(fd, 65536))
        except OSError:
            break
        if not pressed and any(line.strip() for line in screen.display):
            os.write(fd, keys.encode())
            pressed = True
    print("\n".join(line.rstrip() for line in screen.display))
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4], sys.argv[5:])
