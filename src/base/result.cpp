#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace barnabas {

std::string_view to_string(Errc code) {
  switch (code) {
    case Errc::kIo: return "io";
    case Errc::kNoSpace: return "no_space";
    case Errc::kCorrupt: return "corrupt";
    case Errc::kNotFound: return "not_found";
    case Errc::kAlreadyExists: return "already_exists";
    case Errc::kInvalidArgument: return "invalid_argument";
    case Errc::kOutOfRange: return "out_of_range";
    case Errc::kTooLarge: return "too_large";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kFenced: return "fenced";
    case Errc::kBusy: return "busy";
    case Errc::kClosed: return "closed";
    case Errc::kTimeout: return "timeout";
  }
  return "unknown";
}

std::unexpected<Error> fail_errno(int sys_errno, std::string_view context) {
  Errc code = Errc::kIo;
  switch (sys_errno) {
    case ENOSPC:
    case EDQUOT: code = Errc::kNoSpace; break;
    case ENOENT: code = Errc::kNotFound; break;
    case EEXIST: code = Errc::kAlreadyExists; break;
    default: break;
  }
  char text[128];
  return fail(code, std::string(context) + ": " + strerror_r(sys_errno, text, sizeof text), sys_errno);
}

}  // namespace barnabas
