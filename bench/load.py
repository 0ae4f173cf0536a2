"""Many clients at once on one server: python bench/load.py --program build/release/bin/latentdial

A third of the clients wait for their picture, a third cancel, a third hang up. Prints one JSON object and exits with 1 when something is
lost, delivered twice, refused without saying when to come again, slow to answer, or when memory grew."""

import argparse
import json
import sys

from clients import Clients, percentiles, resident_bytes, running_server, settle

SLOWEST_MS = 100  # Of an answer to a look at the progress.
MOST_GROWTH = 1.05  # Of memory over the load.


def load(address: str, clients: int, seconds: float) -> Clients:
    group = Clients(address, seconds)
    group.run([(group.wait, group.cancel, group.hang_up)[i % 3] for i in range(clients)])
    settle(address)
    return group


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/latentdial")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--warm-up", type=float, default=20, help="seconds of the same load before memory is read")
    arguments = parser.parse_args()
    with running_server(arguments.program) as (address, server):
        load(address, arguments.clients, arguments.warm_up)
        before = resident_bytes(server.pid)
        group = load(address, arguments.clients, arguments.seconds)
        after = resident_bytes(server.pid)
        alive = server.poll() is None
    result = {
        "counts": dict(group.counts),
        "faults": group.faults,
        "progress_ms": percentiles([seconds for _, seconds in group.looks]),
        "memory_mib": {"before": before / 2**20, "after": after / 2**20, "ratio": after / before},
        "pictures_per_second": group.counts["delivered"] / arguments.seconds,
        "alive": alive,
    }
    print(json.dumps(result, indent=1))
    quick = result["progress_ms"]["worst"] <= SLOWEST_MS
    return 0 if alive and not group.faults and quick and after <= MOST_GROWTH * before else 1


if __name__ == "__main__":
    sys.exit(main())
