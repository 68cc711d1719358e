"""The image that the Dockerfile describes, made and run here without Docker: its root, entry point and health check.

The base is made of this machine's packages (debian_root.py); the rest is what the Dockerfile says.
"""

import re
import shutil
import subprocess
from pathlib import Path

import debian_root
import dockerfile
import pytest
from conftest import REPOSITORY, TIMEOUT_S, harness
from sandbox import Sandbox, why_not

DOCKERFILE = REPOSITORY / "Dockerfile"
MAKEFILE = REPOSITORY / "Makefile"


@pytest.fixture(scope="module")
def base(package, tmp_path_factory):
    """A root with what debian:bookworm-slim has, what the Dockerfile asks apt for, and what the package depends on."""
    if reason := why_not():
        pytest.skip(reason)
    root = tmp_path_factory.mktemp("base") / "root"
    asked = dockerfile.package_names(DOCKERFILE)
    depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], capture_output=True, text=True, check=True).stdout
    debian_root.make(root, [*asked, *(word.split()[0] for word in depends.split(","))])
    yield root
    shutil.rmtree(root)  # 100 MB


@pytest.fixture
def image(base, package):
    with Sandbox(base) as box:
        made = dockerfile.Image(box)
        (name, _, steps) = dockerfile.stages(DOCKERFILE)[-1]
        assert name == "debian:bookworm-slim", "the base that debian_root.py stands for"

        def copied(source):
            pattern = dockerfile.build_path(DOCKERFILE, source, REPOSITORY)
            # `make package` leaves it there; that of the binary under test is taken.
            assert pattern.parent == REPOSITORY / "build/package"
            assert Path(package.name).match(pattern.name)
            return package

        for step in steps:
            made.apply(*step, copied)
        yield made


class Running:
    def __init__(self, image, *arguments, env=None):
        self.image, self.env = image, env
        self.log = (image.box.folder / "log").open("w+b")
        self.process = image.start(*arguments, env=env, stdout=self.log, stderr=self.log)

    def printed(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def wait_until_healthy(self):
        said = ""

        def healthy():
            nonlocal said
            assert self.process.poll() is None, self.printed()
            done = self.image.check_health()
            said = done.stdout + done.stderr
            return done.returncode == 0

        try:
            harness.wait_until(healthy, TIMEOUT_S / 2, "healthy")
        except harness.TimedOut:
            raise AssertionError(f"not healthy: {said}\n{self.printed()}") from None
        return self

    def stop(self):
        self.image.box.done("sh", "-c", "kill -s $0 $(cat /proc/[0-9]*/stat | sed -n 's/^\\([0-9]*\\) (barnabas).*/\\1/p')",
                            self.image.stop_signal.removeprefix("SIG"))
        assert self.process.wait(TIMEOUT_S) == 0, self.printed()


def test_it_is_healthy_when_it_serves_and_only_then(image):
    assert image.check_health().returncode != 0
    running = Running(image).wait_until_healthy()
    running.stop()
    assert image.check_health().returncode != 0


def test_docker_waits_longer_than_the_check_does(image):
    command, options = image.health
    given = command[command.index("--timeout") + 1]
    assert float(given.removesuffix("s")) < float(options["timeout"].removesuffix("s"))


def test_it_runs_as_a_user_of_a_number_that_owns_the_volume(image):
    assert re.fullmatch(r"\d+:\d+", image.user) and not image.user.startswith("0:")
    (volume,) = image.volumes
    assert image.box.done("stat", "-c", "%u:%g", volume).strip() == image.user
    assert image.ports == ["9092"]


def test_records_are_in_the_volume_and_there_again(image):
    running = Running(image).wait_until_healthy()
    assert image.execute("barnabas", "topic", "create", "orders").returncode == 0
    done = image.execute("barnabas", "produce", "orders", stdin="hello\n")
    assert done.returncode == 0, done.stderr
    running.stop()
    (volume,) = image.volumes
    assert image.box.path(f"{volume.lstrip('/')}/orders-0").is_dir()
    running = Running(image).wait_until_healthy()
    assert image.execute("barnabas", "consume", "orders", "-O", ":end").stdout == "hello\n"
    running.stop()


def test_settings_are_variables_and_arguments(image):
    running = Running(image, "--set", "log.retention.hours=24", env={"KAFKA_NUM_PARTITIONS": "6"}).wait_until_healthy()
    shown = image.execute("barnabas", "config", "get", "broker", "1").stdout
    assert re.search(r"num\.partitions\s+6", shown) and re.search(r"log\.retention\.hours\s+24", shown)
    running.stop()


def test_it_has_the_mode_to_try_things_in(image):
    running = Running(image, "--dev").wait_until_healthy()
    assert "orders" in image.execute("barnabas", "topic", "list").stdout
    running.stop()


@pytest.mark.parametrize("settings", [{}, {"BARNABAS_HTTP_LISTENER": ":8080"}])
def test_metrics_are_for_the_container_alone_unless_that_is_set(image, settings):
    running = Running(image, env=settings).wait_until_healthy()
    # 127.0.0.2: not an address that somebody listens on who has chosen 127.0.0.1.
    ask = r"exec 3<>/dev/tcp/127.0.0.2/8080; printf 'GET /readyz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n' >&3; cat <&3"
    assert image.execute("timeout", "5", "bash", "-c", ask.replace("127.0.0.2", "127.0.0.1")).stdout.startswith("HTTP/1.1 200")
    assert bool(image.execute("timeout", "5", "bash", "-c", ask).stdout) is bool(settings)
    running.stop()


def test_the_build_makes_what_is_copied():
    """`make package`, which the build stage runs, is tools/package with its default place."""
    recipe = MAKEFILE.read_text(encoding="utf-8").partition("\npackage:")[2].partition("\n\n")[0]
    assert "tools/package" in recipe and "--output" not in recipe
    assert 'default=REPOSITORY / "build/package"' in (REPOSITORY / "tools/package").read_text(encoding="utf-8")
