#include "cli/std_console.h"

#include <cstdio>

namespace barnabas::cli {

void StdConsole::out(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void StdConsole::err(std::string_view text) {
  std::fflush(stdout);
  std::fwrite(text.data(), 1, text.size(), stderr);
}

void StdConsole::flush() { std::fflush(stdout); }

bool StdConsole::interrupted() { return interrupted_(); }

bool StdConsole::read_line(std::string& line) {
  std::fflush(stdout);
  line.clear();
  for (int c = std::getc(stdin); c != EOF; c = std::getc(stdin)) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
  }
  return !line.empty();
}

}  // namespace barnabas::cli
