"""What is measured: throughput, latency, idle connections, churn. Contenders take turns."""

import contextlib
from dataclasses import dataclass, field
from typing import Callable

from . import figures
from .processes import BenchError, load, note, server


@dataclass
class Contender:
    name: str
    command: list
    family: str  # "floor", "switchboard", "library" or "server"
    # Of chat servers: how the load speaks with it; what it is to be told (see chats.py).
    dialect: str = ""
    configure: Callable = None
    environment: dict = field(default_factory=dict)


@dataclass
class Cell:
    """One kind of load."""
    name: str
    connections: int
    size: int
    depth: int = 1
    rate: int = 0
    idle: int = 0  # further connections that say nothing
    mode: str = "echo"  # or "fanout": `connections` are members, `depth` is of each publisher
    publishers: int = 0

    def arguments(self, turn_s, dialect=""):
        """For a client that is to be told when to measure."""
        arguments = ["--on-demand", "--connections", str(self.connections), "--size",
                     str(self.size), "--duration", milliseconds(turn_s), "--warm-up",
                     milliseconds(turn_s / 2)]
        if self.publishers:
            arguments += ["--publishers", str(self.publishers), "--dialect", dialect]
        if self.rate:
            return arguments + ["--rate", str(self.rate)]
        return arguments + ["--depth", str(self.depth)]


def milliseconds(seconds):
    return f"{max(round(seconds * 1000), 1)}ms"


def throughput_cells(full):
    counts = (1, 8, 64, 256, 1000, 4000, 10000) if full else (1, 64, 1000)
    return [Cell(f"64 B × {count:,}", count, 64) for count in counts] + [
        Cell("64 B × 64, 16 deep", 64, 64, depth=16), Cell("16 KiB × 64", 64, 16384)]


def crowd_cells(full):
    counts = (64, 250, 1000, 2500, 5000, 10000) if full else (100, 3000)
    return [Cell(f"64 among {count:,} idle", 64, 64, idle=count) for count in counts]


def latency_cells(full):
    rates = (10, 20, 40, 60, 80, 100, 120) if full else (20, 80)
    return [Cell(f"{rate},000/s", 64, 64, rate=rate * 1000) for rate in rates]


# What is under way when a turn begins must have arrived long before it ends, whoever delivers it.
SLOWEST_FANOUT = 2_000_000  # deliveries a second
SHORTEST_FANOUT_TURN = 0.25


def fanout_cells():
    """A thousand messages under way, a hundred of each of ten publishers; and one at a time."""
    return [Cell(f"64 B → {members:,} members, {under_way:,} under way", members, 64,
                 depth=under_way // publishers, mode="fanout", publishers=publishers)
            for members, publishers, under_way in ((100, 10, 1000), (1000, 10, 1000), (1000, 1, 1))]


def turn_seconds(cell, options):
    if cell.mode == "fanout":
        under_way = cell.connections * cell.publishers * cell.depth
        return max(SHORTEST_FANOUT_TURN, under_way / SLOWEST_FANOUT)
    if cell.rate:
        return options.open_loop_turn
    # One message on each of many connections takes a while: long enough for one and a half.
    return max(options.turn, cell.connections * 15e-6)


@contextlib.contextmanager
def crowd(cell, contender, process, address, options):
    """Connections that have spoken once and stay; all of them are still there at the end."""
    arguments = ["--on-demand", "--connections", str(cell.idle), "--count", "1", "--warm-up", "0s"]
    with load(contender, "echo", process, address, arguments, options) as client:
        client.measure(300)  # answered once everybody is there
        yield
        client.measure(60)


@contextlib.contextmanager
def stage(cell, contender, options):
    """A fresh server, its crowd if there is to be one, and a load that waits to be told."""
    with contextlib.ExitStack() as stack:
        process, address = stack.enter_context(server(contender, options))
        if cell.idle:
            stack.enter_context(crowd(cell, contender, process, address, options))
        arguments = cell.arguments(turn_seconds(cell, options), contender.dialect)
        yield stack.enter_context(load(contender, cell.mode, process, address, arguments, options))


def measure_lap(loads, failed, options):
    """One turn of each; whoever fails is out of the cell from then on."""
    lap = {}
    for client in list(loads):
        try:
            lap[client.name] = client.measure(120)
        except BenchError as error:
            failed[client.name] = str(error).splitlines()[0]
            loads.remove(client)
    figures.mark_disturbed(lap, options.intruded)
    return lap


def measure_round(cell, contenders, failed, options, progress):
    """Fresh servers and connections, then laps."""
    lap_s = len(contenders) * turn_seconds(cell, options) * 1.5
    if cell.mode == "fanout":
        wanted = options.fanout_laps
    elif cell.rate:
        wanted = options.open_loop_laps
    else:
        wanted = max(int(options.round_seconds / lap_s), options.least_laps)
    laps = []
    with contextlib.ExitStack() as stack:
        loads = [stack.enter_context(stage(cell, contender, options)) for contender in contenders]
        for number in range(wanted):
            note(f"{progress}: {number} of {wanted} laps")
            laps.append(measure_lap(loads, failed, options))
            loads.reverse()
    return laps


def able(cell, contenders, options, progress):
    """Those that stand the cell at all, and what the others' matter is."""
    good, failed = [], {}
    for contender in contenders:
        note(f"{progress}: trying {contender.name}")
        try:
            with stage(cell, contender, options) as client:
                client.measure(60)
            good.append(contender)
        except BenchError as error:
            failed[contender.name] = str(error).splitlines()[0]
    return good, failed


def without(rounds, failed):
    """The laps with nothing of those who failed in any of them."""
    return [[{name: found for name, found in lap.items() if name not in failed} for lap in laps]
            for laps in rounds]


def summaries(rounds, contenders, failed, baseline):
    if baseline in failed:
        raise BenchError(f"{baseline} failed: {failed[baseline]}")
    rounds = without(rounds, failed)
    return {c.name: figures.summary(rounds, c.name, baseline)
            for c in contenders if c.name not in failed}


def measure_cell(cell, contenders, options):
    """The cell's figures, by contender; the first of them is the baseline."""
    baseline = contenders[0].name
    contenders, failed = able(cell, contenders, options, cell.name)
    rounds = []
    wanted = options.fanout_rounds if cell.mode == "fanout" else options.rounds
    for number in range(wanted):
        progress = f"{cell.name}, round {number + 1} of {wanted}"
        left = [c for c in contenders if c.name not in failed]
        # Whoever starts first is not always the same: it finds the kernel's memory in another state.
        order = left if number % 2 == 0 else left[::-1]
        rounds.append(measure_round(cell, order, failed, options, progress))
    return {"connections": cell.connections, "size": cell.size, "depth": cell.depth,
            "rate": cell.rate, "idle": cell.idle, "publishers": cell.publishers,
            "laps": sum(map(len, rounds)), "failed": failed,
            "contenders": summaries(rounds, contenders, failed, baseline)}


def measure_fanout(contenders, options):
    """Deliveries of one message to many, by cell. A quick run has no thousand people join, and leave,
    the IRC servers, which takes them seconds."""
    found = {}
    quick = [c for c in contenders if c.dialect != "irc" or c.family == "switchboard"]
    for cell in fanout_cells():
        few = not options.full and cell.connections >= 1000
        found[cell.name] = measure_cell(cell, quick if few else contenders, options)
    return found


def measure_idle(contenders, options):
    """Bytes of memory per idle connection and CPU while idle, by contender."""
    arguments = ["--connections", str(options.idle_connections), "--warm-up", "200ms", "--duration",
                 "1s"]
    found, failed = {}, {}
    for contender in contenders:
        note(f"idle connections: {contender.name}")
        try:
            with server(contender, options) as (process, address):
                with load(contender, "idle", process, address, arguments, options) as client:
                    found[contender.name] = client.report(180)
        except BenchError as error:
            failed[contender.name] = str(error).splitlines()[0]
    return {"connections": options.idle_connections, "contenders": found, "failed": failed}


def measure_churn(contenders, options):
    """Connections a second, 32 at once. A round is one turn of each on a fresh server, in an order
    that moves on by one each round: what the one before left in TIME-WAIT burdens each alike."""
    arguments = ["--connections", "32", "--duration", "300ms", "--warm-up", "100ms"]
    rounds, failed = [], {}
    for number in range(options.churn_rounds):
        lap = {}
        first = number % len(contenders)
        for contender in contenders[first:] + contenders[:first]:
            if contender.name in failed:
                continue
            note(f"churn, round {number + 1} of {options.churn_rounds}: {contender.name}")
            try:
                with server(contender, options) as (process, address):
                    with load(contender, "churn", process, address, arguments, options) as client:
                        lap[contender.name] = client.report(60)
            except BenchError as error:
                failed[contender.name] = str(error).splitlines()[0]
        figures.mark_disturbed(lap, options.intruded)
        rounds.append([lap])
    return {"connections": 32, "laps": len(rounds), "failed": failed,
            "contenders": summaries(rounds, contenders, failed, contenders[0].name)}


def load_is_not_the_bottleneck(document):
    """Core busy, and the client's CPU over the server's, where bare_epoll is driven."""
    verdicts = {}
    for name, cell in document.get("throughput", {}).items():
        floor = cell["contenders"]["bare_epoll"]
        if (cell["size"], cell["depth"]) == (64, 1) and cell["connections"] in (64, 1000):
            verdicts[name] = {"core_busy": floor["core_busy"], "server_busy": floor["server_busy"],
                              "client_over_server": floor["client_cpu_ns"] / floor["server_cpu_ns"]}
    return verdicts


