"""Reads the Dockerfile and makes its last stage in a sandbox, instruction by instruction, as far as this one goes."""

import json
import re
import shlex
from pathlib import Path


def instructions(path):
    """(instruction, rest) of each, lines joined and comments gone."""
    text = "\n".join(line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            yield name.upper(), rest.strip()


def stages(path):
    """Each stage: its base, its name or None, its instructions."""
    found = []
    for name, rest in instructions(path):
        if name == "FROM":
            base, *named = rest.split()
            found.append((base, named[1] if named else None, []))
        else:
            found[-1][2].append((name, rest))
    return found


def words(rest):
    """A command in the form of JSON, or of a shell."""
    return json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]


class Image:
    """What is known of an image after its instructions."""

    def __init__(self, box):
        self.box = box
        self.env, self.user, self.volumes, self.ports = {}, "0:0", [], []
        self.entrypoint, self.cmd, self.health, self.stop_signal = [], [], None, "SIGTERM"

    def apply(self, name, rest, copied):
        """`copied`: from what COPY names to a file of this machine."""
        match name:
            case "ENV":
                self.env |= dict(word.split("=", 1) for word in shlex.split(rest))
            case "COPY":
                *sources, to = [word for word in rest.split() if not word.startswith("--")]
                for source in sources:
                    file = copied(source)
                    self.box.put(file, f"{to.lstrip('/')}/{file.name}" if to.endswith("/") else to.lstrip("/"))
            case "RUN":
                self.box.done("sh", "-c", rest, env=self.env)
            case "USER":
                self.user = rest
            case "VOLUME":
                self.volumes += rest.split()
            case "EXPOSE":
                self.ports += rest.split()
            case "STOPSIGNAL":
                self.stop_signal = rest
            case "ENTRYPOINT":
                self.entrypoint = words(rest)
            case "CMD":
                self.cmd = words(rest)
            case "HEALTHCHECK":
                options, _, command = rest.partition("CMD")
                self.health = (words(command.strip()), dict(re.findall(r"--([\w-]+)=(\S+)", options)))
            case _:
                raise AssertionError(f"{name}: this test does not know it")

    def environment(self, env=None):
        """As Docker gives it to a process of the user, HOME included."""
        uid = self.user.partition(":")[0]
        home = self.box.run("getent", "passwd", uid).stdout.split(":")[5:6] or ["/"]
        return {"HOME": home[0], **self.env, **(env or {})}

    def as_user(self, command):
        uid, _, gid = self.user.partition(":")
        return ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", *command]

    def start(self, *arguments, env=None, **options):
        """docker run: its process."""
        command = self.as_user([*self.entrypoint, *(arguments or self.cmd)])
        return self.box.start(*command, env=self.environment(env), **options)

    def execute(self, *command, stdin=""):
        """docker exec"""
        return self.box.run(*self.as_user(command), env=self.environment(), stdin=stdin)

    def check_health(self):
        """docker's health check, once: how it ended."""
        command, _ = self.health
        return self.execute(*command)


def package_names(path):
    """What the last stage asks apt for by name."""
    names = []
    for name, rest in stages(path)[-1][2]:
        for asked in re.findall(r"apt-get install ([^&|;]*)", rest) if name == "RUN" else []:
            names += [word for word in asked.split() if not word.startswith(("-", "/"))]
    return names


def build_path(path, source, repository):
    """Where a file of the build stage is on this machine, when `make package` makes it there: COPY . . in its WORKDIR."""
    _, _, steps = next(stage for stage in stages(path) if stage[1] == "build")
    workdir = next(rest for name, rest in steps if name == "WORKDIR")
    assert ("COPY", ". .") in steps and ("RUN", "make package") in steps
    return repository / Path(source).relative_to(workdir)
