#pragma once
// The process's own standard input, output and error. What is written is flushed when the process ends or before
// something is read.
#include <functional>

#include "cli/context.h"

namespace barnabas::cli {

class StdConsole final : public Console {
 public:
  // `interrupted` is asked often.
  StdConsole(bool in_is_terminal, bool out_is_terminal, std::function<bool()> interrupted)
      : in_is_terminal_(in_is_terminal), out_is_terminal_(out_is_terminal), interrupted_(std::move(interrupted)) {}
  void out(std::string_view text) override;
  void err(std::string_view text) override;
  bool read_line(std::string& line) override;
  void flush() override;
  bool interrupted() override;
  bool in_is_terminal() const override { return in_is_terminal_; }
  bool out_is_terminal() const override { return out_is_terminal_; }

 private:
  bool in_is_terminal_, out_is_terminal_;
  std::function<bool()> interrupted_;
};

}  // namespace barnabas::cli
