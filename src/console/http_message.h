#pragma once
// HTTP/1.1 as far as a scraper and a health check need it: one request's head in, one whole answer out. Boost.Beast reads
// and writes it (http_message.cpp is the only file that includes it).
//
// What a client sends is limited before it is kept: a head of 8 KiB, no body.
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace barnabas::console {

struct HttpRequest {
  std::string method{};  // "GET"
  std::string path{};    // without the query
  bool keep_alive = true;
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body{};
};

inline constexpr std::size_t kHttpHeadMaxBytes = 8 * 1024;

// Takes the first request off the bytes. nullopt: it is not whole yet. kInvalidArgument: it is no request that is
// answered (malformed, too long, with a body); then nothing behind it can be understood.
Result<std::optional<HttpRequest>> take_request(Bytes& received);

// The answer's bytes. HEAD gets no body, but its length.
std::string encode(const HttpResponse& response, const HttpRequest& request);

}  // namespace barnabas::console
