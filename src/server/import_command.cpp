#include "server/import_command.h"

namespace barnabas::server {

int import(const cli::StorageImportCommand&) { return 1; }

}  // namespace barnabas::server
