#include "metadata/metadata_log.h"

namespace barnabas::metadata {

std::string_view to_string(AppendStatus status) {
  switch (status) {
    case AppendStatus::kOk: return "ok";
    case AppendStatus::kFenced: return "fenced";
    case AppendStatus::kNotController: return "not controller";
    case AppendStatus::kTooLarge: return "too large";
    case AppendStatus::kNoSpace: return "no space";
    case AppendStatus::kUnknown: return "unknown";
    case AppendStatus::kClosed: return "closed";
  }
  return "?";
}

}  // namespace barnabas::metadata
