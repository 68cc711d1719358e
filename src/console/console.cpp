#include "console/console.h"

#include <utility>

#include "console/exposition.h"

namespace barnabas::console {
namespace {

constexpr auto kLongScrape = std::chrono::milliseconds(100);

}  // namespace

HttpResponse Console::answer(const HttpRequest& request) {
  if (request.method != "GET" && request.method != "HEAD") return {.status = 405, .body = "there is nothing to change here\n"};
  if (request.path == "/metrics") return metrics();
  if (request.path == "/livez") return {.body = "ok\n"};
  if (request.path == "/readyz") return ready();
  if (request.path == "/") return {.body = "/metrics\n/livez\n/readyz\n"};
  return {.status = 404, .body = "there is /metrics, /livez and /readyz\n"};
}

std::vector<std::string> Console::not_ready_because() const {
  std::vector<std::string> reasons;
  if (stopping_) reasons.emplace_back("stopping");
  if (deps_.broker.images().current()->controller() == metadata::kNoLeader) reasons.emplace_back("nobody leads the metadata");
  std::size_t failed = 0;
  for (std::size_t i = 0; i < deps_.logs.directory_count(); ++i) failed += deps_.logs.directory(i).failed() ? 1 : 0;
  if (failed == deps_.logs.directory_count()) reasons.emplace_back("every log directory has failed");
  return reasons;
}

HttpResponse Console::ready() const {
  const std::vector<std::string> reasons = not_ready_because();
  if (reasons.empty()) return {.body = "ok\n"};
  HttpResponse response{.status = 503, .body = {}};
  for (const std::string& reason : reasons) response.body += reason + "\n";
  return response;
}

// Scrapes may have a tenth of the control thread, whoever asks how often: what took long is told again for a while.
HttpResponse Console::metrics() {
  const MonoTime begun = deps_.clock.mono();
  HttpResponse response{.content_type = std::string(Exposition::kContentType), .body = last_scrape_};
  if (!response.body.empty() && begun - scraped_at_ < 9 * scrape_took_) return response;
  response.body = collect();
  scraped_at_ = deps_.clock.mono();
  scrape_took_ = scraped_at_ - begun;
  last_scrape_ = scrape_took_ >= kLongScrape ? response.body : std::string();
  return response;
}

std::string Console::collect() {
  Exposition out;
  collect_requests(out);
  collect_connections(out);
  collect_disks(out);
  collect_node(out);
  collect_topics(out);
  collect_groups(out);
  collect_quotas(out);
  collect_cleaner(out);
  collect_clients(out);
  return out.finish();
}

std::size_t Console::series_max() const {
  return static_cast<std::size_t>(deps_.broker.settings().get(setting::kBarnabasMetricsSeriesMax));
}

}  // namespace barnabas::console
