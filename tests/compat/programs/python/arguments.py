"""What the two Python programs share: arguments, events, orders."""

import json
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for records.py


def parse():
    return sys.argv[1], dict(argument.split("=", 1) for argument in sys.argv[2:])


def say(event):
    print(json.dumps(event), flush=True)


def await_order():
    sys.stdin.readline()


def order_to_leave():
    """An event that is set by the next line, or the end, of the input."""
    leave = threading.Event()

    def wait():
        await_order()
        leave.set()

    threading.Thread(target=wait, daemon=True).start()
    return leave
