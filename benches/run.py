#!/usr/bin/env python3
"""libhttpclient against raw libcurl and peers, on one nginx: `make bench`.

CPU is user and system time of a whole process after its warm-up, by getrusage. Each ratio is the median of interleaved pairs
with its quartiles; harness, server and programs share one processor where there is one thread and one request at a time, since a request's CPU depends on
whether processors go to sleep between. Instructions are callgrind's at two request counts, the difference divided, as the median over
several heap layouts with their range: glibc merges free memory or not depending on where its last chunk ends, which alone is 3,000
instructions a request. Whose range holds the bar has neither met nor missed it.
"""

import argparse
import contextlib
import gzip
import os
import pathlib
import resource
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
LAYOUTS = [None, 4096, 65536, 131072, 262144]
CODED = {16 << 10: 6000, 1 << 20: 300}  # lengths of bodies, and how many of each are fetched


def run(command, **options):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, **options).stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """One worker, a body of 200 bytes and one of 1 MiB, over HTTP and TLS; JSON of 16 KiB and of 1 MiB in gzip."""

    def __init__(self, folder):
        self.folder, self.http, self.https = folder, free_port(), free_port()
        self.ca = folder / "cert.pem"
        (folder / "www").mkdir()
        (folder / "www/small").write_bytes(b"x" * 200)
        items = "".join(f'{{"id":{i},"name":"item {i * i % 9973}","price":{i % 97}.50}},' for i in range(40000))
        (folder / "www/coded").mkdir()
        for length in CODED:
            (folder / f"www/coded/{length}").write_bytes(gzip.compress(items.encode()[:length]))
        (folder / "www/large").write_bytes(b"x" * (1 << 20))
        with open(folder / "www/huge", "wb") as huge:
            huge.truncate(1 << 30)
        run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", folder / "key.pem", "-out", self.ca, "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        places = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                         ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        (folder / "nginx.conf").write_text(f"""
            worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/errors;
            events {{ worker_connections 16384; }}
            http {{ access_log off; keepalive_requests 1000000000; keepalive_timeout 3600s; {places}
              server {{ listen 127.0.0.1:{self.http} backlog=16384; listen 127.0.0.1:{self.https} ssl http2;
                http2_max_concurrent_streams 256; root {folder}/www;
                location = /sink {{ client_max_body_size 0; return 200; }}
                location /coded/ {{ add_header Content-Encoding gzip; }}
                location /held {{ alias {folder}/www/small; limit_rate 400; }}
                ssl_certificate {self.ca}; ssl_certificate_key {folder}/key.pem; }} }}""")
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([nginx, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.https), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        sys.exit("nginx did not start")

    def url(self, name, tls=False):
        return f"https://localhost:{self.https}/{name}" if tls else f"http://127.0.0.1:{self.http}/{name}"

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Programs:
    def __init__(self, build, folder):
        self.build, self.folder = build, folder
        ours = ["-I", build.parent / "include" if (build.parent / "include").is_dir() else HERE.parent / "include",
                "-L", build / "lib", "-lhttpclient", f"-Wl,-rpath,{build}/lib"]
        # libcurl as cargo compiled it into our library: the newest, should there be several.
        found = sorted((build / "cargo/release/build").glob("curl-sys-*/out/build/libcurl.a"), key=os.path.getmtime)
        if not found:
            sys.exit(f"no libcurl.a below {build}/cargo: run make first, with the bundled libcurl")
        version = (found[-1].parents[1] / "include/curl/curlver.h").read_text()
        self.libcurl = re.search(r'LIBCURL_VERSION "(.*?)"', version).group(1)
        http2 = sorted((build / "cargo/release/build").glob("libnghttp2-sys-*/out/**/libnghttp2.a"), key=os.path.getmtime)
        curl = ["-I", found[-1].parents[1] / "include", found[-1], *http2[-1:], "-lssl", "-lcrypto", "-lz"]
        self.ours = self.compile("ours", ours)
        self.parts = self.compile("parts", ours)
        self.raw = self.compile("raw", curl)
        self.ours_async = self.compile("ours_async", ours)
        self.raw_multi = self.compile("raw_multi", curl)
        try:
            self.soup = self.compile("soup", run(["pkg-config", "--cflags", "--libs", "libsoup-3.0"]).split())
        except (subprocess.CalledProcessError, FileNotFoundError):
            self.soup = None
        self.peers = self.rust_peers()

    def compile(self, name, flags):
        program = self.folder / name
        run(["cc", "-O2", HERE / f"{name}.c", "-pthread", *flags, "-o", program])
        return program

    def rust_peers(self):
        target = self.build / "bench-peers"
        try:
            run(["cargo", "build", "--release", "--locked", "--target-dir", target], cwd=HERE / "peers")
        except subprocess.CalledProcessError as error:
            print("the Rust peers did not build:", error.stderr.strip().splitlines()[-1], file=sys.stderr)
            return None
        return target / "release/peers"


@contextlib.contextmanager
def processors(wanted):
    """What is started inside runs on these only, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, wanted)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def await_free_ports():
    """A closed connection holds its port for a minute. When few are free, each connect() takes Linux long to find one."""
    sockets, deadline = pathlib.Path("/proc/net/sockstat"), time.monotonic() + 90
    while sockets.exists() and time.monotonic() < deadline:
        waiting = re.search(r" tw (\d+)", sockets.read_text())
        if waiting is None or int(waiting[1]) < 2000:
            return
        time.sleep(1)


def cost(command):
    """CPU microseconds for each request, and how much more memory there was at once than before the first."""
    words = run(command).split()
    return float(words[1]), float(words[3])


def callgrind(command, profile="/dev/null", layout=None):
    """Instructions."""
    environment = dict(os.environ)
    if layout is not None:
        environment["GLIBC_TUNABLES"] = f"glibc.malloc.top_pad={layout}"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={profile}", *map(str, command)]
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stderr
    return int(next(line for line in text.splitlines() if "Collected" in line).split()[-1])


def of_a_request(count, fewer, more):
    """What `count` says of two numbers of requests, the difference divided: a tenth more are made to warm up."""
    return (count(more) - count(fewer)) / ((more - fewer) * 1.1)


def instructions(program, arguments, layout):
    return of_a_request(lambda requests: callgrind([program, requests, *arguments], layout=layout), 200, 1200)


ALLOCATORS = re.compile(r"(malloc|calloc|realloc)|mi_(malloc|calloc|zalloc|realloc|strdup)(_aligned)?")


def allocations(program, arguments, folder):
    """Calls of malloc() and its like, or of mimalloc's, from elsewhere than mimalloc."""
    profile = folder / "callgrind.out"

    def count(requests):
        callgrind([program, requests, *arguments], profile)
        names, caller, callee, calls = {}, "", "", 0
        for line in profile.read_text().splitlines():
            if found := re.match(r"(c?)fn=\((\d+)\)(?: (.*))?", line):
                inner, number, name = found.groups()
                name = names.setdefault(number, (name or "").partition("'")[0])
                caller, callee = (caller, name) if inner else (name, callee)
            elif line.startswith("calls=") and ALLOCATORS.fullmatch(callee) and not re.match("_?mi_", caller):
                calls += int(line[6:].split()[0])
        return calls
    return of_a_request(count, 200, 1200)


def versions(programs):
    """Who is compared."""
    names = [f"libcurl {programs.libcurl} (raw)"]
    if programs.soup:
        names.append("libsoup " + run(["pkg-config", "--modversion", "libsoup-3.0"]).strip())
    if programs.peers:
        locked = (HERE / "peers/Cargo.lock").read_text()
        names += [" ".join(peer) for peer in re.findall(r'name = "(isahc|reqwest)"\nversion = "(.*?)"', locked)]
    return ", ".join(names)


class Table:
    def __init__(self, wanted, pairs):
        self.wanted, self.pairs, self.missed = wanted, pairs, 0
        print(f"{'work':58} {'ours':>9} {'peer':>9} {'ratio':>6}  {'spread':13} {'bar':>6}")

    def wants(self, name):
        return not self.wanted or any(word in name for word in self.wanted)

    def row(self, name, ours, peer, ratio, spread, bar):
        shown = ratio if peer is not None else ours
        low, high = (float(end) for end in spread.split("-")) if spread else (shown, shown)
        met = "open" if low <= bar < high else "met" if shown <= bar else "MISSED"
        self.missed += met == "MISSED"
        peer_text = "" if peer is None else f"{peer:9.2f}"
        ratio_text = "" if peer is None else f"{ratio:6.3f}"
        print(f"{name:58} {ours:9.2f} {peer_text:>9} {ratio_text:>6}  {spread:13} {bar:6g} {met}", flush=True)

    def cpu(self, name, ours, peer, bar):
        """Microseconds of CPU for each request."""
        if not self.wants(name):
            return
        pairs = [(cost(ours)[0], cost(peer)[0]) for _ in range(self.pairs)]
        ratios = sorted(one / other for one, other in pairs)
        low, ratio, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        self.row(name, statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs), ratio,
                 f"{low:.3f}-{high:.3f}", bar)


def measure(table, programs, nginx, everywhere):
    small, large, tls = nginx.url("small"), nginx.url("large"), nginx.url("small", tls=True)
    plain = [small, 200, ""]
    ours, raw = programs.ours, programs.raw
    if table.wants("instructions"):
        both = [(instructions(ours, [1, *plain], layout), instructions(raw, [1, *plain], layout)) for layout in LAYOUTS]
        ratios = sorted(one / other for one, other in both)
        table.row("sequential GET, instructions (thousands)", statistics.median(b[0] for b in both) / 1000,
                  statistics.median(b[1] for b in both) / 1000, statistics.median(ratios),
                  f"{ratios[0]:.3f}-{ratios[-1]:.3f}", 1.00)
    table.cpu("sequential GET, CPU us, against raw", [ours, 20000, 1, *plain], [raw, 20000, 1, *plain], 1.05)
    table.cpu("sequential GET, CPU us, against fresh handles and a share", [ours, 20000, 1, *plain],
              [raw, 20000, 1, *plain, "fresh"], 0.55)
    with processors(everywhere):
        table.cpu("8 threads, CPU us, against a handle for each", [ours, 24000, 8, *plain], [raw, 24000, 8, *plain], 1.05)
    secure = [tls, 200, nginx.ca]
    table.cpu("TLS, sequential GET, CPU us, against raw", [ours, 12000, 1, *secure], [raw, 12000, 1, *secure], 1.05)
    big = [large, 1 << 20, ""]
    table.cpu("1 MiB, CPU us, against raw", [ours, 600, 1, *big], [raw, 600, 1, *big], 1.15)
    for length, count in CODED.items():
        coded = [nginx.url(f"coded/{length}"), length, ""]
        table.cpu(f"{length >> 10} KiB of JSON in gzip, CPU us, against raw", [ours, count, 1, *coded],
                  [raw, count, 1, *coded, "gzip"], 1.10)
    sink = [nginx.url("sink"), 0, ""]
    table.cpu("1 GiB from a function, CPU us, against READFUNCTION", [ours, 1, 1, *sink, "upload"],
              [raw, 1, 1, *sink, "upload"], 1.10)
    huge = [nginx.url("huge"), 1 << 30, ""]
    table.cpu("1 GiB to a function, CPU us, against WRITEFUNCTION", [ours, 1, 1, *huge, "download"],
              [raw, 1, 1, *huge, "download"], 1.10)
    if table.wants("1 GiB to a function, KB"):
        table.row("1 GiB to a function, KB of memory beyond the idle client",
                  cost([ours, 1, 1, *huge, "download"])[1], None, 0, "", 4096)
    if table.wants("allocations"):
        own, by_hand = (allocations(program, [1, *plain], programs.folder) for program in (ours, raw))
        table.row(f"allocations a request beyond raw ({own:.1f} against {by_hand:.1f})", own - by_hand, None, 0, "", 12)
    if table.wants("parts"):
        with processors(everywhere):
            text = run([programs.parts, small, tls, nginx.ca])
        parts = dict(line.split() for line in text.splitlines())
        for key, name, bar in [("client_kb", "parts: idle client before its first call, KB", 16),
                               ("http_kb", "parts: one warm HTTP connection, KB", 32),
                               ("tls_kb", "parts: one warm TLS connection, KB", 120),
                               ("retry_ns", "parts: retry decision, ns", 100),
                               ("limiter_ns", "parts: limiter check, ns", 60),
                               ("limiter_8_ns", "parts: limiter check with 8 threads, ns", 300),
                               ("mock_ns", "parts: a mocked blocking call, ns", 5000)]:
            table.row(name, float(parts[key]), None, 0, "", bar)
    if table.wants("new TLS connections"):
        # The answers take a second each, so that all fifty are open at once.
        held = [nginx.url("held", tls=True), 200, nginx.ca]
        costs = [cost([ours, 50, 50, *held, "cold"])[0] / 1000 for _ in range(table.pairs)]
        table.row("50 new TLS connections at once, CPU ms each", statistics.median(costs), None, 0, "", 1.0)
    if programs.soup:
        table.cpu("against libsoup 3, CPU us", [ours, 12000, 1, *plain], [programs.soup, 6000, 1, *plain], 0.42)
    if programs.peers:
        for peer, bar in [("isahc", 0.25), ("reqwest", 0.45)]:
            table.cpu(f"against {peer} (blocking), CPU us", [ours, 12000, 1, *plain],
                      [programs.peers, 6000, 1, *plain, peer], bar)


class Silent:
    """Accepts connections, and never says a word."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.open = []
        threading.Thread(target=self.accept, daemon=True).start()
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}/"

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                self.open.append(self.listener.accept()[0])

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.open:
            connection.close()


def measure_async(table, programs, nginx):
    """Many in flight on the engine thread, against one multi handle and curl_multi_poll(). Both processors: there are two threads."""
    small, tls = nginx.url("small"), nginx.url("small", tls=True)
    ours, raw = programs.ours_async, programs.raw_multi
    plain = [small, 200, ""]
    table.cpu("64 in flight, callbacks, CPU us, against a multi handle", [ours, 40000, 64, *plain], [raw, 40000, 64, *plain], 1.10)
    table.cpu("64 in flight, a queue, CPU us, against a multi handle", [ours, 40000, 64, *plain, "queue"],
              [raw, 40000, 64, *plain], 1.20)
    table.cpu("1000 in flight, CPU us, against one multi handle", [ours, 40000, 1000, *plain], [raw, 40000, 1000, *plain], 0.75)
    if table.wants("1000 in flight, instructions"):
        own, by_hand = (instructions_in_flight(program, 1000, plain) for program in (ours, raw))
        table.row("1000 in flight, instructions (thousands)", own / 1000, by_hand / 1000, own / by_hand, "", 0.4)
    table.cpu("1000 on 64 connections, CPU us, against MAX_TOTAL_CONNECTIONS", [ours, 40000, 1000, *plain, "", 64],
              [raw, 40000, 1000, *plain, "", 64], 0.75)
    if programs.peers:
        for peer, bar in [("reqwest-async", 0.85), ("hyper", 1.15)]:
            table.cpu(f"1000 in flight, CPU us, against {peer}", [ours, 40000, 1000, *plain],
                      [programs.peers, 40000, 1000, *plain, peer], bar)
    if table.wants("10,000 in flight"):
        grown = []
        for program in (ours, raw):
            await_free_ports()
            grown.append(cost([program, 20000, 10000, *plain])[1])
        table.row("10,000 in flight, KB of memory, against one multi handle", *grown, grown[0] / grown[1], "", 1.3)
    if table.wants("10,000 unanswered"):
        # Above, answers come while later ones of the ten thousand are not out yet. Here all have their connections at once.
        grown = []
        for program in (ours, raw):
            await_free_ports()
            with Silent() as silent:
                grown.append(cost([program, 20000, 100, *plain, "", 100, 10000, silent])[1])
        table.row("10,000 unanswered, KB of memory, against one multi handle", *grown, grown[0] / grown[1], "", 1.3)
    with Silent() as silent:
        table.cpu("900 slow and 100 busy, CPU us, against curl_multi_poll", [ours, 20000, 100, *plain, "", 100, 900, silent],
                  [raw, 20000, 100, *plain, "", 100, 900, silent], 0.7)
    secure = [tls, 200, nginx.ca]
    table.cpu("HTTP/2, 64 streams on a connection, CPU us, against one multi", [ours, 40000, 64, *secure],
              [raw, 40000, 64, *secure, "h2"], 1.10)


def instructions_in_flight(program, in_flight, arguments):
    return of_a_request(lambda requests: callgrind([program, requests, in_flight, *arguments]), 5000, 9000)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help="the folder that make filled")
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("rows", nargs="*", help="words of the rows wanted; all without")
    options = parser.parse_args()
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # ten thousand connections at both ends
    with tempfile.TemporaryDirectory(prefix="httpclient-bench-") as folder:
        folder = pathlib.Path(folder)
        programs = Programs(options.build.resolve(), folder)
        folder.chmod(0o755)
        everywhere = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}
        with processors({min(everywhere)}):
            nginx = Nginx(folder)
            try:
                print(f"Peers: {versions(programs)}")
                table = Table(options.rows, options.pairs)
                measure(table, programs, nginx, everywhere)
                with processors(everywhere):
                    measure_async(table, programs, nginx)
            finally:
                nginx.stop()
    print(f"{table.missed} bars missed")


if __name__ == "__main__":
    main()
