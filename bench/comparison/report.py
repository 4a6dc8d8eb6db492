"""The Markdown page of a comparison."""

import os

from . import chats, figures

PLOTS = {
    "throughput": "Throughput against connections, each contender's as a ratio to bare_epoll",
    "cpu": "Server CPU a message against connections, as a ratio to bare_epoll",
    "crowd": "Throughput of 64 busy connections among idle ones, as a ratio to bare_epoll",
    "latency": "p99 latency against offered rate",
    "idle": "User memory of an idle connection",
    "churn": "Server CPU of a connection that comes, has one message echoed, and goes",
    "fanout": "Deliveries a second to 100 and to 1,000 members",
    "fanout-one": "Deliveries a second to 1,000 members, one message under way",
}


def picture(name):
    """One that suits a light and a dark page."""
    return (f'<picture>\n  <source media="(prefers-color-scheme: dark)" srcset="{name}-dark.svg">\n'
            f'  <img alt="{PLOTS[name]}" src="{name}-light.svg">\n</picture>\n')


def ratio(found):
    if not found:
        return "–"
    return f"{found['median']:.3f} ({found['min']:.3f}..{found['max']:.3f})"


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows]) + "\n"


def cell_table(cell, unit):
    rows = []
    for name, found in cell["contenders"].items():
        bound = " *" if figures.is_bound_by_the_load(found) else ""
        rows.append([name, ratio(found["throughput_ratio"]) + bound, ratio(found["cpu_ratio"]),
                     f"{found['per_second']:,.0f}", f"{found['server_cpu_ns']:,.0f}",
                     f"{found['user_share'] * 100:.0f} %", f"{found['client_cpu_ns']:,.0f}",
                     f"{found['core_busy'] * 100:.0f} %"])
    rows += [[name, f"failed: {why}"] + [""] * 6 for name, why in cell["failed"].items()]
    return table(["contender", f"{unit}s/s, ratio", "server CPU, ratio", f"{unit}s/s",
                  f"server ns a {unit}", "of it user", f"load ns a {unit}", "server's core busy"],
                 rows)


def fanout_table(cell):
    """The first contender is Switchboard, whose ratio to each is told."""
    rows = []
    for name, found in cell["contenders"].items():
        bound = " *" if figures.is_bound_by_the_load(found) else ""
        rows.append([name, f"{found['per_second']:,.0f}" + bound, ratio(found["baseline_ratio"]),
                     f"{found['server_cpu_ns']:,.0f}", f"{found['user_share'] * 100:.0f} %",
                     f"{found['client_cpu_ns']:,.0f}", f"{found['core_busy'] * 100:.0f} %",
                     f"{found['p50_us']:,.0f}", f"{found['p99_us']:,.0f}"])
    rows += [[name, f"failed: {why}"] + [""] * 7 for name, why in cell["failed"].items()]
    baseline = next(iter(cell["contenders"]))
    return table(["server", "deliveries/s", f"{baseline} over it", "server ns a delivery",
                  "of it user", "load ns a delivery", "server's core busy", "p50 µs", "p99 µs"],
                 rows)


def fanout_parts(cells, drawn):
    """The section on chats."""
    names = {name for cell in cells.values() for name in list(cell["contenders"]) + list(cell["failed"])}
    settings = chats.set_as()
    parts = ["## Fan-out: one message to many\n"]
    parts += [picture(name) for name in ("fanout", "fanout-one") if name in drawn]
    parts += ["Publishers and members are connections of one room. A delivery is one message that one "
              "member got, verified; its latency is from publishing to receipt, most of it in queues "
              "where many are under way. In a chat publishers are in the room too: ours and the IRC "
              "servers deliver to each of them what the others say, which is not counted. How each is "
              "set:\n",
              table(["server", "set"], [[name, words] for name, words in settings.items()
                                        if name in names])]
    for name, cell in cells.items():
        parts += [f"### {name}\n", fanout_table(cell), laps(cell)]
    return parts


def laps(cell):
    text = f"{cell['laps']} laps"
    if any(map(figures.is_bound_by_the_load, cell["contenders"].values())):
        text = ("\\* the load generator set the pace: the server could do more; compare the CPU. "
                + text)
    turns = sum(found.get("disturbed", 0) for found in cell["contenders"].values())
    if turns:
        text += (f"; in {turns} of {cell['laps'] * len(cell['contenders'])} turns other work had a "
                 "part of a core, and they are left out where half of the laps remain")
    return text + ".\n"


def latency_tables(cells):
    rates = [f"{cell['rate']:,}" for cell in cells.values()]
    names = []
    for cell in cells.values():
        names += [name for name in cell["contenders"] if name not in names]
    parts = []
    for percentile in ("p50", "p99", "p99.9"):
        rows = []
        for name in names:
            row = [name]
            for cell in cells.values():
                found = cell["contenders"].get(name)
                row.append(f"{found[percentile + '_us']:,.0f}" if found else "–")
            rows.append(row)
        parts += [f"{percentile}, microseconds from when a message was due, at so many messages a "
                  "second; of each turn of a quarter of a second, and of those the median:\n",
                  table(["contender"] + rates, rows)]
    turns = sum(cell["laps"] * len(cell["contenders"]) for cell in cells.values())
    left_out = sum(found.get("disturbed", 0)
                   for cell in cells.values() for found in cell["contenders"].values())
    return parts + [f"{turns} turns; in {left_out} other work had a part of a core, and they are left "
                    "out where half of a contender's remain.\n"]


def idle_table(idle):
    rows = [[name, f"{found['bytes_per_connection']:,.1f}", f"{found['idle_cpu_ns'] / 1e3:,.0f}",
             f"{found['idle_switches']}"] for name, found in idle["contenders"].items()]
    rows += [[name, f"failed: {why}", "", ""] for name, why in idle["failed"].items()]
    return table(["contender", "bytes a connection", "CPU in a second of idleness, µs",
                  "context switches"], rows)


def heading(document):
    made = document["made"]
    circumstances = [[key] + [str(run.get(key, "")) for run in made] for key in made[0]]
    skipped = document["skipped"]
    lines = [
        "# Servers compared\n",
        "Every figure was measured by `bench/compare`; change nothing here by hand. Each ratio is to "
        "`bare_epoll` (`bench/reference/bare_epoll.cc`: epoll_wait, recv, send, nothing else), "
        "within one pair of turns of some 40 ms (150 ms at 10,000 connections, 300 ms where they come "
        "and go), median over all laps, in brackets the lowest and "
        "highest of the rounds, in each of which every process starts afresh (of chats to "
        "Switchboard's, within turns of 250 ms or more). Above 1 is better for "
        "messages a second, below 1 for CPU.\n",
        table(["made"] + [""] * len(made), circumstances),
        "Make it again: `" + document["command"] + "`, on a machine that is otherwise quiet.\n"]
    if skipped:
        lines.append("Left out, for want of their package: " + ", ".join(skipped) + ".\n")
    return lines


def verdict_table(document):
    rows = []
    for name, found in document["verdicts"].items():
        rows.append([name, f"{found['core_busy'] * 100:.1f} %", f"{found['client_over_server']:.3f}"])
    return ["Is the load generator the bottleneck? What it does to bare_epoll (a core that it keeps "
            "over 95 % busy, and less CPU of its own than of the server, would say no):\n",
            table(["cell", "server's core busy", "load's CPU over the server's"], rows)]


def write(document, drawn, out):
    """README.md in `out`."""
    parts = heading(document)
    if document.get("throughput"):
        parts += ["## Throughput and CPU\n"]
        parts += [picture(name) for name in ("throughput", "cpu") if name in drawn]
        parts += verdict_table(document)
        for name, cell in document["throughput"].items():
            parts += [f"### {name}\n", cell_table(cell, "message"), laps(cell)]
    if document.get("crowd"):
        parts += ["## 64 busy connections in a crowd of idle ones\n", picture("crowd")]
        for name, cell in document["crowd"].items():
            parts += [f"### {name}\n", cell_table(cell, "message"), laps(cell)]
    if document.get("latency"):
        parts += ["## Latency at an offered rate\n", picture("latency")]
        parts += latency_tables(document["latency"])
    if document.get("idle"):
        parts += [f"## {document['idle']['connections']:,} idle connections\n", picture("idle"),
                  idle_table(document["idle"])]
    if document.get("churn"):
        parts += ["## Connections that come and go\n", picture("churn"),
                  cell_table(document["churn"], "connection"), laps(document["churn"])]
    if document.get("fanout"):
        parts += fanout_parts(document["fanout"], drawn)
    with open(os.path.join(out, "README.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(parts))
