#pragma once
// Connection limits that follow what is set while the broker runs (max.connections, max.connections.per.ip and its
// overrides).
//
// Threads: on_image on the metadata executor; follow() from any, once the sockets are there.
#include <atomic>

#include "config/settings.h"
#include "metadata/publisher.h"
#include "net/socket_server.h"

namespace barnabas::server {

net::AdmissionLimits admission_of(const Settings& settings);

class LiveLimits final : public metadata::Publisher {
 public:
  explicit LiveLimits(const Settings& settings) : settings_(settings) {}

  // Gives the sockets the limits that hold now, and from then on whenever they change.
  void follow(net::SocketServer& sockets, const metadata::Image& now);
  void on_image(const metadata::ImagePtr& before, const metadata::ImagePtr& now, const metadata::ImageDelta& delta) override;

 private:
  net::AdmissionLimits limits(const metadata::Image& image) const;

  const Settings& settings_;
  std::atomic<net::SocketServer*> sockets_{nullptr};
};

}  // namespace barnabas::server
