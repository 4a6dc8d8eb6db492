#!/usr/bin/env python3
"""Passwords that are typed at a terminal.

usage: password_test.py PROGRAM
"""
import os
import pty
import subprocess
import sys
import tempfile
import termios
import unittest

PROGRAM = sys.argv[1] if len(sys.argv) > 1 else ""
PATIENCE = 30  # s


class Typed(unittest.TestCase):
    def test_a_password_was_shown_and_nobody_had_asked_for_it(self):
        with tempfile.TemporaryDirectory() as folder:
            accounts = os.path.join(folder, "accounts.txt")
            for arguments in (["hash"], ["add", "--accounts", accounts, "--name", "anna"]):
                with self.subTest(arguments[0]):
                    self.check(arguments)

    def check(self, arguments):
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        with subprocess.Popen([PROGRAM, "account", *arguments], stdin=theirs, stderr=theirs,
                              stdout=subprocess.PIPE) as process:
            shown = b""
            while b"password" not in shown:
                shown += os.read(ours, 1000)
            os.write(ours, b"one secret\n")
            output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, 0)
        self.assertNotEqual(output, b"")
        os.write(theirs, b"end")
        while not shown.endswith(b"end"):
            shown += os.read(ours, 1000)
        self.assertNotIn(b"secret", shown)
        self.assertTrue(termios.tcgetattr(theirs)[3] & termios.ECHO)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
