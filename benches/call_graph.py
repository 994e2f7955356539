#!/usr/bin/env python3
"""Which function calls which how often for a thousand requests, for the linker to lay them out by: `make call_graph`.

The C functions of the library, for requests blocking and submitted, over HTTP and TLS. Rust's names change with every compiler.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import tempfile

from run import HERE, Nginx, Programs

GRAPH = HERE.parent / "src/transport/curl/call_graph.txt"
FEWER, MORE = 1000, 3000


def calls(command, folder):
    """By caller and callee."""
    profile = folder / "callgrind.out"
    subprocess.run(["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}", *map(str, command)],
                   check=True, capture_output=True)
    counted, names = collections.Counter(), {"fn": {}, "ob": {}}
    now = {"fn": "", "ob": "", "cfn": "", "cob": None}
    for line in profile.read_text().splitlines():
        if found := re.match(r"(c?)(fn|ob)=\((\d+)\)(?: (.*))?", line):
            inner, kind, number, name = found.groups()
            now[inner + kind] = names[kind].setdefault(number, (name or "").partition("'")[0])
            if kind == "fn" and not inner:
                now["cob"] = None
        elif found := re.match(r"calls=(\d+)", line):
            inside = all("libhttpclient" in place for place in (now["ob"], now["cob"] or now["ob"]))
            if inside and now["fn"] != now["cfn"]:
                counted[now["fn"], now["cfn"]] += int(found[1])
            now["cob"] = None
    return counted


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help="the folder that make filled")
    options = parser.parse_args()
    total = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="httpclient-calls-") as folder:
        folder = pathlib.Path(folder)
        programs = Programs(options.build.resolve(), folder)
        folder.chmod(0o755)
        nginx = Nginx(folder)
        try:
            small, secure = [nginx.url("small"), 200, ""], [nginx.url("small", tls=True), 200, nginx.ca]
            works = [(programs.ours, 1, *small), (programs.ours, 1, *secure), (programs.ours_async, 500, *small),
                     (programs.ours_async, 64, *secure)]
            for program, in_flight, *rest in works:
                few, many = (calls([program, count, in_flight, *rest], folder) for count in (FEWER, MORE))
                total.update({pair: many[pair] - few[pair] for pair in many})
        finally:
            nginx.stop()
    requests = (MORE - FEWER) * 1.1  # a tenth more are made to warm up
    weights = [(round(1000 * count / requests), pair) for pair, count in total.items()]
    wanted = [(weight, pair) for weight, pair in weights if weight >= 100 and not any(re.match("_ZN|_R", name) for name in pair)]
    lines = [f"{caller} {callee} {weight}\n" for weight, (caller, callee) in sorted(wanted, key=lambda line: (-line[0], line[1]))]
    GRAPH.write_text("".join(lines))
    print(f"{GRAPH.name}: {len(lines)} pairs")


main()
