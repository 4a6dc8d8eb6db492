"""Ratios within a lap, medians over laps, spread over rounds.

A lap is one turn of each contender, back to back; only figures of the same lap are divided by each
other. A round is everything started afresh.
"""

import statistics


def ratios(laps, name, baseline, figure):
    """`figure` of a contender over that of the baseline, lap by lap."""
    # On a machine that others keep busy a turn may pass without a single message.
    return [figure(lap[name]) / figure(lap[baseline]) for lap in laps if figure(lap[baseline]) > 0]


def spread(rounds, name, baseline, figure):
    """The median of all laps' ratios, and the lowest and highest median of a round."""
    every = [ratio for laps in rounds for ratio in ratios(laps, name, baseline, figure)]
    if not every:
        return None
    medians = [statistics.median(of_round)
               for of_round in (ratios(laps, name, baseline, figure) for laps in rounds) if of_round]
    return {"median": statistics.median(every), "min": min(medians), "max": max(medians)}


def median(rounds, name, figure):
    return statistics.median(figure(lap[name]) for laps in rounds for lap in laps)


def mean(rounds, name, figure):
    return statistics.fmean(figure(lap[name]) for laps in rounds for lap in laps)


def share_of_user(rounds, name):
    """The ticks of many turns together; those of one are too few to say anything."""
    user = sum(lap[name]["server"]["user_ticks"] for laps in rounds for lap in laps)
    system = sum(lap[name]["server"]["system_ticks"] for laps in rounds for lap in laps)
    return user / max(user + system, 1)


def was_disturbed(lap, intruded):
    """Whether another process kept a server or a client from its core for too long."""
    return any(report[who]["intruded"] > intruded
               for report in lap.values() for who in ("server", "client"))


def usable(quiet, disturbed):
    """The rounds' undisturbed laps, or all of them where too few are; and whether it is all."""
    if all(len(good) >= max(len(bad) / 2, 1) for good, bad in zip(quiet, disturbed)):
        return quiet, False
    return [good + bad for good, bad in zip(quiet, disturbed)], True


def throughput(report):
    return report["messages_per_second"]


def server_cpu(report):
    return report["server"]["cpu_ns_per_message"]


def summary(rounds, name, baseline):
    """What a table says about one contender in one cell."""
    return {
        "throughput_ratio": spread(rounds, name, baseline, throughput),
        "cpu_ratio": spread(rounds, name, baseline, server_cpu),
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
