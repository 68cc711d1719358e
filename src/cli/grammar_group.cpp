// barnabas group.
#include <charconv>

#include "cli/grammar.h"
#include "cli/time_text.h"

namespace barnabas::cli {
namespace {

void names(CLI::App& app, std::vector<std::string>& into) {
  app.add_option("groups", into, "Names of the groups")->required()->type_name("GROUP");
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

SeekTarget parse_to(const std::string& text) {
  if (text == "earliest" || text == "start") return {SeekTarget::Kind::kEarliest, 0};
  if (text == "latest" || text == "end") return {SeekTarget::Kind::kLatest, 0};
  if (const auto time = text.starts_with('@') ? number(text.substr(1)) : parse_datetime(text)) return {SeekTarget::Kind::kTime, *time};
  if (const auto offset = number(text); offset && *offset >= 0) return {SeekTarget::Kind::kOffset, *offset};
  throw CLI::ValidationError("--to", text + ": write earliest, latest, an offset, a time like 2026-05-04T10:30 or @MILLISECONDS");
}

SeekTarget parse_ago(const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration) throw CLI::ValidationError("--ago", text + " is no duration; write 30s, 1h30m or 7d");
  return {SeekTarget::Kind::kAgo, duration->count()};
}

SeekTarget parse_shift(const std::string& text) {
  const auto by = number(text);
  if (!by) throw CLI::ValidationError("--shift", text + " is no number of records");
  return {SeekTarget::Kind::kShift, *by};
}

void add_target(CLI::App& app, GroupSeek* seek, const char* name, SeekTarget (*parse)(const std::string&), const char* type,
                const char* help) {
  app.add_option_function<std::string>(
         name, [seek, parse](const std::string& text) { seek->targets.push_back(parse(text)); }, help)
      ->type_name(type);
}

void add_topics(CLI::App& app, std::vector<std::string>& topics, const char* help) {
  app.add_option("-t,--topic", topics, help)->type_name("TOPIC[:PARTITION,...]")->allow_extra_args(false);
}

}  // namespace

void add_group_commands(CLI::App& app, Leaves& leaves) {
  CLI::App* group = app.add_subcommand("group", "Look at consumer groups, move them, delete them.");
  group->require_subcommand(1);

  const auto [list, listed] = add_admin<GroupList>(*group, leaves, "list", "List groups.",
                                                   "  barnabas group list\n"
                                                   "  barnabas group list 'billing-*' -o json\n");
  list->add_option("patterns", listed->patterns, "Only names like this: * is anything, ? one character")->type_name("PATTERN");

  const auto [describe, described] =
      add_admin<GroupDescribe>(*group, leaves, "describe", "Show state, members and lag of groups.", "  barnabas group describe billing\n");
  names(*describe, described->names);

  const auto [lag, lagging] = add_admin<GroupLag>(*group, leaves, "lag", "Show how far groups are behind, partition by partition.",
                                                  "  barnabas group lag billing\n"
                                                  "  barnabas group lag billing shipping --total -o json\n");
  names(*lag, lagging->names);
  lag->add_flag("--total", lagging->total, "One line a group");

  const auto [seek, sought] = add_admin<GroupSeek>(*group, leaves, "seek", "Move what a group has committed. Without --yes, show the plan.",
                                                   "  barnabas group seek billing --to earliest              the plan\n"
                                                   "  barnabas group seek billing --to earliest --yes        do it\n"
                                                   "  barnabas group seek billing --to 2026-05-04T10:30 --topic orders --yes\n"
                                                   "  barnabas group seek billing --ago 1h --topic orders:0,1\n"
                                                   "  barnabas group seek billing --shift -100\n"
                                                   "The group must have no members. Offsets are kept within what the partition has.\n");
  seek->add_option("group", sought->group, "Name of the group")->required()->type_name("GROUP");
  add_target(*seek, sought, "--to", parse_to, "WHERE",
             "earliest (start), latest (end), an offset, a time (UTC unless it says +02:00), or @MILLISECONDS");
  add_target(*seek, sought, "--ago", parse_ago, "DURATION", "To the first record that is not older than this");
  add_target(*seek, sought, "--shift", parse_shift, "N", "So many records forward, or back when negative");
  add_topics(*seek, sought->topics, "Only this; may be repeated. All that the group has committed unless given");
  seek->add_flag("-y,--yes", sought->yes, "Do it");

  const auto [remove, removed] = add_admin<GroupDelete>(*group, leaves, "delete", "Delete groups, or what they committed for some topics.",
                                                        "  barnabas group delete billing\n"
                                                        "  barnabas group delete billing --topic orders --yes\n");
  names(*remove, removed->names);
  add_topics(*remove, removed->topics, "Forget only what was committed for this; may be repeated");
  add_yes(*remove, removed->yes);
}

}  // namespace barnabas::cli
