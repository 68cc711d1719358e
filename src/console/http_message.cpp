#include "console/http_message.h"

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sstream>

#include <boost/beast/http/write.hpp>

namespace barnabas::console {
namespace {

namespace http = boost::beast::http;

constexpr unsigned kHttp11 = 11;

}  // namespace

Result<std::optional<HttpRequest>> take_request(Bytes& received) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(kHttpHeadMaxBytes);
  parser.eager(false);
  boost::system::error_code error;
  const std::size_t used = parser.put(boost::asio::const_buffer(received.data(), received.size()), error);
  if (error == http::error::need_more) {
    if (received.size() > kHttpHeadMaxBytes) return fail(Errc::kInvalidArgument, "a request of more than 8 KiB");
    return std::nullopt;
  }
  if (error) return fail(Errc::kInvalidArgument, error.message());
  if (!parser.is_header_done()) return std::nullopt;
  const bool has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
  if (has_body) return fail(Errc::kInvalidArgument, "a request with a body");
  const auto& message = parser.get();
  const std::string_view target(message.target().data(), message.target().size());
  HttpRequest request{.method = std::string(message.method_string()),
                      .path = std::string(target.substr(0, target.find('?'))),
                      .keep_alive = message.keep_alive()};
  received.erase(received.begin(), received.begin() + static_cast<std::ptrdiff_t>(used));
  return request;
}

std::string encode(const HttpResponse& response, const HttpRequest& request) {
  http::response<http::empty_body> head(static_cast<http::status>(response.status), kHttp11);
  head.set(http::field::content_type, response.content_type);
  head.set(http::field::cache_control, "no-store");
  if (response.status == 405) head.set(http::field::allow, "GET, HEAD");
  head.content_length(response.body.size());
  head.keep_alive(request.keep_alive);
  std::ostringstream text;
  text << head.base();
  std::string bytes = std::move(text).str();
  if (request.method != "HEAD") bytes += response.body;
  return bytes;
}

}  // namespace barnabas::console
