#pragma once
// Records as text: JSON lines that come back as they went, and rpk's format strings.
//
//   {"topic":"orders","partition":0,"offset":7,"timestamp":1777890600125,"key":"a","value":"x","headers":[{"key":"h","value":"1"}]}
//   %t-%p %o %d{rfc3339} %k=%v{hex}\n          orders-0 7 2026-05-04T10:30:00.125Z a=78
//
// Bytes that are not UTF-8 stand in base64 under key_base64, value_base64. Null and empty are told apart. Pure.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace barnabas::cli {

struct TextRecord {
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::int64_t timestamp = -1;  // ms since 1970; -1: none
  std::optional<std::string> key, value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  friend bool operator==(const TextRecord&, const TextRecord&) = default;
};

std::string record_json(const TextRecord& record);  // one line, without its end

// Members that are missing are as in TextRecord; those that are not known are refused, so that a slip is seen.
Result<TextRecord> parse_record_json(std::string_view line);

std::string base64(std::string_view bytes);
std::optional<std::string> parse_base64(std::string_view text);  // standard alphabet, padding needed

// rpk's -f: %t %p %o %k %v %h{...} %d and the lengths %T %K %V %H, %i; modifiers in braces (ours: %k{null} and %v{null}
// print null for null, %h{console} prints headers as Kafka's console consumer does); \n \t \r \\ \xNN.
class RecordFormat {
 public:
  // kInvalidArgument names what is not understood.
  static Result<RecordFormat> parse(std::string_view text);
  void append(std::string& out, const TextRecord& record, std::int64_t count) const;

 private:
  struct Part {
    char verb = 0;  // 0: text as it stands
    std::string text;
    std::string modifier;
    std::vector<Part> inner;  // of %h{...}
  };
  static Result<std::vector<Part>> parse_parts(std::string_view text, bool in_header);
  static void append_parts(std::string& out, const std::vector<Part>& parts, const TextRecord& record, std::int64_t count);
  std::vector<Part> parts_;
};

}  // namespace barnabas::cli
