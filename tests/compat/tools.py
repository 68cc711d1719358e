"""Apache Kafka's command line tools, many in one JVM: each would take a second or two to start."""

import json
import re
import subprocess

from clients import java_command
from harness import COMPAT, kafka_jars


class Tools:
    """tool("org.apache.kafka.tools.TopicCommand", "--list"): what it printed; fails unless it ends well."""

    def __init__(self, broker):
        self.broker = broker
        command = java_command(f"{kafka_jars('4.3.1')}/*", main=str(COMPAT / "programs/kafka/Tools.java"))
        # Its standard error is ours: what a tool writes there comes with its answer.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, main, *words):
        line = "\t".join([main, "--bootstrap-server", self.broker.address, *map(str, words)])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def __call__(self, main, *words):
        answer = self.run(main, *words)
        assert answer["exit"] == 0, f"{main} {words} ended with {answer['exit']}:\n{answer['out']}{answer['err']}"
        return answer["out"]

    def refused(self, main, *words):
        """What it printed, and it must not have ended well."""
        answer = self.run(main, *words)
        printed = answer["out"] + answer["err"]
        assert answer["exit"] != 0 or re.search(r"(?i)error|exception", printed), printed
        return printed

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
