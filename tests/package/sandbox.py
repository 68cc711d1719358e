"""This machine once more, in namespaces of its own: what is installed, written or started in it stays in it.

A sandbox has an overlay over a lower root (this machine's, or a folder), its own processes, and its own network with
nothing but a loopback, so that port 9092 is free. It needs root. Everything in it ends with close().
"""

import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

SETUP = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mkdir -p proc dev run tmp
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs none run
mount -t tmpfs -o mode=1777 none tmp
ip link set lo up
echo ready
exec cat
"""

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def why_not():
    """Why there can be no sandbox here; None: there can be one."""
    if os.geteuid() != 0:
        return "a sandbox needs root"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "--pid", "--fork", "mount", "-t", "tmpfs", "none", "/mnt"],
        capture_output=True, text=True, check=False,
    )
    return None if tried.returncode == 0 else f"no namespaces here: {tried.stderr.strip()}"


class Sandbox:
    def __init__(self, lower="/"):
        # A short name: a socket's path has 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="bs", dir="/tmp"))
        self.lower = Path(lower)
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", SETUP, "sh", self.folder, self.lower],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        assert self.holder.stdout.readline() == "ready\n", "the sandbox cannot be set up"
        children = Path(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children").read_text(encoding="utf-8")
        self.inside = int(children.split()[0])

    def command(self, *words):
        """The same command, in here."""
        enter = ["nsenter", f"--target={self.inside}", "--mount", "--net", "--pid"]
        return [*enter, "chroot", f"{self.folder}/root", *map(str, words)]

    def start(self, *words, env=None, **options):
        return subprocess.Popen(self.command(*words), env={"PATH": PATH, "HOME": "/root", **(env or {})}, **options)

    def run(self, *words, env=None, stdin="", timeout_s=60):
        ended = subprocess.run(
            self.command(*words), env={"PATH": PATH, "HOME": "/root", **(env or {})}, input=stdin, timeout=timeout_s,
            capture_output=True, text=True, check=False,
        )
        return ended

    def done(self, *words, **options):
        """The same of what must succeed; what it printed."""
        ended = self.run(*words, **options)
        assert ended.returncode == 0, f"{' '.join(map(str, words))}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
        return ended.stdout

    def path(self, path):
        """A file of the sandbox, seen from outside."""
        return Path(f"/proc/{self.inside}/root{self.folder}/root/{path}")

    def put(self, file, path):
        shutil.copy(file, self.path(path))

    def changes(self):
        """Every file, link and directory that is not what it was: added, changed or removed."""
        upper = Path(f"/proc/{self.inside}/root{self.folder}/upper")
        for path in sorted(upper.rglob("*")):
            name = path.relative_to(upper)
            if not same(path, self.lower / name):
                yield name.as_posix()

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(30)
        self.holder.stdout.close()
        shutil.rmtree(self.folder)  # what was mounted there is gone with its namespace

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def same(upper, lower):
    is_, was = upper.lstat(), lower.lstat() if os.path.lexists(lower) else None
    if stat.S_ISCHR(is_.st_mode) and is_.st_rdev == 0:
        return was is None  # overlayfs marks so what was removed
    if was is None or stat.S_IFMT(is_.st_mode) != stat.S_IFMT(was.st_mode) or (is_.st_uid, is_.st_gid) != (was.st_uid, was.st_gid):
        return False
    if stat.S_ISLNK(is_.st_mode):
        return upper.readlink() == lower.readlink()
    return not stat.S_ISREG(is_.st_mode) or upper.read_bytes() == lower.read_bytes()
