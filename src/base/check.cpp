#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace barnabas {

void check_failed(const char* file, int line, const char* what) {
  // Straight to stderr: the logger may be what is broken.
  std::fprintf(stderr, "barnabas: bug: CHECK failed at %s:%d: %s\n", file, line, what);
  std::abort();
}

}  // namespace barnabas
