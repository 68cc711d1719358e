"""The .deb: what is in it, and that it is installed, used, upgraded and removed as Debian's packages are."""

import contextlib
import os
import re
import shutil
import subprocess
from fnmatch import fnmatch

import pytest
import unit_file
from conftest import BINARY, TIMEOUT_S, harness, make_package

# What dpkg, adduser and the triggers of other packages write for themselves.
OF_THE_SYSTEM = ["var/lib/dpkg/*", "var/log/*", "var/cache/*", "run/*", "tmp/*", "etc/.pwd.lock", "etc/*-", "var/lib/man-db/*"]
MAN_PAGES = ["usr/share/man/man1/barnabas.1.gz", "usr/share/man/man5/barnabas.properties.5.gz"]


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False, **options)


class Service:
    """The broker, started as its unit says."""

    def __init__(self, box, trace=None):
        self.box = box
        service = unit_file.read(box.path("lib/systemd/system/barnabas.service"))
        self.log = (box.folder / "service.log").open("w+b")
        self.notify = contextlib.ExitStack()
        name, self.receive = self.notify.enter_context(unit_file.notify_socket(box))
        self.process = box.start(*unit_file.command(service, trace), env={"NOTIFY_SOCKET": name}, stdout=self.log, stderr=self.log)
        harness.wait_until(self.ready, TIMEOUT_S, "READY=1")

    def ready(self):
        try:
            return self.receive() == "READY=1"
        except TimeoutError:
            assert self.process.poll() is None, self.printed()
            return False

    def printed(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def pid(self):
        return self.box.done("pgrep", "-n", "-x", "barnabas").strip()

    def stop(self):
        self.box.done("kill", "-TERM", self.pid())
        assert self.process.wait(TIMEOUT_S) == 0, self.printed()
        assert self.receive() == "STOPPING=1"
        self.notify.close()


def use(box):
    """A topic, records in and out, a group: with the tools that are installed."""
    box.done("barnabas", "topic", "create", "orders", "-p", "3")
    box.done("kcat", "-b", "localhost:9092", "-P", "-t", "orders", stdin="one\ntwo\n")
    assert sorted(box.done("kcat", "-b", "localhost:9092", "-C", "-t", "orders", "-e", "-q").split()) == ["one", "two"]
    read = box.done("barnabas", "consume", "orders", "-g", "billing", "-n", "2")
    assert sorted(read.split()) == ["one", "two"]
    assert "billing" in box.done("barnabas", "group", "list")
    assert "kafka_consumergroup_lag" in box.done("curl", "-s", "localhost:8080/metrics")


def test_the_same_twice_has_the_same_bytes(package, tmp_path):
    assert make_package(tmp_path).read_bytes() == package.read_bytes()


@pytest.mark.parametrize("page", MAN_PAGES)
def test_a_man_page_is_set_without_a_complaint(unpacked, page):
    done = run("man", "--warnings", "--local-file", unpacked / page, env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
    assert done.returncode == 0 and done.stderr == "" and len(done.stdout) > 1000
    strict = run("mandoc", "-T", "lint", "-W", "warning", unpacked / page)
    assert strict.stdout == ""


def test_the_man_page_has_every_command_and_option(unpacked):
    text = re.sub(r"\s+", " ", run("man", "--local-file", unpacked / MAN_PAGES[0], env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout)
    usages = [line for line in text.split(" barnabas ") if "[OPTIONS]" in line]
    assert len(usages) > 20
    for words in (["serve"], ["topic", "create"], ["group", "seek"], ["completion", "fish"]):
        help_text = run(BINARY, *words, "--help").stdout
        assert f"barnabas {' '.join(words)} " in text
        for option in re.findall(r"^  (-[-\w,]+)", help_text, re.MULTILINE):
            assert option in text, option


def test_the_man_page_of_settings_has_what_does_something(unpacked):
    text = run("man", "--local-file", unpacked / MAN_PAGES[1], env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
    for name in ("listeners", "log.dirs", "barnabas.durability", "num.partitions", "log.retention.ms"):
        assert re.search(rf"^ +{re.escape(name)}$", text, re.MULTILINE), name
    assert "ssl.keystore.location" not in text


def test_the_default_settings_are_known_and_listen_to_this_machine_only(unpacked):
    text = (unpacked / "etc/barnabas/server.properties").read_text(encoding="utf-8")
    given = dict(line.lstrip("#").split("=", 1) for line in text.splitlines() if re.match(r"#?[a-z.]+=", line))
    assert given["listeners"] == "PLAINTEXT://127.0.0.1:9092"
    for name in given:
        assert run(BINARY, "config", "explain", name).returncode == 0, name


def test_it_depends_on_what_it_is_linked_with(package, unpacked):
    depends = run("dpkg-deb", "--field", package, "Depends").stdout
    names = {word.split()[0] for word in depends.split(",")}
    for library in re.findall(r"=> (/\S+)", run("ldd", unpacked / "usr/bin/barnabas").stdout):
        found = run("dpkg", "--search", library).stdout or run("dpkg", "--search", f"/usr{library}").stdout
        owner = found.split(":")[0]
        provided = run("dpkg-query", "--show", "--showformat", "${Provides}", owner).stdout
        assert names & {owner, *(word.split()[0] for word in provided.split(",") if word)}, f"{library} is of {owner}"


def test_lintian_has_nothing_to_say(package):
    # Those of a package that is in Debian itself: bugs it closes, an address there.
    not_ours = "initial-upload-closes-no-bugs"
    done = run("lintian", "--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0", "--suppress-tags", not_ours, package)
    assert done.returncode == 0 and done.stdout == "", done.stdout + done.stderr


def test_the_unit_is_valid_and_tight(installed):
    unit = "/lib/systemd/system/barnabas.service"
    verified = installed.run("systemd-analyze", "verify", unit)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")
    exposed = installed.done("systemd-analyze", "security", "--offline=true", unit)
    assert float(re.search(r"Overall exposure level for \S+: ([\d.]+)", exposed)[1]) < 2.0


def test_it_is_installed_used_removed_and_purged(installed):
    assert "/etc/systemd/system/multi-user.target.wants/barnabas.service" in {f"/{name}" for name in installed.changes()}
    service = Service(installed)
    use(installed)
    status = installed.done("cat", f"/proc/{service.pid()}/status")
    uid = installed.done("id", "-u", "barnabas").strip()
    assert re.search(rf"^Uid:\s+{uid}\s+{uid}\s+{uid}\s+{uid}$", status, re.MULTILINE)
    for capabilities in ("CapPrm", "CapEff", "CapBnd"):
        assert re.search(rf"^{capabilities}:\s+0+$", status, re.MULTILINE)
    service.stop()

    installed.done("dpkg", "--remove", "barnabas")
    assert not installed.path("usr/bin/barnabas").exists()
    assert installed.path("etc/barnabas/server.properties").exists()
    assert installed.path("var/lib/barnabas/orders-0").is_dir(), "records outlive the program"

    installed.done("dpkg", "--purge", "barnabas")
    left = [name for name in installed.changes() if not any(fnmatch(name, pattern) for pattern in OF_THE_SYSTEM)]
    assert left == []


def test_an_upgrade_keeps_records_and_settings(installed, package, tmp_path):
    service = Service(installed)
    use(installed)
    service.stop()
    settings = installed.path("etc/barnabas/server.properties")
    settings.write_text(settings.read_text(encoding="utf-8") + "num.partitions=7\n", encoding="utf-8")

    run("dpkg-deb", "--raw-extract", package, tmp_path / "next")
    control = tmp_path / "next/DEBIAN/control"
    control.write_text(re.sub(r"(?m)^Version: .*", "Version: 99.0", control.read_text(encoding="utf-8")), encoding="utf-8")
    run("dpkg-deb", "--root-owner-group", "--build", tmp_path / "next", tmp_path / "next.deb")
    installed.put(tmp_path / "next.deb", "tmp/next.deb")
    installed.done("dpkg", "-i", "/tmp/next.deb")

    service = Service(installed)
    assert sorted(installed.done("barnabas", "consume", "orders", "-O", ":end").split()) == ["one", "two"]
    installed.done("barnabas", "topic", "create", "wide")
    assert "7" in installed.done("barnabas", "topic", "describe", "wide")
    service.stop()


def test_wrong_settings_do_not_make_systemd_try_again(installed):
    installed.path("etc/barnabas/server.properties").write_text("num.partitions=many\n", encoding="utf-8")
    service = unit_file.read(installed.path("lib/systemd/system/barnabas.service"))
    ended = installed.run(*unit_file.command(service))
    assert "num.partitions" in ended.stderr + ended.stdout
    assert [str(ended.returncode)] == service["RestartPreventExitStatus"]


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_the_units_filter_lets_through_what_the_broker_calls(installed):
    trace = "/var/lib/barnabas/trace"  # the only place that can be written to
    service = Service(installed, trace)
    use(installed)
    installed.done("barnabas", "config", "set", "topic", "orders", "retention.ms=3600000")
    installed.done("barnabas", "topic", "delete", "orders", "--yes")
    service.stop()
    calls = installed.path(trace).read_text(errors="replace").splitlines()
    begun = next(number for number, line in enumerate(calls) if 'execve("/usr/bin/barnabas"' in line)
    own = calls[begun + 1 :]
    names = {found[1] for line in own if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"accept4", "sendfile", "openat"} & names, "this is no trace of a broker"
    settings = unit_file.read(installed.path("lib/systemd/system/barnabas.service"))
    assert names - unit_file.allowed_calls(settings) == set()
    assert settings["MemoryDenyWriteExecute"] == ["true"]
    assert [line for line in own if "PROT_WRITE|PROT_EXEC" in line] == []
    families = set(re.findall(r"socket\((AF_\w+)", "\n".join(own)))
    assert families <= set(settings["RestrictAddressFamilies"][0].split())
