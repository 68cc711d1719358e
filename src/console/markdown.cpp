#include "console/markdown.h"

#include <fmt/format.h>

#include "console/families.h"

namespace barnabas::console {
namespace {

constexpr std::string_view kIntroduction = R"(# Metrics

`barnabas.http.listener` (127.0.0.1:8080 unless set, empty for none) serves plain HTTP:

| path | answer |
|---|---|
| `/metrics` | everything below, in Prometheus' text format |
| `/livez` | 200 while an I/O thread and the control thread answer |
| `/readyz` | 200 while clients are served; 503 with a reason a line at the stop, without a leader of the metadata, or when every log directory has failed |

Nobody answers before clients can connect: a start after a crash may read logs for a while, so let a liveness probe begin
late (Kubernetes: a `startupProbe` on `/readyz`).

There is no password on it and topics' and groups' names can be read there: give it an address that only your monitoring
reaches. A port that is taken is a warning at the start, and the broker serves its clients without metrics.

To scrape it:

```yaml
scrape_configs:
  - job_name: barnabas
    static_configs: [{targets: ["127.0.0.1:8080"]}]
```

`dashboards/barnabas.json` is a dashboard for Grafana over these names.

What a client names makes no series of its own, with three exceptions that exist in the broker anyway: topics, their
partitions and consumer groups; and a fourth that an operator asks for, what clients tell of themselves. Of partitions, and of offsets that groups committed, the first
`barnabas.metrics.series.max` in the order of their names have series; `barnabas_metrics_left_out` says how many have not,
and the counters of their topics are together in `topic="other topics"`. A group's name is shown in printable ASCII (other bytes
as `\xNN`), a long one cut with a hash behind it.

A scrape that takes a tenth of a second or more (many thousands of series) is given again to whoever asks within nine times
as long.

Counters begin at 0 with the process; those of a topic end with it. Times are in seconds and sizes in bytes. Histograms of
times reach from 10 microseconds to 10 seconds in steps of 1, 2, 5.

This page is made from `src/console/families.h`, and a test holds it against a running broker.
)";

std::string_view name(Kind kind) {
  switch (kind) {
    case Kind::kCounter: return "counter";
    case Kind::kGauge: return "gauge";
    case Kind::kHistogram: return "histogram";
  }
  return "";
}

}  // namespace

std::string metrics_markdown() {
  std::string page(kIntroduction);
  for (const FamilyGroup& group : family_groups()) {
    fmt::format_to(std::back_inserter(page), "\n## {}\n\n", group.title);
    if (!group.text.empty()) fmt::format_to(std::back_inserter(page), "{}\n\n", group.text);
    page += "| metric | kind | labels | what it says |\n|---|---|---|---|\n";
    for (const Family& row : group.families) {
      fmt::format_to(std::back_inserter(page), "| `{}` | {} | {} | {} |\n", row.name, name(row.kind), row.labels, row.help);
    }
  }
  return page;
}

}  // namespace barnabas::console
