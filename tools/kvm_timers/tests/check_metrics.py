#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Read Prometheus's text format by the letter, and compare it with statuses.

usage: check_metrics.py METRICS [STATUS...]

METRICS is what "kvm-timers export" wrote, each STATUS what "kvm-timers status
ID --json" did. A line for each thing that is wrong; exit status 0 if nothing is.
"""
import json
import re
import sys
from decimal import Decimal

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\[\\n])+)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram)")
SAMPLE = re.compile(rf"({NAME})(?:{{({LABEL}(?:,{LABEL})*)}})? "
                    r"(-?[0-9]+(?:\.[0-9]+)?(?:e[-+][0-9]+)?|NaN)")
LEVELS = ("1.05", "1.10", "1.25", "1.50", "1.75", "2", "3", "fastest")
SUFFIXES = ("_bucket", "_sum", "_count")

errors = []


def wrong(*what):
    errors.append(" ".join(str(w) for w in what))


def unescape(text):
    return re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), text)


def family_of(name, types):
    for suffix in SUFFIXES:
        base = name.removesuffix(suffix)
        if base != name and types.get(base) == "histogram":
            return base
    return name


def read(path):
    """Return: types by family, values by name and labels."""
    types, helps, values, done, current = {}, {}, {}, set(), None
    with open(path, encoding="utf-8", newline="") as f:
        text = f.read()
    if not text.endswith("\n"):
        wrong("the last line has no end")
    for number, line in enumerate(text.split("\n")[:-1], 1):
        if m := HELP.fullmatch(line):
            if m.group(1) in done:
                wrong(number, "a second family", m.group(1))
            done.add(m.group(1))
            current = m.group(1)
            helps[current] = m.group(2)
        elif m := TYPE.fullmatch(line):
            if m.group(1) != current or current in types:
                wrong(number, "TYPE that does not follow its HELP", line)
            types[m.group(1)] = m.group(2)
        elif m := SAMPLE.fullmatch(line):
            name, labels, value = m.groups()
            if family_of(name, types) != current:
                wrong(number, "not in its family", line)
            pairs = [l.split("=", 1) for l in re.findall(LABEL, labels or "")]
            if len({k for k, _ in pairs}) != len(pairs):
                wrong(number, "a label twice", line)
            key = name, frozenset((k, unescape(v[1:-1])) for k, v in pairs)
            if key in values:
                wrong(number, "a sample twice", line)
            values[key] = Decimal(value)
        else:
            wrong(number, "no line of the format:", line)
    return types, values


def check_types(types, values):
    for name in types:
        if (types[name] == "counter") != name.endswith("_total"):
            wrong(name, "is a", types[name])
    for (name, labels), value in values.items():
        if family_of(name, types) not in types:
            wrong(name, "has no type")
        if types.get(name) == "counter" and not value >= 0:
            wrong(name, dict(labels), "counts", value)


def check_histograms(types, values):
    for family in (n for n, t in types.items() if t == "histogram"):
        rows = {}
        for (name, labels), value in values.items():
            if name == family + "_bucket":
                le = dict(labels)["le"]
                rest = frozenset(l for l in labels if l[0] != "le")
                rows.setdefault(rest, []).append((Decimal("Infinity") if le == "+Inf"
                                                  else Decimal(le), value))
        counts = {l for n, l in values if n == family + "_count"}
        if counts != set(rows) or counts != {l for n, l in values if n == family + "_sum"}:
            wrong(family, "has not _bucket, _sum and _count each")
        for labels, buckets in rows.items():
            if buckets != sorted(buckets) or [v for _, v in buckets] != sorted(
                    v for _, v in buckets):
                wrong(family, dict(labels), "does not rise")
            if buckets[-1] != (Decimal("Infinity"), values[(family + "_count", labels)]):
                wrong(family, dict(labels), "ends otherwise than its count")


def compare(values, status):
    """Each counter of a VM that is alive, against what the status says."""
    vm = ("vm", str(status["id"]))

    def expect(name, wanted, *labels):
        got = values.get((f"kvm_timers_{name}", frozenset((vm, *labels))))
        if got is None or got != Decimal(wanted):
            wrong(name, dict(labels), "is", got, "and not", wanted)

    clock = status["clock"]
    expect("vm_dead", int(status["dead"]))
    expect("vm_memory_bytes", status["mem_bytes"])
    expect("guest_time_seconds", Decimal(status["guest_ns"]) / 10**9)
    expect("catchup_budget_hertz", status["budget_hz"])
    expect("catchup_budget_waits_total", status["budget_waits"])
    expect("clock_segments_total", clock["segments"])
    expect("clock_thaws_total", clock["thaws"])
    expect("clock_stopped_seconds_total", Decimal(clock["stopped_ns"]) / 10**9)
    if not status["dead"]:
        expect("clock_by_tsc", int(clock["by_tsc"]))
        expect("clock_frozen", int(clock["frozen"]))
        expect("clock_lag_seconds", Decimal(clock["lag_ns"]) / 10**9)
    for name, device in status["devices"].items():
        label = ("device", name)
        for key in ("due", "delivered", "coalesced", "merged", "dropped", "given_up",
                    "caught_up"):
            expect(f"ticks_{key}_total", device[key], label)
        expect("ticks_owed", device["owed"], label)
        expect("ticks_rescaled", device["rescaled"], label)
        expect("register_reads_total", device["reads"], label)
        expect("register_writes_total", device["writes"], label)
        expect("device_active", int(device["active"]), label)
        expect("policy_info", 1, label, ("policy", device["policy"]))
        expect("catchup_max_ratio", Decimal(device["catchup_max_rate_pct"]) / 100, label)
        expect("catchup_limit_seconds", Decimal(device["catchup_limit_ms"]) / 1000, label)
        expect("catchup_threshold_seconds", Decimal(device["catchup_threshold_us"]) / 10**6,
               label)
        expect("catchup_ratio", Decimal(device["catchup_rate_pct"]) / 100, label)
        if len(device["catchup_ns"]) != len(LEVELS):
            wrong(name, "has", len(device["catchup_ns"]), "levels of a catch-up")
        for level, ns in zip(LEVELS, device["catchup_ns"]):
            expect("catchup_seconds_total", Decimal(ns) / 10**9, label, ("level", level))
        total = 0
        for bucket in device["late"]:
            total += bucket["count"]
            below = bucket["below_us"]
            le = "+Inf" if below is None else f"{Decimal(below) / 10**6:f}"
            # Six digits, as the tool writes them.
            le = le if below is None else f"{Decimal(le):.6f}"
            expect("lateness_seconds_bucket", total, label, ("le", le))
        expect("lateness_seconds_count", total, label)


def main():
    if len(sys.argv) < 2:
        print(__doc__.strip())
        return 2
    types, values = read(sys.argv[1])
    check_types(types, values)
    check_histograms(types, values)
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as f:
            compare(values, json.load(f, parse_float=Decimal))
    for error in errors:
        print(error)
    return 1 if errors or not values else 0


if __name__ == "__main__":
    sys.exit(main())
