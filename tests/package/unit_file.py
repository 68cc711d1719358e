"""barnabas.service, as far as it can be had without systemd: its command line, its user and its limits."""

import contextlib
import resource
import shlex
import socket
import subprocess

# What ProtectSystem=strict, PrivateTmp= and StateDirectory= make of the file system.
STRICT = """
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind /
mount -t tmpfs -o mode=1777 none /tmp
shift
exec "$@"
"""


def read(path):
    """The [Service] section: name to the list of its values."""
    settings, section = {}, None
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            settings.setdefault(name, []).append(value)
    return settings


def allowed_calls(service):
    """The names that SystemCallFilter= lets through."""
    allowed = set()
    for value in service["SystemCallFilter"]:
        names = expand(value.lstrip("~").split())
        allowed = allowed - names if value.startswith("~") else allowed | names
    return allowed


def expand(words):
    names = set()
    for word in words:
        if not word.startswith("@"):
            names.add(word)
            continue
        lines = subprocess.run(["systemd-analyze", "syscall-filter", word], capture_output=True, text=True, check=True).stdout
        names |= expand(line.strip() for line in lines.splitlines()[1:] if line.strip() and not line.strip().startswith("#"))
    return names


def command(service, trace=None):
    """ExecStart as systemd would run it: user, umask, descriptors, no privileges, and a file system to read only."""
    (start,), (user,), (group,) = service["ExecStart"], service["User"], service["Group"]
    (state,), (umask,), (files,) = service["StateDirectory"], service["UMask"], service["LimitNOFILE"]
    assert service["ProtectSystem"] == ["strict"] and service["NoNewPrivileges"] == ["true"] and service["CapabilityBoundingSet"] == [""]
    become = ["setpriv", f"--reuid={user}", f"--regid={group}", "--init-groups"]
    become += ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = int(files) if hard == resource.RLIM_INFINITY else min(int(files), hard)  # systemd may ask for more than we may
    limits = ["prlimit", f"--nofile={files}", "sh", "-c", f'umask {umask} && exec "$@"', "sh"]
    watched = ["strace", "-f", "-qq", "-o", trace] if trace else []
    return ["unshare", "--mount", "sh", "-c", STRICT, "sh", f"/var/lib/{state}", *watched, *limits, *become, *shlex.split(start)]


@contextlib.contextmanager
def notify_socket(sandbox):
    """Where Type=notify hears from the service: (its name inside, receive()), which waits a tenth of a second."""
    name = "/run/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waiting:
        waiting.bind(str(sandbox.path(name)))
        sandbox.path(name).chmod(0o777)
        waiting.settimeout(0.1)
        yield name, lambda: waiting.recv(1000).decode()
    sandbox.path(name).unlink()
