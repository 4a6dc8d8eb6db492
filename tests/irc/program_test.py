#!/usr/bin/env python3
"""The program from outside, as far as the IRC dialect goes: accounts, operators, and a configuration that is
read again while people are there.

usage: program_test.py PROGRAM
"""
import base64
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from clients_test import PATIENCE, Wire  # noqa: E402

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ""


def run(*arguments, text=""):
    return subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=PATIENCE,
                          check=False)


class Configured(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.config = os.path.join(self.folder.name, "switchboard.toml")
        self.motd = os.path.join(self.folder.name, "motd.txt")

    def write(self, text, path=None):
        with open(path or self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        process = subprocess.Popen([PROGRAM, "chat", "--config", self.config], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (process.stdout.close(), process.stderr.close()))
        self.addCleanup(lambda: (process.terminate(), process.wait(PATIENCE)))
        return process, int(re.search(r":(\d+) ", process.stdout.readline())[1])

    def join(self, port, nick):
        wire = Wire(port)
        self.addCleanup(wire.socket.close)
        wire.send(f"NICK {nick}\r\nUSER {nick} 0 * :{nick}")
        wire.await_text(r" (376|422) ")
        return wire

    def await_log(self, process, text):
        for line in process.stderr:
            if text in line:
                return line
        raise AssertionError(f"never logged: {text}")

    def test_a_configuration_is_read_again_and_nobody_is_closed(self):
        listen = 'listen = ["irc+tcp://127.0.0.1:0"]\n'
        self.write("before\n", self.motd)
        self.write(listen + f'motd = "{self.motd}"\n')
        process, port = self.start()
        wire = self.join(port, "anna")
        self.write("after\n", self.motd)
        process.send_signal(signal.SIGHUP)
        self.await_log(process, "configuration read again")
        wire.send("MOTD")
        wire.await_text(r" 372 anna :- after\r\n")
        self.write(listen + "\nflood = 'many'\n")
        process.send_signal(signal.SIGHUP)
        self.assertIn(f"{self.config}:3: flood: 'many'", self.await_log(process, "not read again"))
        wire.send("MOTD")
        wire.await_text(r" 372 anna :- after\r\n")

    def test_what_operators_do_is_logged(self):
        hashed = run("account", "hash", text="right\n").stdout.strip()
        self.write(f'listen = ["irc+tcp://127.0.0.1:0"]\noperator = ["root:{hashed}"]\n')
        process, port = self.start()
        anna, bert = self.join(port, "anna"), self.join(port, "bert")
        by = r"by=anna!~anna@127\.0\.0\.1 peer=tcp://127\.0\.0\.1:\d+"
        for deed, logged in [
                ("OPER root wrong", rf'level=warn msg=".*refused" command=OPER {by} subject=root reason=".*password"'),
                ("OPER root right", rf"level=info .*command=OPER {by} subject=root$"),
                ("KILL bert :no more", rf'level=info .*command=KILL {by} subject=bert reason="no more"$'),
                ("REHASH", rf"level=info .*command=REHASH {by}$")]:
            anna.send(deed)
            self.assertRegex(self.await_log(process, "operator's command").strip(), logged)
        anna.await_text(r" 382 anna switchboard\.toml :")
        bert.await_text(r"ERROR :")
        self.write("flood = 'many'\n")
        anna.send("REHASH")
        self.assertRegex(self.await_log(process, "operator's command"), "level=warn .*REHASH.*flood: 'many'")

    def test_wrong_passwords_of_operators_filled_the_log(self):
        self.write('listen = ["irc+tcp://127.0.0.1:0"]\n')
        process, port = self.start()
        begin = time.monotonic()
        for i in range(8):
            wire = self.join(port, f"n{i}")
            wire.send("\r\n".join(["OPER root wrong"] * 5))  # of which the last shows them out
            wire.await_text(r"ERROR :")
        seconds = time.monotonic() - begin
        time.sleep(1.1)  # those that were left out are told with the first of another second
        self.join(port, "last").send("OPER root wrong")
        lines = [self.await_log(process, "operator's command refused")]
        while "by=last!" not in lines[-1]:
            lines.append(self.await_log(process, "operator's command refused"))
        self.assertLessEqual(len(lines), seconds + 2)
        self.assertEqual(len(lines) + sum(map(int, re.findall(r" suppressed=(\d+)", "".join(lines)))), 8 * 5 + 1)

    def test_what_a_reload_cannot_change_is_told(self):
        listen = 'listen = ["irc+tcp://127.0.0.1:0"]\n'
        self.write(listen)
        process, port = self.start()
        wire = self.join(port, "anna")
        self.write('listen = ["irc+tcp://127.0.0.1:0", "plain+tcp://127.0.0.1:0"]\nserver-name = "other.test"\n'
                   'room-limit = 1\nmax-per-address = 1\ncount-loopback = true\n')
        for _ in range(2):  # it is told as long as it is so
            process.send_signal(signal.SIGHUP)
            self.await_log(process, "configuration read again")
            self.assertIn('options="listen, server-name"', self.await_log(process, "not changed before a restart"))
        wire.send("JOIN #a,#b")
        wire.await_text(r" 405 anna #b ")
        self.write(listen)
        process.send_signal(signal.SIGHUP)
        self.await_log(process, "configuration read again")
        wire.send("JOIN #c\r\nMODE #c")
        wire.await_text(r":switchboard.local 324 anna #c ")

    def test_a_configuration_is_checked(self):
        self.write('listen = ["irc+tcp://127.0.0.1:0"]\n')
        good = run("chat", "--config", self.config, "--check-config")
        self.assertEqual((good.returncode, good.stdout), (0, "all options are well\n"))
        self.write('lisen = ["irc+tcp://127.0.0.1:0"]\n')
        bad = run("chat", "--config", self.config, "--check-config")
        self.assertEqual(bad.returncode, 2)
        self.assertTrue(bad.stderr.startswith(f"switchboard: {self.config}:1: no option 'lisen'"), bad.stderr)

    def test_accounts_and_operators_have_their_passwords(self):
        accounts = os.path.join(self.folder.name, "accounts.txt")
        made = run("account", "add", "--accounts", accounts, "--name", "anna", text="one secret\n")
        if "without libsodium" in made.stderr:
            self.skipTest("built without libsodium")
        self.assertEqual(made.returncode, 0, made.stderr)
        run("account", "add", "--accounts", accounts, "--name", "Anna", text="secret\n")  # another password
        self.assertEqual(os.stat(accounts).st_mode & 0o777, 0o600)
        hashed = run("account", "hash", text="oper secret\n").stdout.strip()
        self.write(f'listen = ["irc+tcp://127.0.0.1:0"]\naccounts = "{accounts}"\nsasl-in-plain-text = true\n'
                   f'operator = ["root:{hashed}"]\n')
        _, port = self.start()
        wire = self.join(port, "anna")
        for password, answer in (("one secret", " 904 "), ("secret", " 903 ")):
            wire.send("CAP REQ sasl\r\nAUTHENTICATE PLAIN")
            wire.await_text(r"AUTHENTICATE \+\r\n")
            wire.send("AUTHENTICATE " + base64.b64encode(f"\0anna\0{password}".encode()).decode())
            wire.await_text(answer)
        wire.send("OPER root wrong\r\nOPER root :oper secret")
        wire.await_text(r" 464 (.|\n)* 381 ")

    def test_what_is_wrong_with_an_account_is_told(self):
        for arguments, mend in ((("--name", "anna"), "--accounts is missing"),
                                (("--accounts", "x"), "--name is missing"),
                                (("--accounts", "x", "--name", "a b"), "could be a")):
            outcome = run("account", "add", *arguments, text="x\n")
            self.assertEqual(outcome.returncode, 2)
            self.assertIn(mend, outcome.stderr)
        empty = run("account", "hash")
        self.assertEqual(empty.returncode, 1)
        self.assertIn("write it to standard input", empty.stderr)


if __name__ == "__main__":
    del sys.argv[1:]
    unittest.main()
