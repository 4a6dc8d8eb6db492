"""tools/soak, for a few seconds, over the server that was just built."""

import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = sys.argv.pop(1)


class Soak(unittest.TestCase):
    def test_every_byte_comes_back_while_connections_come_and_go(self):
        found = subprocess.run(
            [os.path.join(ROOT, "tools", "soak"), "0.04", "--connections", "40", "--program", PROGRAM],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(found.returncode, 0, found.stdout)
        self.assertRegex(found.stdout, r"(?m)^[1-9]\d* connections, [1-9]\d* bytes verified$")
        self.assertRegex(found.stdout, r"(?m)^memory .* KiB an hour, descriptors .*, 0 lost$")

    def test_a_server_that_does_not_start_is_named(self):
        found = subprocess.run(
            [os.path.join(ROOT, "tools", "soak"), "0.01", "--program", "/nowhere/switchboard"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(found.returncode, 1)
        self.assertTrue(re.match("tools/soak: cannot start /nowhere/switchboard", found.stdout))


if __name__ == "__main__":
    unittest.main()
