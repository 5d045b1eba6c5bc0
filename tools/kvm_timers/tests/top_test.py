#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""What "kvm-timers top" has on the screen, on a fake module. Prints TAP.

The tool runs in a pseudo terminal; pyte (Debian's python3-pyte) is the terminal. It knows what
TERM=linux does. That has no second screen: what is given back is looked at with TERM=xterm.

KVM_TIMERS	the tool
FAKE_DEV	the library that fakes the device
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import tempfile
import termios
import time

import pyte

TOOL = os.environ["KVM_TIMERS"]
FAKE = os.environ["FAKE_DEV"]

# Until then something must have happened that is only a matter of time.
PATIENCE_S = 20

# The VMs are this process's. No longer one has a name.
NAME = "qemu-system-x86"
with open("/proc/self/comm", "w") as comm:
    comm.write(NAME)

passed = failed = 0


def ok(result, name, screen=None):
    global passed, failed
    if result:
        passed += 1
    else:
        failed += 1
    print(f"{'ok' if result else 'not ok'} {passed + failed} - {name}")
    if not result and screen:
        for line in screen.lines():
            print("#", line)


class Terminal:
    """The tool in a terminal."""

    def __init__(self, columns, lines, *args, term="linux", **env):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.code = None
        self.raw = b""
        self.pid, self.fd = pty.fork()
        if not self.pid:
            # Before the tool asks for it.
            self.set_size(0, columns, lines)
            os.execve(TOOL, [TOOL, "top", *args],
                      {**os.environ, "LD_PRELOAD": FAKE, "TERM": term,
                       "KT_FAKE_PID": str(os.getppid()), **env})

    @staticmethod
    def set_size(fd, columns, lines):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def resize(self, columns, lines):
        # A terminal may make anything of its old content: here, nothing is left.
        self.screen.reset()
        self.screen.resize(lines, columns)
        self.set_size(self.fd, columns, lines)

    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    def text(self):
        return "\n".join(self.lines())

    def take(self, seconds):
        """Have the screen show what the tool writes in that time. Return: whether it goes on."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.raw += data
        self.stream.feed(data)
        return bool(data)

    def until(self, condition):
        """Return: whether the condition came true."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end or not self.take(0.1):
                return condition()
        return True

    def settle(self):
        """A frame that has begun is drawn to its end: they are further apart than this."""
        while select.select([self.fd], [], [], 0.05)[0] and self.take(0):
            pass

    def shows(self, pattern):
        return self.until(lambda: re.search(pattern, self.text(), re.M))

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def ends(self):
        """Return: exit code, None if it goes on."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                while self.take(0) and select.select([self.fd], [], [], 0)[0]:
                    pass
                self.code = os.waitstatus_to_exitcode(status)
                os.close(self.fd)
                return self.code
            self.take(0.1)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None

    def row(self, first, name=r"\S+"):
        """Columns of the row that begins like this, empty if there is none."""
        for line in self.lines():
            m = re.match(rf"{first}\s+{name}\s+(.*)$", line)
            if m:
                return (m.group(1).split(None, 6) + [""] * 7)[:7]
        return [""] * 7

    def ids(self):
        return [int(m.group(1)) for line in self.lines() if (m := re.match(r"(\d+) ", line))]

    def selected(self):
        """Id of the VM whose row is in reverse."""
        for y in range(2, self.screen.lines - 1):
            if self.screen.buffer[y][0].reverse:
                return int(self.lines()[y].split()[0])
        return None


def test_small():
    t = Terminal(80, 24, "--interval=0.2", KT_FAKE_VMS="5", KT_FAKE_TICKS="100")
    ok(t.shows(r"^kvm-timers: 5 VMs, every 0\.2 s, by id, lateness in the interval$"), "title", t)
    ok(t.shows(r"^VM +COMMAND +ASKED/s +GIVEN/s +OWED +LATE50 +LATE99 +LATEMAX +STATE$"), "heads", t)
    ok(t.shows(r"^3 .*\d+\.\d .*catch-up$"), "a VM that catches up", t)
    ok(t.shows(rf"^1 +{NAME} "), "the name of a process, whole", t)
    ok(t.shows(r"^2 .* gone$"), "a VM that is gone", t)
    ok(t.until(lambda: t.lines()[23].startswith("q quit")), "keys in the last line", t)
    ok(t.until(lambda: t.ids() == [1, 2, 3, 4, 5]), "all VMs", t)

    # Two devices give 100 ticks times the id in 0.2 s or, where the machine is busy, more.
    t.shows(r"^5 .*\d+\.\d ")
    t.settle()
    given = {i: float(t.row(i)[1]) for i in (3, 4, 5)}
    ok(all(0 < given[i] <= 1000 * i * 1.05 for i in given), f"rates: {given}", t)
    ok(abs(given[5] / given[4] - 1.25) < 0.001 and abs(given[4] / given[3] - 4 / 3) < 0.001,
       "of all VMs over the same time", t)
    ok(t.until(lambda: t.row(4)[2] == "1000"), "what is owed", t)
    ok(t.until(lambda: t.row(4)[3:6] == ["<8us", "<4.1ms", "<4.1ms"]), "lateness of the interval", t)
    ok(t.until(lambda: t.row(3)[3:6] == ["<8us", "<4.1ms", "<4.1ms"]), "and nothing from before", t)
    t.press("l")
    ok(t.shows("lateness since they began$") and t.until(lambda: t.row(3)[5] == "<2.1s"), "lateness of all time", t)
    ok(t.until(lambda: t.row(1)[3:6] == ["<1us", "<1us", ">4.19s"]), "the last bucket has no bound", t)

    t.press("e")
    ok(t.shows(r"^ +lapic +\d.*catch-up$") and t.shows(r"^ +pit +\d.*on time$"), "devices", t)
    ok(t.shows(rf"^ +PID {os.getpid()}, clock: host, by TSC, lag 3 ns, thaws 0, stopped 0\.0 s$"),
       "process and clock, whole", t)
    ok(t.shows(r"^ +PID -, clock: "), "of a VM whose process is not known, too", t)
    ok("catch-up 2" not in t.text(), "for the rate there is no room", t)
    t.press("e")
    ok(t.until(lambda: not re.search("clock:", t.text())), "and without", t)
    ok(max(len(line) for line in t.lines()) <= 80, "no line is wider", t)
    t.press("q")
    ok(t.ends() == 0, "q quits")


def test_rate():
    """Of a catch-up, wherever there is room for it."""
    t = Terminal(86, 24, "--interval=0.2", KT_FAKE_VMS="5", KT_FAKE_TICKS="100", KT_FAKE_RATE="1000")
    ok(t.shows(r"^3 .*\S catch-up 10\.00$"), "the fastest of all fits 86 columns", t)
    t.press("e")
    ok(t.shows(r"^ +lapic +\d.*\S catch-up 10\.00$") and t.shows(r"^ +pit +\d.*on time$"),
       "of the device, too", t)
    ok(t.shows(r"^2 .* gone$") and t.shows(r"^4 .* owes$"), "and of nothing else", t)
    ok(max(len(line) for line in t.lines()) <= 86, "no line is wider", t)
    t.resize(85, 24)
    ok(t.until(lambda: t.lines()[23].startswith("q quit")) and t.shows(r"^3 .*\S catch-up$") and
       "10.00" not in t.text(), "and not 85", t)
    t.press("q")
    t.ends()

    t = Terminal(200, 24, "--interval=0.2", KT_FAKE_VMS="3", KT_FAKE_TICKS="100", KT_FAKE_RATE="1000")
    ok(t.shows(rf"^3 .*\S catch-up 10\.00 {os.getpid()} +host, by TSC"), "process and clock are behind it", t)
    ok(t.until(lambda: t.lines()[1].find("CLOCK") == next(
        line.find("host, by") for line in t.lines() if line.startswith("3 "))), "below its head", t)
    t.resize(160, 24)
    ok(t.until(lambda: t.lines()[23].startswith("q quit")) and
       t.shows(r"^3 .* host, by TSC, lag 3 ns, segments 0, thaws 0, stopped 0\.0 s$"),
       "whole from 160 columns on", t)
    t.resize(159, 24)
    ok(t.until(lambda: t.lines()[23].startswith("q quit") and "CLOCK" not in t.text()), "and not below", t)
    t.press("q")
    t.ends()

    t = Terminal(120, 24, "--interval=0.2", KT_FAKE_VMS="3", KT_FAKE_TICKS="100", KT_FAKE_RATE="0")
    ok(t.shows(r"^3 .*\S catch-up$"), "one that has just ended has none", t)
    t.press("q")
    t.ends()


def test_stalled():
    """Who is given nothing does not catch up."""
    t = Terminal(120, 24, "--interval=0.2", KT_FAKE_VMS="3", KT_FAKE_TICKS="100", KT_FAKE_STALLED="3")
    t.press("e")
    ok(t.shows(r"^3 .* \d+\.\d +0\.0 +1000 .* owes$") and t.shows(r"^ +lapic +\d{3,}\.\d +0\.0 .* owes$"),
       "a VMM that is stopped owes", t)
    t.press("q")
    t.ends()

    t = Terminal(120, 24, "--interval=0.2", KT_FAKE_VMS="3", KT_FAKE_TICKS="100", KT_FAKE_CLOCK_FLAGS="3")
    t.press("e")
    ok(t.shows(r"^1 .* frozen$") and t.shows(r"^ +pit .* 40 .* owes$"), "so does a VM that is frozen", t)
    t.press("q")
    t.ends()


def test_sort_and_interval():
    t = Terminal(80, 24, "--interval", "0.2", KT_FAKE_VMS="5", KT_FAKE_TICKS="100")
    t.shows(r"^5 .*\d+\.\d ")
    for key, order in (("asked", [5, 4, 3, 1, 2]), ("delivered", [5, 4, 3, 1, 2]),
                       ("owed", [3, 4, 5, 1, 2]), ("late", [3, 4, 5, 1, 2]),
                       ("id", [1, 2, 3, 4, 5])):
        t.press("s")
        ok(t.shows(f", by {key},") and t.until(lambda: t.ids() == order), f"by {key}: {order}", t)
    for key, interval in (("+", "0.5"), ("+", "1.0"), ("-", "0.5"), ("-", "0.2"), ("-", "0.2")):
        t.press(key)
        ok(t.shows(f"every {interval} s"), f"{key}: every {interval} s", t)
    t.press("Q")
    ok(t.ends() == 0, "Q quits, too")


def test_large():
    t = Terminal(200, 60, "--interval=0.2", KT_FAKE_VMS="200", KT_FAKE_TICKS="10")
    ok(t.shows(r"^57 "), "57 of 200 VMs", t)
    ok(t.shows(r"STATE +PID +CLOCK$") and t.shows(r"^4 .* host, by TSC, lag 4 ns, segments 0, "),
       "the clock is in the VM's line", t)
    ok(t.until(lambda: t.selected() == 1), "the first is selected", t)
    t.press("\x1b[B\x1b[B")
    ok(t.until(lambda: t.selected() == 3), "arrow down", t)
    t.press("\r")
    ok(t.shows(r"^ +lapic .*catch-up 2\.00$"), "enter shows its devices", t)
    ok(t.until(lambda: t.text().count("lapic") == 1), "and no others", t)
    t.press("\x1b[A")
    ok(t.until(lambda: t.selected() == 2), "arrow up", t)
    t.press("\x1b[4~")
    ok(t.until(lambda: t.selected() == 200 and 200 in t.ids()), "end", t)
    t.press("\x1b[5~")
    ok(t.until(lambda: t.selected() == 200 - 57), "page up", t)
    t.press("\x1b[1~")
    ok(t.until(lambda: t.selected() == 1 and t.ids()[0] == 1), "home", t)

    t.resize(80, 24)
    ok(t.until(lambda: t.lines()[23].startswith("q quit") and "CLOCK" not in t.text()),
       "a smaller terminal", t)
    ok(t.until(lambda: t.ids() == list(range(1, 17)) and t.selected() == 1), "has fewer VMs", t)
    t.resize(160, 40)
    ok(t.until(lambda: t.lines()[39].startswith("q quit")) and t.shows("CLOCK$"),
       "a larger one", t)
    t.resize(20, 3)
    ok(t.until(lambda: t.lines()[2].startswith("q quit")), "a tiny one", t)
    t.resize(1, 1)
    t.take(0.5)
    t.resize(80, 24)
    ok(t.until(lambda: t.lines()[23].startswith("q quit") and t.ids()), "and back", t)
    os.kill(t.pid, signal.SIGTERM)
    ok(t.ends() is not None, "a signal ends it")


def test_change():
    with tempfile.NamedTemporaryFile("w") as f:
        def have(nr):
            f.seek(0)
            f.truncate()
            f.write(f"{nr}\n")
            f.flush()

        have(3)
        t = Terminal(80, 24, "--interval=0.2", KT_FAKE_VMS_FILE=f.name, KT_FAKE_TICKS="10")
        ok(t.shows("3 VMs"), "three VMs", t)
        have(5)
        ok(t.shows("5 VMs") and t.until(lambda: t.ids() == [1, 2, 3, 4, 5]), "two more come", t)
        t.press("\x1b[4~")
        t.until(lambda: t.selected() == 5)
        have(2)
        ok(t.shows("2 VMs") and t.until(lambda: t.ids() == [1, 2]), "three go", t)
        ok(t.until(lambda: t.selected() == 1), "another one is selected then", t)
        have(0)
        ok(t.shows("0 VMs") and t.until(lambda: not t.ids()), "none is left", t)
        t.press("\x1b[B e\x1b[5~")
        have(1)
        ok(t.shows("1 VM,") and t.shows("clock:"), "keys do no harm meanwhile", t)
        have(-1)
        ok(t.ends() == 1, "the module goes")


def test_terminal_given_back():
    """The end of what is written, behind what leaves the second screen."""
    def end_of(t):
        return t.raw[t.raw.rfind(b"\x1b[?1049l"):] if b"\x1b[?1049l" in t.raw else b""

    with tempfile.NamedTemporaryFile("w") as f:
        f.write("3\n")
        f.flush()
        for how in ("q", "signal", "failure"):
            t = Terminal(80, 24, "--interval=0.2", term="xterm", KT_FAKE_VMS_FILE=f.name)
            t.until(lambda: b"3 VMs" in t.raw)
            ok(b"\x1b[?1049h" in t.raw and not end_of(t), f"{how}: the second screen is taken")
            if how == "q":
                t.press("q")
            elif how == "signal":
                os.kill(t.pid, signal.SIGTERM)
            else:
                f.seek(0)
                f.write("-1\n")
                f.flush()
            code = t.ends()
            ok((code == 0) == (how == "q") and end_of(t), f"{how}: and given back")
        ok(b"kvm-timers: cannot list the VMs: " in end_of(t), "then it is said what is wrong")


def test_failures():
    for args, env, code, text in (
            ((), {"KT_FAKE_OPEN": "2"}, 1, "modprobe kvm_timers"),
            ((), {"term": "nonesuch"}, 1, "the terminal 'nonesuch' is not known"),
            (("x",), {}, 2, "unexpected argument 'x'"),
            (("--interval=0",), {}, 2, "--interval '0': write seconds, 0.1 to 3600"),
            (("--interval=3601",), {}, 2, "write seconds"),
            (("--interval=nan",), {}, 2, "write seconds"),
            (("--interval=1s",), {}, 2, "write seconds"),
            (("--interval=",), {}, 2, "--interval has no value"),
            (("--interval",), {}, 2, "--interval has no value"),
            (("--intervla=1",), {}, 2, "did you mean '--interval'?")):
        t = Terminal(80, 24, *args, **{"term": "xterm", **env})
        got = t.ends()
        ok(got == code and text in t.text().replace("\n", "") and b"\x1b[?1049h" not in t.raw,
           f"exit {code}: top {' '.join(args)} {env}", t)


def test_terminal_gone():
    t = Terminal(80, 24, "--interval=0.2", KT_FAKE_VMS="3")
    t.shows("3 VMs")
    os.close(t.fd)
    end = time.monotonic() + PATIENCE_S
    gone = False
    while not gone and time.monotonic() < end:
        gone = os.waitpid(t.pid, os.WNOHANG)[0] == t.pid
        time.sleep(0.05)
    ok(gone, "it ends with its terminal")
    if not gone:
        os.kill(t.pid, signal.SIGKILL)


test_small()
test_rate()
test_stalled()
test_sort_and_interval()
test_large()
test_change()
test_terminal_given_back()
test_failures()
test_terminal_gone()
print(f"1..{passed + failed}\n{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
