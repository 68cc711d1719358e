#!/usr/bin/env python3
"""Runs GoogleTest programs, each in as many shards as there are processors, so many at a time.

    tools/shards.py PROGRAM...

Whole output of each shard as it ends; the exit status is 1 when one failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed


def shard(program, index, total):
    env = {**os.environ, "GTEST_TOTAL_SHARDS": str(total), "GTEST_SHARD_INDEX": str(index)}
    done = subprocess.run([program, "--gtest_brief=1"], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return f"{program} {index + 1}/{total}: status {done.returncode}\n", done


def main(programs):
    count = len(os.sched_getaffinity(0))
    failed = []
    with ThreadPoolExecutor(count) as pool:
        for ended in as_completed([pool.submit(shard, program, i, count) for program in programs for i in range(count)]):
            title, done = ended.result()
            if done.returncode != 0:
                failed.append((title, done.stdout))
            else:
                print(title, end="", flush=True)
    for title, output in failed:  # last, where the tail of a log is looked at
        sys.stdout.flush()
        sys.stdout.buffer.write(output + title.encode())
    sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
