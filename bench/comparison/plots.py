"""The report's plots, each in a light and a dark version with a transparent background."""

import os

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams.update({
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "switchboard",  # the same figures give the same file
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
})
from matplotlib import pyplot  # noqa: E402  (after the backend is chosen)

# Okabe and Ito's palette, which colour-blind readers can tell apart.
COLOURS = {
    "bare_epoll": "#888888", "switchboard epoll": "#0072B2", "switchboard poll": "#E69F00",
    "switchboard select": "#D55E00", "switchboard libevent": "#56B4E9", "threads": "#999933",
    "libevent": "#009E73", "bufferevents": "#44AA99", "libuv": "#CC79A7",
    "libuv's guide": "#DD9999", "libev": "#AA4499", "asio": "#882255",
    "switchboard plain": "#0072B2", "switchboard irc": "#56B4E9", "redis": "#D55E00",
    "nats": "#009E73", "ngircd": "#CC79A7", "inspircd": "#E69F00",
}
THEMES = {"light": "#222222", "dark": "#dddddd"}


def save(draw, out, name, size=(8, 4.5), room_for_labels=True):
    """Draws once for each theme; labels of lines stand to the right of the axes."""
    for theme, ink in THEMES.items():
        settings = {key: ink for key in ("text.color", "axes.labelcolor", "axes.edgecolor",
                                         "xtick.color", "ytick.color")}
        with matplotlib.rc_context(settings):
            figure, axes = pyplot.subplots(figsize=size)
            if room_for_labels:
                figure.subplots_adjust(left=0.09, right=0.79, bottom=0.13, top=0.97)
            else:
                figure.set_layout_engine("constrained")
            draw(axes)
            figure.savefig(os.path.join(out, f"{name}-{theme}.svg"), transparent=True,
                           metadata={"Date": None})
            pyplot.close(figure)


def spread_labels(positions, gap):
    """Moves labels apart, upwards and downwards, until each has `gap` to the next."""
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    placed = list(positions)
    for _ in range(200):
        moved = False
        for low, high in zip(order, order[1:]):
            lacking = gap - (placed[high] - placed[low])
            if lacking > 1e-9:
                placed[low] -= lacking / 2
                placed[high] += lacking / 2
                moved = True
        if not moved:
            break
    # As a whole back into the picture.
    shift = min(0, 0.98 - max(placed)) or max(0, 0.02 - min(placed))
    return [position + shift for position in placed]


def label_ends(axes, ends):
    """Names each line at its right end, in its colour."""
    axes.autoscale_view()  # or the transformation below is that of empty axes
    # In fractions of the height, so that logarithmic axes need no other sum.
    to_axes = axes.transData + axes.transAxes.inverted()
    heights = [to_axes.transform((x, y))[1] for _, x, y in ends]
    for (name, x, y), height in zip(ends, spread_labels(heights, 0.055)):
        axes.annotate(name, xy=(x, y), xycoords="data", xytext=(1.02, height),
                      textcoords="axes fraction", color=COLOURS.get(name, "#888888"), va="center",
                      fontsize=9, annotation_clip=False)


def lines(axes, series, whiskers=True):
    """series: name to a list of (x, y, low, high)."""
    ends = []
    for name, points in series.items():
        colour = COLOURS.get(name, "#888888")
        xs, ys, lows, highs = zip(*points)
        axes.plot(xs, ys, color=colour, marker="o", markersize=3,
                  linewidth=2.2 if name == "switchboard epoll" else 1.3,
                  linestyle="--" if name == "bare_epoll" else "-")
        if whiskers:
            axes.vlines(xs, lows, highs, color=colour, linewidth=1, alpha=0.6)
        ends.append((name, xs[-1], ys[-1]))
    return ends


def ratio_series(cells, key, count):
    series = {}
    for cell in cells:
        for name, figures in cell["contenders"].items():
            ratio = figures[key]
            if ratio:
                series.setdefault(name, []).append(
                    (cell[count], ratio["median"], ratio["min"], ratio["max"]))
    return series


def against(cells, count, key, xlabel, ylabel, out, name):
    """Ratios over the cells; `count` names what the horizontal axis counts."""

    def draw(axes):
        axes.set_xscale("log")
        if key == "cpu_ratio":
            axes.set_yscale("log")
            axes.set_yticks([1, 1.5, 2, 3, 5], ["1", "1.5", "2", "3", "5"])
        ends = lines(axes, ratio_series(cells, key, count))
        axes.set_xlabel(xlabel)
        axes.set_ylabel(ylabel)
        axes.set_xticks([cell[count] for cell in cells], [f"{cell[count]:,}" for cell in cells])
        axes.minorticks_off()
        axes.grid(True, axis="y", alpha=0.2)
        label_ends(axes, ends)

    save(draw, out, name)


def latency(document, out):
    series = {}
    for cell in document["latency"].values():
        for name, figures in cell["contenders"].items():
            value = figures["p99_us"]
            series.setdefault(name, []).append((cell["rate"] / 1000, value, value, value))

    def draw(axes):
        axes.set_yscale("log")
        ends = lines(axes, series, whiskers=False)
        axes.set_xlabel("offered rate, thousand messages a second (64 connections, 64 bytes)")
        axes.set_ylabel("p99 latency, microseconds from when due")
        axes.grid(True, axis="y", alpha=0.2)
        label_ends(axes, ends)

    save(draw, out, "latency")


def bars(values, out, name, label):
    """values: name to number; the largest on top."""
    ordered = sorted(values.items(), key=lambda item: item[1])

    def draw(axes):
        names = [name for name, _ in ordered]
        drawn = axes.barh(names, [value for _, value in ordered],
                          color=[COLOURS.get(name, "#888888") for name in names])
        axes.bar_label(drawn, labels=[f"{value:,.0f}" for _, value in ordered], padding=3,
                       fontsize=9)
        axes.set_xlabel(label)

    save(draw, out, name, size=(8, 0.6 + 0.34 * len(ordered)), room_for_labels=False)


def paired_bars(series, out, name, label):
    """series: what a bar stands for to its values by contender; the first one's order is everybody's.
    Those that did not stand one of them have no bar there."""
    first = next(iter(series.values()))
    everybody = {each: first.get(each, 0) for values in series.values() for each in values}
    names = sorted(everybody, key=lambda each: everybody[each])
    height = 0.8 / len(series)

    def draw(axes):
        for number, (what, values) in enumerate(series.items()):
            there = [each for each in names if each in values]
            places = [names.index(each) + 0.4 - height * (number + 0.5) for each in there]
            drawn = axes.barh(places, [values[each] for each in there], height * 0.92,
                              color=[COLOURS.get(each, "#888888") for each in there],
                              alpha=1 - 0.45 * number)
            axes.bar_label(drawn, labels=[f"{values[each]:,.1f}  {what}" for each in there],
                           padding=3, fontsize=8)
        axes.set_yticks(range(len(names)), names)
        axes.margins(x=0.16)
        axes.set_xlabel(label)

    save(draw, out, name, size=(8, 0.7 + 0.28 * len(names) * len(series)), room_for_labels=False)


def fanout(cells, out):
    many = {f"to {cell['connections']:,}": {name: found["per_second"] / 1e6
                                            for name, found in cell["contenders"].items()}
            for cell in cells if cell["publishers"] > 1}
    paired_bars(many, out, "fanout", "million 64-byte deliveries a second, ten publishers, "
                "1,000 messages under way, one core")
    one = {name: found["per_second"] / 1e3
           for cell in cells if cell["publishers"] == 1
           for name, found in cell["contenders"].items()}
    bars(one, out, "fanout-one",
         "thousand 64-byte deliveries a second to 1,000 members, one message under way, one core")
    return ["fanout", "fanout-one"]


def draw_all(document, out):
    """Every plot that the document has figures for; gives their names."""
    drawn = []
    if document.get("throughput"):
        cells = [cell for cell in document["throughput"].values()
                 if cell["size"] == 64 and cell["depth"] == 1]
        busy = "connections, each with one 64-byte message under way"
        against(cells, "connections", "throughput_ratio", busy,
                "throughput, as a ratio to bare_epoll", out, "throughput")
        against(cells, "connections", "cpu_ratio", busy,
                "server CPU a message, as a ratio to bare_epoll", out, "cpu")
        drawn += ["throughput", "cpu"]
    if document.get("crowd"):
        against(list(document["crowd"].values()), "idle", "throughput_ratio",
                "idle connections beside 64 busy ones", "throughput, as a ratio to bare_epoll", out,
                "crowd")
        drawn.append("crowd")
    if document.get("latency"):
        latency(document, out)
        drawn.append("latency")
    if document.get("idle"):
        bars({name: max(found["bytes_per_connection"], 0)
              for name, found in document["idle"]["contenders"].items()}, out, "idle",
             f"bytes of user memory a connection, {document['idle']['connections']:,} idle")
        drawn.append("idle")
    if document.get("churn"):
        bars({name: found["server_cpu_ns"] / 1e3
              for name, found in document["churn"]["contenders"].items()},
             out, "churn", "server's CPU a connection, µs, 32 at once, one message each")
        drawn.append("churn")
    if document.get("fanout"):
        drawn += fanout(list(document["fanout"].values()), out)
    return drawn
