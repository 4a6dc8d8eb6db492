"""Chat servers that are compared by fan-out: ours, and those that Debian has.

Each of the others is set to one thread where it has a setting for that, to write nothing to disk, and so
that it neither slows down who speaks much nor closes who reads late: what is compared is how fast it can
deliver. They listen on a port of loopback and need no right to do so.
"""

import os
import shutil
import subprocess

from .measure import Contender

# Far more than a cell has under way to one member.
OUTPUT_LIMIT = "64MiB"


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def redis(program):
    def command(folder, port):
        return [program, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                "--appendonly", "no", "--io-threads", "1", "--daemonize", "no",
                "--client-output-buffer-limit", "pubsub 0 0 0"]
    return command


def nats(program):
    def command(folder, port):
        config = write(folder, "nats.conf", f"""
listen: 127.0.0.1:{port}
max_pending: 1GB
write_deadline: "60s"
max_connections: 100000
""")
        return [program, "--config", config]
    return command


def ngircd(program):
    def command(folder, port):
        config = write(folder, "ngircd.conf", f"""
[Global]
Name = irc.load.test
Info = load
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = load
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
DNS = no
Ident = no
PAM = no
""")
        return [program, "--nodaemon", "--config", config]
    return command


def inspircd(program):
    def command(folder, port):
        config = write(folder, "inspircd.conf", f"""
<server name="irc.load.test" description="load" network="load">
<admin name="load" nick="load" email="load@load.test">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect name="load" allow="*" timeout="60" pingfreq="1h" recvq="64M" softsendq="256M"
         hardsendq="256M" threshold="1000000" commandrate="1000000000" fakelag="no"
         localmax="100000" globalmax="100000" maxconnwarn="no" limit="100000"
         resolvehostnames="no" useident="no">
<performance netbuffersize="65534" somaxconn="1024" softlimit="20000" clonesonconnect="no">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
""")
        as_root = ["--runasroot"] if os.getuid() == 0 else []
        return [program, "--nofork", "--nopid", "--nolog", "--config=" + config] + as_root
    return command


# Program, name, how the load speaks with it, how it is told, with which environment, and how it is set, in
# words.
OTHERS = (
    ("redis-server", "redis", "redis", redis, {},
     "pub/sub; no persistence, `io-threads 1`, no limit of a subscriber's output buffer"),
    ("nats-server", "nats", "nats", nats, {"GOMAXPROCS": "1"},
     "core NATS; `GOMAXPROCS=1`, `max_pending` 1 GB. Promises each publisher's order, not the room's"),
    ("ngircd", "ngircd", "irc", ngircd, {},
     "`MaxPenaltyTime = 0` (flood control off), no limit of connections, no look-ups"),
    ("inspircd", "inspircd", "irc", inspircd, {},
     "`fakelag=\"no\"`, `commandrate`, `threshold` and `recvq` out of reach (flood control off), "
     "`hardsendq` 256 MB, 64 KiB buffers, no log"),
)
# Ours speaks each of these where `switchboard chat --help` says so; the first is the baseline.
OURS = ("plain", "irc")


def set_as():
    """How each is set, by name, in words."""
    found = {f"switchboard {dialect}": f"`switchboard chat`, flood control off, output limit "
             f"{OUTPUT_LIMIT} a member" for dialect in OURS}
    return found | {name: words for _, name, _, _, _, words in OTHERS}


def path_of(program):
    """Debian puts some daemons where only root looks."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def ours(switchboard):
    """Over each dialect that it has."""
    told = subprocess.run([switchboard, "chat", "--help"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=False)
    return [Contender(f"switchboard {dialect}",
                      [switchboard, "chat", "--listen", f"{dialect}+tcp://127.0.0.1:0", "--flood",
                       "off", "--output-limit", OUTPUT_LIMIT, "--max-per-address", "off",
                       "--log-level", "error"], "switchboard", dialect=dialect)
            for dialect in OURS if f"{dialect}+tcp" in told.stdout]


def contenders(switchboard, where=path_of):
    """Those that are there, ours first, and the names of the others."""
    found, skipped = ours(switchboard), []
    for program, name, dialect, configure, environment, _ in OTHERS:
        path = where(program)
        if path:
            found.append(Contender(name, [], "server", dialect=dialect, configure=configure(path),
                                   environment=environment))
        else:
            skipped.append(name)
    return found, skipped
