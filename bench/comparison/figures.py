"""Ratios within a lap, medians over laps, spread over rounds.

A lap is one turn of each contender, back to back; only figures of the same lap are divided by each
other. A round is everything started afresh.
"""

import statistics


def quiet(laps, *names):
    """The laps in which nobody disturbed these, where that is at least half of them; else all."""
    found = [lap for lap in laps if not any(lap[name].get("disturbed") for name in names)]
    return found if len(found) * 2 >= len(laps) else laps


def ratios(laps, name, baseline, figure):
    """`figure` of a contender over that of the baseline, lap by lap."""
    # On a machine that others keep busy a turn may pass without a single message.
    laps = [lap for lap in laps if figure(lap[baseline]) > 0]
    return [figure(lap[name]) / figure(lap[baseline]) for lap in quiet(laps, name, baseline)]


def spread(rounds, name, baseline, figure):
    """The median of all laps' ratios, and the lowest and highest median of a round."""
    every = [ratio for laps in rounds for ratio in ratios(laps, name, baseline, figure)]
    if not every:
        return None
    medians = [statistics.median(of_round)
               for of_round in (ratios(laps, name, baseline, figure) for laps in rounds) if of_round]
    return {"median": statistics.median(every), "min": min(medians), "max": max(medians)}


def every_quiet(rounds, name, figure):
    return [figure(lap[name]) for lap in quiet([lap for laps in rounds for lap in laps], name)]


def median(rounds, name, figure):
    return statistics.median(every_quiet(rounds, name, figure))


def mean(rounds, name, figure):
    return statistics.fmean(every_quiet(rounds, name, figure))


def share_of_user(rounds, name):
    """The ticks of many turns together; those of one are too few to say anything."""
    user = sum(lap[name]["server"]["user_ticks"] for laps in rounds for lap in laps)
    system = sum(lap[name]["server"]["system_ticks"] for laps in rounds for lap in laps)
    return user / max(user + system, 1)


def mark_disturbed(lap, intruded):
    """Marks the turns in which another process kept the server or the load from its core for long."""
    for report in lap.values():
        if any(report[who]["intruded"] > intruded for who in ("server", "client")):
            report["disturbed"] = True


def disturbed(rounds, name):
    """How many of a contender's turns were."""
    return sum(1 for laps in rounds for lap in laps if lap[name].get("disturbed"))


def throughput(report):
    return report["messages_per_second"]


def server_cpu(report):
    return report["server"]["cpu_ns_per_message"]


def is_bound_by_the_load(found):
    """Whether the load generator, not the server, set the pace: what is then counted a second is a
    lower bound of what the server can do, and only its CPU is compared."""
    return found["client_busy"] > 0.97 and found["core_busy"] < 0.95


def summary(rounds, name, baseline):
    """What a table says about one contender in one cell."""
    return {
        "disturbed": disturbed(rounds, name),
        "throughput_ratio": spread(rounds, name, baseline, throughput),
        "cpu_ratio": spread(rounds, name, baseline, server_cpu),
        # The other way round, which is not one over the median.
        "baseline_ratio": spread(rounds, baseline, name, throughput),
        "per_second": median(rounds, name, throughput),
        "server_cpu_ns": median(rounds, name, server_cpu),
        "user_share": share_of_user(rounds, name),
        "client_cpu_ns": median(rounds, name, lambda r: r["client"]["cpu_ns_per_message"]),
        "server_busy": median(rounds, name, lambda r: r["server"]["busy"]),
        # From ticks of 10 ms, hence no median.
        "core_busy": mean(rounds, name, lambda r: r["server"]["core_busy"]),
        "client_busy": median(rounds, name, lambda r: r["client"]["busy"]),
        "p50_us": median(rounds, name, lambda r: r["latency_us"]["p50"]),
        "p99_us": median(rounds, name, lambda r: r["latency_us"]["p99"]),
        "p99.9_us": median(rounds, name, lambda r: r["latency_us"]["p99.9"]),
    }
