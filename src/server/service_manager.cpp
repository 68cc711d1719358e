#include "server/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "base/log.h"

namespace barnabas::server {

void tell_service_manager(const Environment& environment, std::string_view state) {
  const auto asked = environment.find("NOTIFY_SOCKET");
  if (asked == environment.end() || asked->second.empty()) return;
  const std::string& path = asked->second;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return log::warn("service manager not told", {{"error", "NOTIFY_SOCKET is too long"}});
  std::ranges::copy(path, address.sun_path);
  if (path.front() == '@') address.sun_path[0] = '\0';  // a name that is no file
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0 || ::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), length) < 0) {
    const auto failed = fail_errno(errno, "NOTIFY_SOCKET");
    log::warn("service manager not told", {{"error", failed.error().message}});
  }
  if (socket >= 0) ::close(socket);
}

}  // namespace barnabas::server
