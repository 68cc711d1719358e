#include "cli/admin_command.h"

namespace barnabas::cli {

int run(const Context& context, const AdminCommand& command) {
  return std::visit([&](const auto& action) { return run(Asked{context, command.connection, command.output}, action); }, command.action);
}

}  // namespace barnabas::cli
