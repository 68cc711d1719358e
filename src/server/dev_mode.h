#pragma once
// What `barnabas serve --dev` adds to a broker: a data directory that goes when the broker does, and topics to try it
// with, filled as any client would fill them.
//
//   /tmp/barnabas-dev-XXXXXX/      (or below TMPDIR) made at the start, for its owner alone; removed with this object
//
// A kill -9 leaves the directory where it is; nobody looks for it again. One thread.
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "net/stream.h"

namespace barnabas::server {

class DevMode {
 public:
  static Result<DevMode> begin(const Environment& environment);
  DevMode(DevMode&& other) noexcept : directory_(std::exchange(other.directory_, {})) {}
  DevMode& operator=(DevMode&&) = delete;
  ~DevMode();

  // What it sets where nobody else does, "key=value".
  std::vector<std::string> defaults() const;
  // kInvalidArgument: somebody else says where the data shall be, so it would not go at the end.
  static Result<> check(const Settings& settings);
  // Creates the sample topics through the listener, which must be served.
  static Result<> fill(const net::Endpoint& listening, const Clock& clock);
  // For people: where the broker is and what to try.
  std::string welcome(const net::Endpoint& listening, bool filled) const;

 private:
  explicit DevMode(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;  // empty: moved from
};

}  // namespace barnabas::server
