#pragma once
// Tells the service manager that started this process how it is, in systemd's protocol: a datagram to the socket that
// NOTIFY_SOCKET names. Nothing happens where nobody asked for it, and nobody waits for an answer.
#include <string_view>

#include "config/settings.h"

namespace barnabas::server {

// "READY=1" when clients can connect, "STOPPING=1" when they soon cannot.
void tell_service_manager(const Environment& environment, std::string_view state);

}  // namespace barnabas::server
