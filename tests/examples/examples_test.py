"""The examples, run as their head comments say, with what they print and answer compared.

examples_test.py FOLDER TEST...: of the programs in FOLDER, those that the classes TEST are about.
"""

import contextlib
import os
import re
import resource
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

FOLDER = sys.argv.pop(1)
DEADLINE = 5  # seconds; reached by a failure only
SIGTERM = -15  # how a program ends that does nothing about the signal


def command(example, *arguments):
    return [os.path.join(FOLDER, example), *arguments]


def run(example, *arguments, stdin=""):
    return subprocess.run(command(example, *arguments), input=stdin, timeout=DEADLINE, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


class Server:
    """An example that serves, from its ready line to the signal that ends it with `status`."""

    def __init__(self, example, *arguments, status=0, descriptors=None, may_complain=False):
        self.status = status
        self.may_complain = may_complain
        limit = (descriptors, descriptors)
        self.process = subprocess.Popen(
            command(example, *arguments), text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=descriptors and (lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit)))
        self.ready_line = self.process.stdout.readline()
        port = re.search(r"(\d+)$", self.ready_line)
        self.port = int(port[1]) if port else 0
        self.endpoint = f"tcp://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        self.process.terminate()
        output, errors = self.process.communicate(timeout=DEADLINE)
        good = self.process.returncode == self.status and (self.may_complain or not errors)
        if not failure and (output or not good):
            raise AssertionError(f"ended with {self.process.returncode}: {output}{errors}")

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), DEADLINE)


def receive(connection, size):
    """So many bytes; fewer where the stream ends."""
    received = bytearray()
    while len(received) < size and (piece := connection.recv(min(size - len(received), 65536))):
        received += piece
    return bytes(received)


def converse(server, pieces):
    """What comes back until the end, if `pieces` are sent one by one and then the end."""
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            connection.sendall(piece)
        connection.shutdown(socket.SHUT_WR)
        return receive(connection, sys.maxsize)


def bytes_of(text):
    return [text[i:i + 1] for i in range(len(text))]


class Serving:
    """The three ways to serve: the same cases for each."""

    def serve(self, **options):
        return Server(self.example, "0", status=self.status, **options)

    def test_answers_in_capitals_whatever_comes_in_whatever_pieces(self):
        with self.serve() as server:
            self.assertEqual(converse(server, [b"hello, ", b"w\0rld\n"]), b"HELLO, W\0RLD\n")
            self.assertEqual(converse(server, bytes_of(b"one by one")), b"ONE BY ONE")
            self.assertEqual(converse(server, []), b"")

    def test_serves_many_at_once_and_a_silent_one_delays_nobody(self):
        with self.serve() as server, contextlib.ExitStack() as stack:
            clients = [stack.enter_context(server.connect()) for _ in range(50)]
            for client in clients[1:]:
                client.sendall(b"first")
            for client in reversed(clients[1:]):
                self.assertEqual(receive(client, 5), b"FIRST")
                client.sendall(b"second")
                self.assertEqual(receive(client, 6), b"SECOND")

    def test_a_client_that_reads_slowly_gets_everything(self):
        with self.serve() as server, server.connect() as client:
            text = b"abcdefghijklmnop" * (256 * 1024)  # no kernel takes that much at once
            sender = threading.Thread(target=lambda: (client.sendall(text),
                                                      client.shutdown(socket.SHUT_WR)))
            sender.start()
            self.assertEqual(receive(client, sys.maxsize), text.upper())
            sender.join()

    def test_a_client_that_breaks_off_harms_nobody(self):
        with self.serve() as server:
            for _ in range(20):
                with server.connect() as client:
                    client.sendall(b"x" * 100_000)
                    # Closed with a reset, and its answer unread.
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.assertEqual(converse(server, [b"still here"]), b"STILL HERE")

    def test_out_of_descriptors_it_goes_on_and_takes_clients_when_others_leave(self):
        with self.serve(descriptors=24, may_complain=True) as server:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(server.connect()) for _ in range(40)]
                clients[0].sendall(b"still served")
                self.assertEqual(receive(clients[0], 12), b"STILL SERVED")
            self.assertEqual(converse(server, [b"so is the next"]), b"SO IS THE NEXT")

    def test_says_that_its_port_is_taken(self):
        with self.serve() as server:
            second = run(self.example, str(server.port))
            self.assertEqual((second.stdout, second.returncode), ("", 1))
            self.assertIn("Address already in use", second.stderr)


class ServeWithThreads(Serving, unittest.TestCase):
    example, status = "serve_with_threads", SIGTERM


def state_of(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rpartition(")")[2].split()[0]


class ServeWithSelect(Serving, unittest.TestCase):
    example, status = "serve_with_select", SIGTERM

    # It looked for who waits, found no descriptor, and looked again, without end.
    def test_when_accept_finds_no_descriptor_it_sleeps_and_tries_again(self):
        with self.serve() as server, server.connect() as first:
            first.sendall(b"here")
            self.assertEqual(receive(first, 4), b"HERE")
            pid = server.process.pid
            usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            used = len(os.listdir(f"/proc/{pid}/fd"))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, usual[1]))
            with server.connect() as second:
                second.sendall(b"and I")
                first.sendall(b"still here")
                self.assertEqual(receive(first, 10), b"STILL HERE")
                deadline = time.monotonic() + DEADLINE
                while state_of(server.process) != "S":
                    self.assertLess(time.monotonic(), deadline, "it spins")
                resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
                self.assertEqual(receive(second, 5), b"AND I")


class ServeWithReactor(Serving, unittest.TestCase):
    example, status = "serve_with_reactor", 0


class EchoServer(unittest.TestCase):
    def test_answers_with_what_it_is_sent(self):
        with Server("echo_server", "tcp://127.0.0.1:0") as server:
            self.assertEqual(converse(server, [b"hello, ", b"world\n"]), b"hello, world\n")


class ClientSocket(unittest.TestCase):
    def test_prints_everything_up_to_the_end(self):
        with Server("serve_with_reactor", "0") as server:
            answer = run("client_socket", "localhost", str(server.port), "hello, world")
            self.assertEqual((answer.stdout, answer.returncode), ("HELLO, WORLD", 0))

    def test_says_why_it_could_not_connect(self):
        with socket.socket() as bound:  # and not listening
            bound.bind(("127.0.0.1", 0))
            answer = run("client_socket", "127.0.0.1", str(bound.getsockname()[1]), "hello")
        self.assertEqual((answer.stdout, answer.returncode), ("", 1))
        self.assertEqual(answer.stderr, "127.0.0.1: Connection refused\n")
        answer = run("client_socket", "no such host", "7", "hello")
        self.assertEqual((answer.stdout, answer.returncode), ("", 1))
        self.assertTrue(answer.stderr.startswith("no such host: "), answer.stderr)


class ServerSocket(unittest.TestCase):
    def test_tells_each_client_both_ends_of_its_socket(self):
        with Server("server_socket", "127.0.0.1", "0", status=SIGTERM) as server:
            for _ in range(3):
                with server.connect() as client:
                    us = client.getsockname()[1]
                    self.assertEqual(receive(client, sys.maxsize).decode(),
                                     f"you are 127.0.0.1 port {us}, "
                                     f"I am 127.0.0.1 port {server.port}\n")

    def test_listens_where_it_is_told(self):
        for host, shown in ("localhost", r"(127\.0\.0\.1|::1)"), ("", r"(0\.0\.0\.0|::)"):
            with Server("server_socket", host, "0", status=SIGTERM) as server:
                self.assertRegex(server.ready_line, rf"^listening on {shown} port \d+\n$")

    def test_says_what_it_cannot_bind_to(self):
        answer = run("server_socket", "192.0.2.1", "0")  # RFC 5737: nobody's
        self.assertEqual((answer.stdout, answer.returncode), ("", 1))
        self.assertEqual(answer.stderr, "192.0.2.1: Cannot assign requested address\n")


class Messages:
    """The examples that serve and ask."""

    def serve(self):
        return Server(self.example, "serve", "tcp://127.0.0.1:0")

    def ask(self, server, *words, stdin=""):
        answer = run(self.example, "ask", server.endpoint, *words, stdin=stdin)
        self.assertEqual((answer.stderr, answer.returncode), ("", 0))
        return answer.stdout

    def check(self, cases):
        """Each a request and its answer: together, and byte by byte."""
        with self.serve() as server:
            for request, answer in cases:
                self.assertEqual(converse(server, [request]), answer)
                self.assertEqual(converse(server, bytes_of(request)), answer)

    def test_says_how_it_is_used(self):
        answer = run(self.example)
        self.assertEqual((answer.stdout, answer.returncode), ("", 1))
        self.assertIn("serve ENDPOINT, or ask ENDPOINT", answer.stderr)

    def test_serves_over_unix_sockets_too(self):
        with tempfile.TemporaryDirectory() as folder:
            endpoint = f"unix://{folder}/socket"
            with Server(self.example, "serve", endpoint) as server:
                server.endpoint = endpoint
                self.assertEqual(server.ready_line, f"listening on {endpoint}\n")
                self.assertEqual(self.ask(server, *self.words[0]), self.words[1])


class FixedLength(Messages, unittest.TestCase):
    example, words = "fixed_length", (["hello", "world"], "...olleh\n...dlrow\n")

    def test_answers_each_message_in_reverse(self):
        self.check([(b"abcdefgh12345678", b"hgfedcba87654321"), (b"\0\n345678", b"876543\n\0"),
                    (b"abcdefgh1234567", b"hgfedcba"), (b"", b"")])


class Delimited(Messages, unittest.TestCase):
    example, words = "delimited", (["1 2 3", "40 2", ""], "6\n42\n0\n")

    def test_answers_each_line_with_its_sum(self):
        self.check([(b"1 2 3\r\n-4 4\r\n", b"6\r\n0\r\n"), (b"1\n2\r3\r\n", b"6\r\n"),
                    (b"1 2\r\n3", b"3\r\n"), (b"\r\n", b"0\r\n")])

    def test_a_line_without_an_end_is_refused(self):
        with self.serve() as server, server.connect() as client:
            client.sendall(b"1\r\n" + b"1" * 2000)
            with contextlib.suppress(ConnectionResetError):
                self.assertIn(receive(client, sys.maxsize), (b"", b"1\r\n"))


class LengthPrefixed(Messages, unittest.TestCase):
    example, words = "length_prefixed", (["hello", "", "two words"], "olleh\n\nsdrow owt\n")

    def test_answers_each_message_in_reverse_whatever_is_in_it(self):
        self.check([(b"00003abc00002\n\0", b"00003cba00002\0\n"), (b"00000", b"00000"),
                    (b"00003ab", b""), (b"000", b"")])

    def test_a_length_that_is_none_or_over_the_limit_is_refused(self):
        for length in b"hello", b"50001":
            with self.serve() as server, server.connect() as client:
                client.sendall(length)
                self.assertEqual(receive(client, sys.maxsize), b"")

    def test_the_longest_message_is_answered_and_a_longer_one_not_sent(self):
        with self.serve() as server:
            self.assertEqual(self.ask(server, "a" + "b" * 49_999), "b" * 49_999 + "a\n")
            answer = run(self.example, "ask", server.endpoint, "b" * 50_001)
            self.assertEqual((answer.stdout, answer.returncode), ("", 1))
            self.assertEqual(answer.stderr, "a word is too long\n")


class BinaryData(Messages, unittest.TestCase):
    example = "binary_data"
    words = (["6", "7"], "00 00 00 06 00 00 00 07 -> 00 00 00 00 00 00 00 2a = 42\n")

    def test_integers_go_most_significant_byte_first(self):
        cases = [(1, 258), (0xFFFFFFFF, 0xFFFFFFFF), (0, 5)]
        self.check([(struct.pack("!II", a, b), struct.pack("!Q", a * b)) for a, b in cases])


class HalfClose(Messages, unittest.TestCase):
    example, words = "half_close", ([], "0 lines, 0 words, 0 bytes\n")

    def test_answers_once_the_request_has_ended(self):
        self.check([(b"one two\nthree\n", b"2 lines, 3 words, 14 bytes\n"),
                    (b"", b"0 lines, 0 words, 0 bytes\n")])

    def test_a_request_over_the_limit_is_refused(self):
        with self.serve() as server, server.connect() as client:
            with contextlib.suppress(ConnectionError):
                client.sendall(b"x" * 100_000)
                self.assertEqual(receive(client, sys.maxsize), b"")

    def test_asks_about_its_input(self):
        with self.serve() as server:
            self.assertEqual(self.ask(server, stdin="a b c\n" * 1000),
                             "1000 lines, 3000 words, 6000 bytes\n")


class NonBlockingConnect(unittest.TestCase):
    def test_tells_what_came_of_each_attempt(self):
        with socket.socket() as listening, socket.socket() as full, socket.socket() as bound:
            for each in listening, full, bound:
                each.bind(("127.0.0.1", 0))
            listening.listen()
            full.listen(0)
            outcomes = {"connected": listening, "Connection refused": bound}
            with contextlib.ExitStack() as stack:
                if sys.platform == "linux":  # which answers nobody once the backlog is full
                    outcomes["Connection timed out"] = full
                    for _ in range(2):
                        waiting = stack.enter_context(socket.socket())
                        waiting.setblocking(False)
                        waiting.connect_ex(full.getsockname())
                expected = {f"tcp://127.0.0.1:{each.getsockname()[1]}": outcome
                            for outcome, each in outcomes.items()}
                expected["unix:///nowhere/x"] = "No such file or directory"
                expected[f"tcp://localhost:{listening.getsockname()[1]}"] = "connected"
                answer = run("non_blocking_connect", *expected)
        self.assertEqual((answer.stderr, answer.returncode), ("", 0))
        self.assertEqual(dict(line.split(": ", 1) for line in answer.stdout.splitlines()), expected)

    def test_nothing_to_connect_to_is_nothing_to_do(self):
        self.assertEqual(run("non_blocking_connect").returncode, 0)


class ThreeSets(unittest.TestCase):
    def test_tells_of_each_set_and_of_the_timeout(self):
        answer = run("three_sets")
        self.assertEqual((answer.stderr, answer.returncode), ("", 0))
        self.assertEqual([line.split()[-1] for line in answer.stdout.splitlines()],
                         ["writable", "timeout", "readable", "exceptional", "readable", "0"])


class LocalIpc(unittest.TestCase):
    def test_measures_each_way_in_relation_to_the_pipe(self):
        answer = run("local_ipc", "50")
        self.assertEqual((answer.stderr, answer.returncode), ("", 0))
        found = re.fullmatch(r"pipe (\S+) us, Unix socket (\S+) us \((\S+) times\), "
                             r"TCP (\S+) us \((\S+) times\)\n", answer.stdout)
        self.assertTrue(found, answer.stdout)
        pipe, unix, unix_ratio, tcp, tcp_ratio = (float(each) for each in found.groups())
        self.assertGreater(pipe, 0)
        self.assertAlmostEqual(unix / pipe, unix_ratio, delta=0.02)
        self.assertAlmostEqual(tcp / pipe, tcp_ratio, delta=0.02)


if __name__ == "__main__":
    unittest.main()
