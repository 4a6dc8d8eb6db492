"""The sums of bench/compare, and its page from made-up results. No server is started."""

import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

from comparison import chats, figures, measure, processes, report  # noqa: E402


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


    def test_the_baselines_lead_is_told_too(self):
        found = figures.summary([[a_lap(100, 50), a_lap(100, 25), a_lap(100, 20)]], "other",
                                "bare_epoll")
        self.assertEqual(found["baseline_ratio"]["median"], 4)


class Options:
    server_core = 0
    nice = 0


def a_chat(configure, name="a chat"):
    return measure.Contender(name, [], "server", dialect="plain", configure=configure)


class Servers(unittest.TestCase):
    def test_ready_lines_name_an_address_with_or_without_a_dialect(self):
        for line, address in (
                ("listening on tcp://127.0.0.1:7 (epoll)", "tcp://127.0.0.1:7"),
                ("listening on plain+tcp://127.0.0.1:7 (epoll)", "tcp://127.0.0.1:7"),
                ("listening on irc+tcp://[::1]:7 (poll)", "tcp://[::1]:7")):
            self.assertEqual(processes.READY_LINE.match(line).group(1), address)

    def test_one_that_says_nothing_is_ready_once_it_listens(self):
        program = ("import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));\n"
                   "while True: s.accept()")
        contender = a_chat(lambda folder, port: [sys.executable, "-c", program, str(port)])
        with processes.server(contender, Options) as (process, address):
            self.assertIsNone(process.poll())
            self.assertRegex(address, r"^tcp://127\.0\.0\.1:\d+$")

    def test_one_that_ends_at_once_is_told_of_with_its_last_words(self):
        program = "print('no such option', flush=True); exit(3)"
        contender = a_chat(lambda folder, port: [sys.executable, "-c", program])
        with self.assertRaisesRegex(processes.BenchError, "(?s)a chat: ended with status 3.*no such"):
            with processes.server(contender, Options):
                pass

    def test_those_that_are_not_there_are_named_as_left_out(self):
        found, skipped = chats.contenders(
            "false", lambda program: "/x/redis" if program == "redis-server" else None)
        self.assertEqual([contender.name for contender in found], ["redis"])
        self.assertEqual(skipped, ["nats", "ngircd", "inspircd"])

    def test_each_is_told_its_port_and_nothing_of_the_machines(self):
        for program, name, _, configure, _, _ in chats.OTHERS:
            with tempfile.TemporaryDirectory() as folder:
                told = " ".join(configure("/x/" + program)(folder, 4242))
                for file in os.listdir(folder):
                    with open(os.path.join(folder, file), encoding="utf-8") as opened:
                        told += opened.read()
            self.assertIn("4242", told, name)
            self.assertIn("127.0.0.1", told, name)
            self.assertNotIn("/etc/", told, name)

    def test_a_turn_outlasts_what_is_under_way_when_it_begins(self):
        for cell in measure.fanout_cells():
            under_way = cell.connections * cell.publishers * cell.depth
            self.assertGreaterEqual(measure.turn_seconds(cell, Options) * 2e6, under_way)
            self.assertIn("nats", cell.arguments(0.25, "nats"))


class Page(unittest.TestCase):
    def test_of_chats_names_each_with_its_settings_and_our_lead(self):
        laps = [{"switchboard plain": a_report(100, 10.0), "redis": a_report(20, 50.0)}]
        cell = {"connections": 100, "size": 64, "depth": 100, "rate": 0, "idle": 0, "laps": 1,
                "publishers": 10, "failed": {"nats": "too slow"},
                "contenders": {name: figures.summary([laps], name, "switchboard plain")
                               for name in laps[0]}}
        document = {"made": [{"on": "a day"}], "skipped": ["ngircd"], "command": "bench/compare",
                    "fanout": {"64 B to 100": cell}, "verdicts": {}}
        with tempfile.TemporaryDirectory() as folder:
            report.write(document, [], folder)
            with open(os.path.join(folder, "README.md"), encoding="utf-8") as file:
                page = file.read()
        for text in ("| redis | 20 | 5.000 (5.000..5.000) | 50 ", "| nats | failed: too slow",
                     "| redis | pub/sub;", "ngircd", "### 64 B to 100"):
            self.assertIn(text, page)
        self.assertNotIn("| inspircd |", page)

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
