"""The sums of bench/compare, and its page from made-up results. No server is started."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

from comparison import figures, measure, report  # noqa: E402


def a_report(per_second, cpu_ns, intruded=0.0):
    process = {"cpu_ns_per_message": cpu_ns, "user_ticks": 1, "system_ticks": 3, "busy": 0.9,
               "core_busy": 0.95, "intruded": intruded}
    return {"messages_per_second": per_second, "server": process, "client": dict(process),
            "latency_us": {"p50": 1.0, "p99": 2.0, "p99.9": 3.0}}


def a_lap(floor, other, intruded=0.0):
    return {"bare_epoll": a_report(floor, 1000.0, intruded), "other": a_report(other, 2000.0)}


class Figures(unittest.TestCase):
    def test_a_ratio_is_taken_within_a_lap_only(self):
        # The machine's speed doubles from one lap to the next; the ratio does not.
        laps = [a_lap(100, 50), a_lap(200, 100)]
        self.assertEqual(figures.ratios(laps, "other", "bare_epoll", figures.throughput),
                         [0.5, 0.5])

    def test_a_lap_in_which_the_baseline_did_nothing_says_nothing(self):
        laps = [a_lap(0, 50), a_lap(100, 50)]
        self.assertEqual(figures.ratios(laps, "other", "bare_epoll", figures.throughput), [0.5])

    def test_the_spread_is_of_the_rounds_medians(self):
        rounds = [[a_lap(100, 40), a_lap(100, 50), a_lap(100, 60)], [a_lap(100, 70)]]
        spread = figures.spread(rounds, "other", "bare_epoll", figures.throughput)
        self.assertEqual((spread["min"], spread["max"]), (0.5, 0.7))
        self.assertAlmostEqual(spread["median"], 0.55)

    def test_disturbed_turns_are_left_out_unless_too_few_are_not(self):
        good, bad = a_lap(100, 50), a_lap(100, 90, intruded=0.5)
        for lap in (good, bad):
            figures.mark_disturbed(lap, 0.05)
        self.assertEqual(figures.ratios([good, bad], "other", "bare_epoll", figures.throughput),
                         [0.5])
        self.assertEqual(figures.ratios([good, bad, bad], "other", "bare_epoll",
                                        figures.throughput), [0.5, 0.9, 0.9])
        self.assertEqual(figures.disturbed([[good, bad]], "bare_epoll"), 1)

    def test_a_load_at_its_limit_is_told_from_a_server_at_its_own(self):
        found = {"client_busy": 0.99, "core_busy": 0.7}
        self.assertTrue(figures.is_bound_by_the_load(found))
        self.assertFalse(figures.is_bound_by_the_load(found | {"core_busy": 0.99}))
        self.assertFalse(figures.is_bound_by_the_load(found | {"client_busy": 0.8}))

    def test_nothing_is_left_of_one_that_failed_on_the_way(self):
        rounds = [[a_lap(100, 50), {"bare_epoll": a_report(100, 1000.0)}]]
        self.assertEqual(measure.without(rounds, {"other": "reset"}),
                         [[{"bare_epoll": lap["bare_epoll"]} for lap in rounds[0]]])

    def test_durations_are_written_as_the_load_takes_them(self):
        self.assertEqual([measure.milliseconds(s) for s in (0.04, 1.5, 0.0001)],
                         ["40ms", "1500ms", "1ms"])


class Page(unittest.TestCase):
    def test_names_every_contender_and_every_failure(self):
        rounds = [[a_lap(100, 50)]]
        cell = {"connections": 64, "size": 64, "depth": 1, "rate": 0, "idle": 0, "laps": 1,
                "failed": {"threads": "too many"},
                "contenders": {name: figures.summary(rounds, name, "bare_epoll")
                               for name in ("bare_epoll", "other")}}
        document = {"made": [{"on": "a day"}], "skipped": ["libuv"], "command": "bench/compare",
                    "throughput": {"64 B × 64": cell}}
        document["verdicts"] = measure.load_is_not_the_bottleneck(document)
        with tempfile.TemporaryDirectory() as folder:
            report.write(document, [], folder)
            with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
                page = file.read()
        for text in ("| other | 0.500 (0.500..0.500) | 2.000", "| threads | failed: too many",
                     "libuv", "64 B × 64", "| 95.0 % | 1.000 |"):
            self.assertIn(text, page)


if __name__ == "__main__":
    unittest.main()
