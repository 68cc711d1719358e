"""Reads a result of bench/run and writes it as a table in Markdown."""

from __future__ import annotations

from statistics import median

from scenarios import SCENARIOS


def number(value):
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 20 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def measured(scenario_result):
    return [pair for pair in scenario_result["pairs"] if not pair["warm_up"]]


def figure_row(scenario, figure, pairs):
    ours = [figure.read(pair["barnabas"]) for pair in pairs]
    theirs = [figure.read(pair["other"]) for pair in pairs if "other" in pair]
    cells = [figure.name, scenario.durability, f"{number(median(ours))} {figure.unit}"]
    met = True
    if theirs:
        ratios = [a / b for a, b in zip(ours, theirs, strict=True) if b > 0]
        ratio = median(ratios) if ratios else float("nan")
        cells += [f"{number(median(theirs))} {figure.unit}", f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})" if ratios else ""]
        if figure.goal_ratio is not None:
            met &= ratio <= figure.goal_ratio
    else:
        cells += ["", ""]
    floors = [figure.read(pair["floor"]) for pair in pairs if "floor" in pair and figure.has_floor]
    if floors and min(floors) > 0:
        cells += [number(median(floors)), f"{median(a / b for a, b in zip(ours, floors, strict=True)):.2f}"]
    else:
        cells += ["", ""]
    goals = []
    if figure.goal is not None:
        goals.append(f"{'≥' if figure.more_is_better else '≤'} {number(figure.goal)}")
        met &= median(ours) >= figure.goal if figure.more_is_better else median(ours) <= figure.goal
    if figure.goal_ratio is not None:
        goals.append(f"ratio ≤ {figure.goal_ratio:.2f}")
        met &= bool(theirs)
    cells += [", ".join(goals), ("yes" if met else "NO") if goals else ""]
    return cells


def markdown(result):
    other = result["other"] or "nothing"
    machine = result["machine"]
    lines = [
        f"{result['time']}, commit {result['commit']}, {machine['cpus']} x {machine['cpu']}, kernel {machine['kernel']}, "
        f"{machine['java']}; load average at the begin {machine['load_average']}; "
        f"{'memory cgroups of 4 GiB' if result['groups'] else 'NO memory cgroups'}.",
        "",
        f"| figure | durability | Barnabas | {other} | ratio (range) | floor | to floor | goal | met |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    durable = []
    for scenario in SCENARIOS:
        pairs = measured(result["scenarios"].get(scenario.name, {"pairs": []}))
        if not pairs:  # not asked for, or the run broke off before
            continue
        for figure in scenario.figures:
            lines.append("| " + " | ".join(figure_row(scenario, figure, pairs)) + " |")
            flushed = [figure.read(pair["other_fsync"]) for pair in pairs if "other_fsync" in pair]
            if flushed:
                durable.append(f"| {figure.name} | {number(median(flushed))} {figure.unit} |")
    if durable:
        lines += ["", f"{other} with `flush.messages=1` (fsync before the acknowledgement):", "", "| figure | |", "|---|---|", *durable]
    return "\n".join(lines)
