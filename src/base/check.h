#pragma once
// CHECK stops the process on a bug, in release builds too. It must never be reachable from bytes a client sends.
namespace barnabas {
[[noreturn]] void check_failed(const char* file, int line, const char* what);
}

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::barnabas::check_failed(__FILE__, __LINE__, #condition); \
  } while (false)
