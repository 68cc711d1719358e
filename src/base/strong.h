#pragma once
// A number with a name: an Offset is not a LeaderEpoch, though both are integers.
// Differences are plain integers: offset - offset = count, offset + count = offset.
#include <compare>
#include <cstddef>
#include <functional>

namespace barnabas {

template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  constexpr explicit Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }

  friend constexpr auto operator<=>(Strong, Strong) = default;
  friend constexpr Strong operator+(Strong a, Rep n) { return Strong(static_cast<Rep>(a.value_ + n)); }
  friend constexpr Strong operator-(Strong a, Rep n) { return Strong(static_cast<Rep>(a.value_ - n)); }
  friend constexpr Rep operator-(Strong a, Strong b) { return static_cast<Rep>(a.value_ - b.value_); }
  constexpr Strong& operator+=(Rep n) {
    value_ = static_cast<Rep>(value_ + n);
    return *this;
  }
  constexpr Strong& operator++() {
    ++value_;
    return *this;
  }

 private:
  Rep value_{};
};

}  // namespace barnabas

template <class Tag, class Rep>
struct std::hash<barnabas::Strong<Tag, Rep>> {
  std::size_t operator()(barnabas::Strong<Tag, Rep> v) const noexcept { return std::hash<Rep>{}(v.value()); }
};
