#!/usr/bin/env python3
"""File to closed windows: Weir's replay against DuckDB on the same click file, in the same run.

  benchmarks/file_to_windows.py [--clicks 2000000] [--runs 3] [--weir build/release/weir] [--oracle build/dev/oracle]

Both must give the same clicks per (date, promotion), or the run fails. Weir's run includes the durable log, two passes over
the bytes, checkpoints and Parquet; DuckDB's only reads and counts. Prints rows per CPU-second, median of the runs.
"""
import argparse
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from weir_process import rows_of  # noqa: E402

VIEW = "SELECT date, promotion, clicks FROM view_clicks_aggregate ORDER BY 1, 2"
DUCKDB = """SELECT CAST("Timestamp" AS DATE) AS date, Event AS promotion, count(*) AS clicks
  FROM read_json('{file}', format='newline_delimited', columns={{UserId:'VARCHAR',Device:'VARCHAR',Event:'VARCHAR',
  EventType:'VARCHAR',Timestamp:'TIMESTAMP'}}) WHERE EventType = 'Promotion' GROUP BY 1, 2 ORDER BY 1, 2"""


def timed(command):
    """Output, wall seconds, CPU seconds of one child with all its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{command}: exit {done.returncode}\n{done.stderr}")
    return done, wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clicks", type=int, default=2_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--weir", default=str(ROOT / "build/release/weir"))
    parser.add_argument("--oracle", default=str(ROOT / "build/dev/oracle"))
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="weir-bench-"))
    try:
        file = folder / "clicks.jsonl"
        timed([options.weir, "generate", "clicks", "--count", options.clicks, "--seed", 1, "--out", file])
        size = os.path.getsize(file)
        print(f"{options.clicks} clicks, {size / options.clicks:.1f} bytes each")
        ours, theirs, log = [], [], ""
        for run in range(options.runs):
            data = folder / f"data{run}"
            done, wall, cpu = timed([options.weir, "replay", "--data", data, "--arrival-field", "Timestamp",
                                     "--put", f"ClickStream={file}"])
            log = done.stderr
            ours.append((options.clicks / cpu, options.clicks / wall))
            figures = rows_of(timed([options.weir, "query", "--data", data, "--format", "csv", VIEW])[0].stdout)
            done, wall, cpu = timed([options.oracle, DUCKDB.format(file=file)])
            theirs.append((options.clicks / cpu, options.clicks / wall))
            if figures != rows_of(done.stdout):
                sys.exit("the figures differ: the benchmark is void")
            shutil.rmtree(data)
        print(log)
        for name, runs in (("weir replay", ours), ("duckdb read_json", theirs)):
            cpu, wall = (statistics.median(r[i] for r in runs) / 1e6 for i in (0, 1))
            print(f"{name:18} {cpu:7.2f} M rows per CPU-second   {wall:7.2f} M rows per second   "
                  f"(median of {len(runs)}; CPU {min(r[0] for r in runs) / 1e6:.2f}–{max(r[0] for r in runs) / 1e6:.2f})")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
