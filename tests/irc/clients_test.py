#!/usr/bin/env python3
"""Real IRC clients against the real program, with somebody of the plain dialect in the same room.

Each client registers, joins, talks, acts, changes its nick, sees a mode, kicks, and quits: driven through
its terminal (irssi), its FIFO (weechat-headless) or its interface (npm's irc-framework, by clients_test.js).
What others then see is looked at, and what the client shows of others. Clients that are not installed are
skipped by name. Every wait is for an event, and gives up after half a minute.

usage: clients_test.py PROGRAM CLIENT
"""
import json
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 30
SKIPPED = 77


class Wire:
    """A connection, and all that has come on it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.text = ""

    def send(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def await_text(self, pattern):
        """Until the pattern has come behind what was awaited before."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.text)
            if found:
                self.text = self.text[found.end():]
                return
            ready, _, _ = select.select([self.socket], [], [], max(0, deadline - time.monotonic()))
            chunk = self.socket.recv(65536) if ready else b""
            if not chunk:
                raise AssertionError(f"never came: {pattern!r}; what came was: {self.text[-2000:]!r}")
            self.text += chunk.decode(errors="replace")


class Server:
    def __init__(self, program):
        self.process = subprocess.Popen(
            [program, "chat", "--listen", "irc+tcp://127.0.0.1:0", "--listen", "plain+tcp://127.0.0.1:0",
             "--log-level", "error"], stdout=subprocess.PIPE, text=True)
        self.ports = {}
        for _ in range(2):
            line = self.process.stdout.readline()
            dialect, port = re.match(r"listening on (\w+)\+tcp://127.0.0.1:(\d+) ", line).groups()
            self.ports[dialect] = int(port)

    def stop(self):
        self.process.terminate()
        if self.process.wait(PATIENCE) != 0:
            raise AssertionError("the server did not end well")


class Irssi:
    """Typed at through a terminal."""

    def __init__(self, port, folder):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execlp("irssi", "irssi", f"--home={folder}", "-c", "127.0.0.1", "-p", str(port), "-n", "anna")
        self.screen = ""

    def read(self, patience):
        ready, _, _ = select.select([self.terminal], [], [], patience)
        if ready:
            try:
                self.screen += os.read(self.terminal, 65536).decode(errors="replace")
            except OSError:
                return False
        return True

    def type(self, command):
        self.read(0)
        os.write(self.terminal, command.encode() + b"\r")

    def say(self, room, text):
        self.type(text)

    def command(self, room, command):
        self.type(command)

    def await_shown(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.screen)):
            if not self.read(1) or time.monotonic() > deadline:
                raise AssertionError(f"irssi never showed {pattern!r}: {self.screen[-3000:]!r}")

    def stop(self):
        deadline = time.monotonic() + PATIENCE
        while self.read(0.1):
            if time.monotonic() > deadline:
                os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


class WeeChat:
    """Told through its FIFO; what it shows is in its logs."""

    def __init__(self, port, folder):
        self.folder = folder
        self.process = subprocess.Popen(
            ["weechat-headless", "--dir", folder, "--run-command",
             "/set logger.file.flush_delay 0;/set irc.look.server_buffer independent;"
             f"/server add here 127.0.0.1/{port} -notls;/set irc.server.here.nicks anna;"
             "/set irc.server_default.capabilities *;/connect here"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.fifo = None

    def find_fifo(self):
        deadline = time.monotonic() + PATIENCE
        while self.fifo is None:
            for place, _, names in os.walk(self.folder):
                for name in names:
                    if name.startswith("weechat_fifo_"):
                        self.fifo = os.path.join(place, name)
            if time.monotonic() > deadline:
                raise AssertionError("weechat-headless opened no FIFO")
            time.sleep(0.05)

    def tell(self, buffer, text):
        self.find_fifo()
        with open(self.fifo, "w", encoding="utf-8") as fifo:
            fifo.write(f"{buffer} *{text}\n")

    def say(self, room, text):
        self.tell(f"irc.here.{room}", text)

    def command(self, room, command):
        self.tell(f"irc.here.{room}" if room else "irc.server.here", command)

    def await_shown(self, pattern):
        deadline = time.monotonic() + PATIENCE
        while True:
            text = ""
            for place, _, names in os.walk(os.path.join(self.folder, "logs")):
                for name in names:
                    with open(os.path.join(place, name), encoding="utf-8", errors="replace") as log:
                        text += log.read()
            if re.search(pattern, text):
                return
            if time.monotonic() > deadline:
                raise AssertionError(f"WeeChat never showed {pattern!r}: {text[-3000:]!r}")
            time.sleep(0.05)

    def stop(self):
        self.command("", "/quit")
        self.process.wait(PATIENCE)


class IrcFramework:
    """Told by lines on standard input, which clients_test.js turns into calls; shows its events likewise."""

    def __init__(self, port, folder):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients_test.js")
        self.process = subprocess.Popen(["node", script, str(port)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "NODE_PATH": modules_folder()})
        self.shown = ""

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def say(self, room, text):
        self.tell(f"say {room} {text}")

    def command(self, room, command):
        self.tell(f"command {room or '-'} {command}")

    def await_shown(self, pattern):
        while not re.search(pattern, self.shown):
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            chunk = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not chunk:
                raise AssertionError(f"irc-framework never told {pattern!r}: {self.shown[-3000:]!r}")
            self.shown += chunk.decode(errors="replace")

    def stop(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)


def modules_folder():
    """Where tools/setup puts what client_packages names."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    lock = os.path.join(os.path.dirname(os.path.abspath(__file__)), "client_packages", "package-lock.json")
    with open(lock, encoding="utf-8") as file:
        version = json.load(file)["packages"]["node_modules/irc-framework"]["version"]
    return os.path.join(cache, "switchboard", f"irc-framework-{version}", "node_modules")


CLIENTS = {
    "irssi": (Irssi, lambda: shutil.which("irssi")),
    "weechat": (WeeChat, lambda: shutil.which("weechat-headless")),
    "irc-framework": (IrcFramework, lambda: shutil.which("node") and
                      os.path.isdir(os.path.join(modules_folder(), "irc-framework"))),
}


def converse(client, irc, plain):
    """bert speaks IRC, carl plain lines; the client is anna."""
    irc.await_text(r"anna!\S+ JOIN #lobby")
    plain.await_text("-> anna has joined lobby")
    client.await_shown("joined.*#lobby")
    client.say("#lobby", "hello from a real client")
    irc.await_text(r":anna!\S+ PRIVMSG #lobby :hello from a real client\r\n")
    plain.await_text("<anna> hello from a real client")
    irc.send("PRIVMSG #lobby :hello from bert")
    plain.send("hello from carl")
    client.await_shown("hello from bert")
    client.await_shown("hello from carl")
    client.command("#lobby", "/me waves")
    irc.await_text("PRIVMSG #lobby :\x01ACTION waves\x01")
    plain.await_text(r"\* anna waves")
    client.command("", "/nick dora")
    irc.await_text(r":anna!\S+ NICK :dora\r\n")
    plain.await_text("anna is now dora")
    irc.send("MODE #lobby +v dora")
    irc.await_text(r"MODE #lobby \+v dora")
    client.await_shown(r"\+v dora|mode.*dora")
    irc.send("MODE #lobby +o dora")
    irc.await_text(r"MODE #lobby \+o dora")
    client.command("#lobby", "/topic a topic")
    irc.await_text(r":dora!\S+ TOPIC #lobby :a topic\r\n")
    client.command("#lobby", "/kick carl enough")
    irc.await_text(r":dora!\S+ KICK #lobby carl :enough\r\n")
    plain.await_text(r"carl was shown out of lobby by dora \(enough\)")
    plain.send("/join lobby")
    irc.await_text(r":carl!\S+ JOIN #lobby")
    client.await_shown("carl")
    client.command("#lobby", "/quit good night")
    irc.await_text(r":dora!\S+ QUIT :Quit: good night\r\n")
    plain.await_text("<- dora has gone")


def main():
    program, name = sys.argv[1:]
    make, is_there = CLIENTS[name]
    if not is_there():
        print(f"skipped: {name} is not installed")
        return SKIPPED
    server = Server(program)
    with tempfile.TemporaryDirectory() as folder:
        irc, plain = Wire(server.ports["irc"]), Wire(server.ports["plain"])
        irc.send("NICK bert\r\nUSER bert 0 * :Bert\r\nJOIN #lobby")
        irc.await_text(" 366 bert #lobby ")
        plain.send("carl")
        plain.await_text("you are in lobby")
        client = make(server.ports["irc"], folder)
        try:
            client.await_shown("Welcome to the Switchboard")
            client.command("", "/join #lobby")
            converse(client, irc, plain)
        finally:
            client.stop()
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
