#!/usr/bin/env python3
"""Which functions a request goes through, for the linker to put side by side: `make hot_functions`.

The C functions among those that cost anything for each request, blocking and submitted, HTTP and TLS, the costliest first. Rust's
names change with every compiler; its code is in one piece anyway.
"""

import argparse
import collections
import pathlib
import re
import subprocess
import tempfile

from run import HERE, Nginx, Programs

LIST = HERE.parent / "src/transport/curl/hot_functions.txt"


def instructions_by_function(command, folder):
    profile = folder / "callgrind.out"
    subprocess.run(["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={profile}", *map(str, command)],
                   check=True, capture_output=True)
    costs, names, objects, function, is_call, is_ours = collections.Counter(), {}, {}, "", False, False
    for line in profile.read_text().splitlines():
        if found := re.match(r"ob=\((\d+)\)(?: (.*))?", line):
            is_ours = "libhttpclient" in objects.setdefault(found[1], found[2])
        elif found := re.match(r"fn=\((\d+)\)(?: (.*))?", line):
            function = names.setdefault(found[1], (found[2] or "").partition("'")[0])
        elif found := re.match(r"c(fn|ob)=\((\d+)\) (.*)", line):
            (names if found[1] == "fn" else objects).setdefault(found[2], found[3].partition("'")[0])
        elif line.startswith("calls="):
            is_call = True
        elif found := re.match(r"[+\-*\d]\S* (\d+)$", line):
            if not is_call and is_ours:
                costs[function] += int(found[1])
            is_call = False
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent / "build", help="the folder that make filled")
    options = parser.parse_args()
    total = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="httpclient-hot-") as folder:
        folder = pathlib.Path(folder)
        programs = Programs(options.build.resolve(), folder)
        folder.chmod(0o755)
        nginx = Nginx(folder)
        try:
            small, secure = [nginx.url("small"), 200, ""], [nginx.url("small", tls=True), 200, nginx.ca]
            works = [(programs.ours, 1, *small), (programs.ours, 1, *secure), (programs.ours_async, 500, *small),
                     (programs.ours_async, 64, *small, "queue"), (programs.ours_async, 64, *secure)]
            for program, in_flight, *rest in works:
                fewer, more = (instructions_by_function([program, count, in_flight, *rest], folder) for count in (2000, 4000))
                total.update({name: (more[name] - fewer[name]) / 2200 for name in more})
        finally:
            nginx.stop()
    hot = [name for name, cost in total.most_common() if cost >= 5 and re.fullmatch(r"[\w.]+", name) and not re.match("_ZN|_R", name)]
    LIST.write_text("\n".join(hot) + "\n")
    print(f"{LIST.name}: {len(hot)} functions")


main()
