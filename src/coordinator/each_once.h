#pragma once
// A name is a few bytes, and what is answered for it may be megabytes: who names a group ten thousand times is told of
// it once. Pure; any thread.
#include <functional>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace barnabas::coordinator {

// Pointers to the parts with different names, in the order of the request.
template <class Part, class Name>
std::vector<const Part*> each_once(const std::vector<Part>& parts, Name name_of) {
  std::unordered_set<std::string_view> names;
  std::vector<const Part*> once;
  for (const Part& part : parts) {
    if (names.insert(std::invoke(name_of, part)).second) once.push_back(&part);
  }
  return once;
}

}  // namespace barnabas::coordinator
