#pragma once
// Result<T>: a value, or an Error that a healthy broker must expect (a full disk, a stale epoch, malformed bytes).
// Bugs are not errors: they are CHECKs (check.h). Nothing in Barnabas throws; what a library throws is caught
// at the call that may throw it.
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace barnabas {

// What kind of failure it was, for code that must react differently. The message is for people.
enum class Errc {
  kIo,       // the disk or a socket failed; sys_errno says how
  kNoSpace,  // the disk is full
  kCorrupt,  // bytes that cannot be what they claim to be
  kNotFound,
  kAlreadyExists,
  kInvalidArgument,  // the caller (a user, a client) asked for something that makes no sense
  kOutOfRange,
  kTooLarge,  // over a configured or hard limit
  kUnsupported,
  kFenced,  // a stale epoch
  kBusy,    // held by somebody else (a lock)
  kClosed,  // the object is shutting down
  kTimeout,
};

struct Error {
  Errc code = Errc::kIo;
  std::string message;
  int sys_errno = 0;
};

// std::expected with the house's Error, and a compiler warning where a result is dropped.
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message, int sys_errno = 0) {
  return std::unexpected<Error>(Error{code, std::move(message), sys_errno});
}

// The same failure with the caller's context in front: "open 00000.log: No space left on device".
[[nodiscard]] inline std::unexpected<Error> wrap(Error error, std::string_view context) {
  error.message = std::string(context) + ": " + error.message;
  return std::unexpected<Error>(std::move(error));
}

std::string_view to_string(Errc code);

// Failure of a system call: "CONTEXT: STRERROR", with ENOSPC, ENOENT, EEXIST told apart.
[[nodiscard]] std::unexpected<Error> fail_errno(int sys_errno, std::string_view context);

#define BARNABAS_CONCAT_INNER(a, b) a##b
#define BARNABAS_CONCAT(a, b) BARNABAS_CONCAT_INNER(a, b)

// TRY(expr): returns the error to the caller. TRY_ASSIGN(lhs, expr): the same, else binds the value.
#define TRY(expr)                                                                                     \
  do {                                                                                                \
    if (auto try_result = (expr); !try_result) return std::unexpected(std::move(try_result).error()); \
  } while (false)

#define TRY_ASSIGN_INNER(tmp, lhs, expr)                    \
  auto tmp = (expr);                                        \
  if (!tmp) return std::unexpected(std::move(tmp).error()); \
  lhs = *std::move(tmp)
#define TRY_ASSIGN(lhs, expr) TRY_ASSIGN_INNER(BARNABAS_CONCAT(try_value_, __LINE__), lhs, expr)

}  // namespace barnabas
