"""A root folder with a few of this machine's packages and nothing else: what an image of Debian is made of, without
fetching one. What a package does not say that it needs is not there.
"""

import re
import shutil
import subprocess
from pathlib import Path

STATUS = Path("/var/lib/dpkg/status")
MERGED = ("bin", "sbin", "lib", "lib64")
LEFT_OUT = re.compile(r"^/usr/share/(?:doc|man|info|locale|lintian)/")
STUB_OF_APT = r"""#!/bin/sh
# Installs what lies there, and holds the rest against what was put here before.
set -e
[ "$1" = install ] || exit 0
shift
for word; do
  case "$word" in
    -*) ;;
    /*) dpkg -i "$word" ;;
    *) dpkg -s "$word" >/dev/null ;;
  esac
done
"""


def stanzas():
    """Installed packages: name to its paragraph of dpkg's status."""
    found = {}
    for text in STATUS.read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", text, re.MULTILINE))
        if fields.get("Status", "").endswith(" installed"):
            found[fields["Package"]] = (fields, text.strip())
    return found


class Packages:
    def __init__(self):
        self.all = stanzas()
        self.providers = {}
        for name, (fields, _) in self.all.items():
            for provided in fields.get("Provides", "").split(","):
                self.providers.setdefault(provided.split("(")[0].strip(), name)

    def basic(self):
        """Those of debian:bookworm-slim, as far as they are here: essential ones, and apt."""
        return [name for name, (fields, _) in self.all.items() if fields.get("Essential") == "yes"] + ["apt", "passwd"]

    def closure(self, names):
        found, todo = set(), list(names)
        while todo:
            name = todo.pop()
            name = name if name in self.all else self.providers.get(name, name)
            assert name in self.all, f"package {name} is not on this machine"
            if name in found:
                continue
            found.add(name)
            fields = self.all[name][0]
            for group in f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}".split(","):
                choices = [re.split(r"[\s:(]", choice.strip())[0] for choice in group.split("|")]
                choices = [self.providers.get(choice, choice) if choice not in self.all else choice for choice in choices if choice]
                todo += [choice for choice in choices if choice in self.all][:1]
        return found


def make(root, names):
    """The packages and all that they depend on, below root."""
    packages = Packages()
    chosen = packages.closure([*packages.basic(), *names])
    for name in MERGED:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for package in sorted(chosen):
        copy_files(package, root)
    database = root / "var/lib/dpkg"
    (database / "status").write_text("\n\n".join(packages.all[name][1] for name in sorted(chosen)) + "\n\n", encoding="utf-8")
    for name in chosen:
        for file in STATUS.parent.glob(f"info/{name}.*"):
            shutil.copy2(file, database / "info" / file.name)
        for file in STATUS.parent.glob(f"info/{name}:*"):
            shutil.copy2(file, database / "info" / file.name)
    finish(root)


def copy_files(package, root):
    listed = subprocess.run(["dpkg", "--listfiles", package], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        source = Path(line)
        if not line.startswith("/") or line == "/." or LEFT_OUT.match(line):
            continue
        to = root / line[1:]
        if source.is_dir() and not source.is_symlink():
            to.mkdir(parents=True, exist_ok=True)
            shutil.copystat(source, to)
        elif source.is_symlink() or source.is_file():
            to.parent.mkdir(parents=True, exist_ok=True)
            if not to.is_symlink() and not to.exists():
                shutil.copy2(source, to, follow_symlinks=False)


def finish(root):
    """What the packages' own scripts make at their installation."""
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / f"etc/{name}")
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n", encoding="utf-8")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n", encoding="utf-8")
    (root / "tmp").chmod(0o1777)
    subprocess.run(["chroot", root, "pwconv"], check=True)
    subprocess.run(["chroot", root, "ldconfig"], check=True)
    # dpkg asks that these exist, and Debian's are not to be started here.
    apt = root / "usr/local/bin/apt-get"
    apt.parent.mkdir(parents=True, exist_ok=True)
    apt.write_text(STUB_OF_APT, encoding="utf-8")
    apt.chmod(0o755)
