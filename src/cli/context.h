#pragma once
// What a command has around it: the terminal, the environment, a clock, files and a network, real or a test's. And what
// commands have in common: printing in the format asked for, asking before destruction, the exit codes.
//
//   0 done   1 the broker refused   2 wrong usage   3 could not connect
#include <string>
#include <string_view>

#include "base/disk.h"
#include "cli/commands.h"
#include "cli/table.h"
#include "client/cluster.h"
#include "config/settings.h"

namespace barnabas::cli {

inline constexpr int kDone = 0, kRefused = 1, kWrongUsage = 2, kNoConnection = 3;

class Console {
 public:
  virtual ~Console() = default;
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;
  // False at the end of the input. The line is without its end; it may be any bytes.
  virtual bool read_line(std::string& line) = 0;
  virtual void flush() = 0;
  // Somebody asked us to stop (Ctrl-C). Only of a console made for a command that goes on until then.
  virtual bool interrupted() = 0;
  virtual bool in_is_terminal() const = 0;
  virtual bool out_is_terminal() const = 0;
};

struct Context {
  Console& console;
  Disk& disk;
  const Clock& clock;
  net::Dialer& dialer;
  const Environment& environment;
};

// Where the cluster is: --brokers, --profile, BARNABAS_BROKERS, BARNABAS_PROFILE, the profile that the file chooses
// (profile.h), localhost:9092: the first of them that is given. kInvalidArgument: no such profile.
Result<std::string> brokers_text(const Context& context, const ConnectionOptions& options);
// The same, parsed. kInvalidArgument: not an address.
Result<client::Cluster> connect(const Context& context, const ConnectionOptions& options);

// The text for a table, the value for JSON and YAML.
void print(const Context& context, const OutputOptions& options, std::string_view text, const Value& value);
void print(const Context& context, const OutputOptions& options, const Table& table);

// Says "barnabas: ..." and returns the exit code.
int wrong_usage(const Context& context, std::string_view what);
int failed(const Context& context, const Error& error);
int exit_code(const Error& error);

// Whether to go on. nullopt: nobody can be asked and --yes was not given, which has been said; the exit code is 2.
std::optional<bool> confirmed(const Context& context, std::string_view what_will_happen, bool yes);

// "key=value"; kInvalidArgument without a key or a sign.
Result<std::pair<std::string, std::string>> key_value(std::string_view text);

// "*" any characters, "?" one, everything else itself.
bool matches(std::string_view pattern, std::string_view text);

}  // namespace barnabas::cli
