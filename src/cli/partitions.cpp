#include "cli/partitions.h"

#include <charconv>

namespace barnabas::cli {

Result<PartitionChoice> parse_partitions(std::string_view text) {
  const auto bad = [whole = text] { return fail(Errc::kInvalidArgument, "'" + std::string(whole) + "': write TOPIC or TOPIC:0,1,2"); };
  const std::size_t colon = text.find(':');
  PartitionChoice choice{std::string(text.substr(0, colon)), {}};
  if (choice.topic.empty()) return bad();
  while (colon != std::string_view::npos) {
    text.remove_prefix(choice.partitions.empty() ? colon + 1 : 0);
    PartitionIndex number = -1;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return bad();
    choice.partitions.push_back(number);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) break;
    if (text.front() != ',') return bad();
    text.remove_prefix(1);
  }
  return choice;
}

std::string partitions_text(const std::vector<client::NamedPartition>& sorted) {
  std::string text;
  std::string_view topic;
  for (const client::NamedPartition& each : sorted) {
    if (each.topic != topic) {
      text += (text.empty() ? "" : " ") + each.topic + ":";
      topic = each.topic;
    } else {
      text += ',';
    }
    text += std::to_string(each.partition);
  }
  return text;
}

}  // namespace barnabas::cli
