// What people write: server.properties, --set, variables, command lines, times, ranges, formats and records as JSON.
// The first byte says which; words are separated by line feeds.
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.h"
#include "cli/command_line.h"
#include "cli/offset_range.h"
#include "cli/partitions.h"
#include "cli/record_text.h"
#include "cli/time_text.h"
#include "config/properties.h"
#include "config/settings.h"

using namespace barnabas;

namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == '\n') {
      words.emplace_back();
    } else if (c != '\0') {
      words.back() += c;
    }
  }
  return words;
}

void file(std::string_view text) {
  const auto properties = parse_properties(text);
  SettingSources sources;
  sources.file_name = "server.properties";
  sources.file_text = std::string(text);
  const auto settings = Settings::load(sources);
  CHECK(properties.has_value() || !settings.has_value());
  if (!settings) CHECK(!settings.error().message.empty());
}

void overrides(std::string_view text) {
  SettingSources sources;
  for (std::string& word : words_of(text)) {
    const std::size_t equals = word.find('=');
    if (word.starts_with("KAFKA_") || word.starts_with("BARNABAS_")) {
      if (equals != std::string::npos) sources.environment[word.substr(0, equals)] = word.substr(equals + 1);
    } else {
      sources.overrides.push_back(std::move(word));
    }
  }
  const auto settings = Settings::load(sources);
  CHECK(settings.has_value() ? !settings->listeners().empty() : !settings.error().message.empty());
}

void command_line(std::string_view text) {
  std::vector<std::string> words = words_of(text);
  words.insert(words.begin(), "barnabas");
  std::vector<const char*> argv;
  for (const std::string& word : words) argv.push_back(word.c_str());
  const auto parsed = cli::parse(static_cast<int>(argv.size()), argv.data());
  if (const auto* exit = std::get_if<cli::Exit>(&parsed)) {
    CHECK(exit->code == 0 || exit->code == 2);
    CHECK(!exit->out.empty() || !exit->err.empty());
  }
}

void record(std::string_view line) {
  const auto parsed = cli::parse_record_json(line);
  if (!parsed) return;
  const auto again = cli::parse_record_json(cli::record_json(*parsed));
  CHECK(again.has_value() && *again == *parsed);
}

void format(std::string_view text) {
  const auto parsed = cli::RecordFormat::parse(text);
  if (!parsed) return;
  std::string out;
  parsed->append(out, {.topic = "t", .key = "k", .value = "v", .headers = {{"h", "1"}, {"n", std::nullopt}}}, 1);
}

void small(std::string_view text) {
  (void)cli::parse_range(text, 1'700'000'000'000);
  (void)cli::parse_partitions(text);
  (void)cli::parse_duration(text);
  if (const auto bytes = cli::parse_base64(text)) CHECK(cli::base64(*bytes) == text);
  if (const auto time = cli::parse_datetime(text)) CHECK(cli::parse_datetime(cli::datetime_text(*time)) == time);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: file(text); break;
    case 1: overrides(text); break;
    case 2: command_line(text); break;
    case 3: record(text); break;
    case 4: format(text); break;
    case 5: small(text); break;
  }
  return 0;
}
