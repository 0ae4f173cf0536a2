#include "weights/gguf_header.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

constexpr std::uint64_t kMostNames = 1u << 16;    // A whole Stable Diffusion has some two thousand.
constexpr std::uint64_t kLongestName = 1u << 16;  // The format's own limit.
constexpr std::uint32_t kHighestRank = 8;

/// Types of facts, by the format's numbers.
enum Type : std::uint32_t {
  kUint8,
  kInt8,
  kUint16,
  kInt16,
  kUint32,
  kInt32,
  kFloat32,
  kBool,
  kText,
  kList,
  kUint64,
  kInt64,
  kFloat64
};
constexpr std::uint64_t kBytes[] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};  // 0: of its own length.

class HeaderReader {
 public:
  HeaderReader(const std::string& file, std::span<const std::byte> bytes) : file_(file), bytes_(bytes) {}

  GgufHeader read() {
    take(4);  // "GGUF".
    read_version();
    const auto tensors = count("tensors"), facts = count("facts");
    for (std::uint64_t i = 0; i < facts; ++i) read_fact();
    read_alignment();
    for (std::uint64_t i = 0; i < tensors; ++i) read_entry();
    const auto past = at_ % header_.alignment;
    header_.bytes = past == 0 ? at_ : at_ + header_.alignment - past;
    return std::move(header_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw invalid_input(fmt::format("{}: {}", file_, what));
  }

  std::span<const std::byte> take(std::uint64_t n) {
    if (n > bytes_.size() - at_)
      fail(fmt::format("its GGUF header needs {} bytes at byte {}, but the file has {}: truncated or damaged",
                       n, at_, bytes_.size()));
    const auto taken = bytes_.subspan(at_, n);
    at_ += n;
    return taken;
  }
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::string text(std::uint64_t most) {
    const auto length = number<std::uint64_t>();
    if (length > most) fail(fmt::format("its GGUF header has a name of {} bytes: damaged", length));
    const auto taken = take(length);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }

  void read_version() {
    const auto version = number<std::uint32_t>();
    if (version == 2 || version == 3) return;
    if ((version & 0xffff) == 0) fail("is a big-endian GGUF file; a little-endian one is needed");
    fail(fmt::format("is a GGUF file of version {}; version 2 or 3 is needed", version));
  }
  std::uint64_t count(const char* of) {
    const auto n = number<std::uint64_t>();
    if (n > kMostNames) fail(fmt::format("its GGUF header claims {} {}, more than {}", n, of, kMostNames));
    return n;
  }

  void read_fact() {
    const std::string name = text(kLongestName);
    const auto type = number<std::uint32_t>();
    GgufFact fact;
    if (type == kText) {
      fact.text = text(bytes_.size());
    } else if (type == kList) {
      read_list(name, fact, 0);
    } else {
      fact.numbers.push_back(whole(name, type));
    }
    if (!header_.facts.emplace(name, std::move(fact)).second)
      fail(fmt::format("the fact {} stands twice in its GGUF header", printable(name)));
  }

  /// A number of a fact; 0 for one with a fraction, which nothing asks for.
  std::int64_t whole(const std::string& name, std::uint32_t type) {
    switch (type) {
      case kUint8:
      case kBool:
        return number<std::uint8_t>();
      case kInt8:
        return number<std::int8_t>();
      case kUint16:
        return number<std::uint16_t>();
      case kInt16:
        return number<std::int16_t>();
      case kUint32:
        return number<std::uint32_t>();
      case kInt32:
        return number<std::int32_t>();
      case kUint64:
      case kInt64:
        return number<std::int64_t>();
      case kFloat32:
      case kFloat64:
        take(kBytes[type]);
        return 0;
      default:
        fail(fmt::format("the fact {} is of the unknown type {}", printable(name), type));
    }
  }

  /// Keeps the elements of a list as short as a shape, and passes over any other.
  void read_list(const std::string& name, GgufFact& fact, int depth) {
    constexpr int kDeepest = 4;
    const auto type = number<std::uint32_t>();
    const auto length = number<std::uint64_t>();
    if (type >= std::size(kBytes) || depth == kDeepest)
      fail(fmt::format("the fact {} is a list of the unknown type {}", printable(name), type));
    if (kBytes[type] == 0) {  // Each element takes some bytes, so the file bounds their number.
      for (std::uint64_t i = 0; i < length; ++i) {
        if (type == kText) {
          (void)text(bytes_.size());
        } else {
          read_list(name, fact, depth + 1);
        }
      }
    } else if (length <= kHighestRank) {
      for (std::uint64_t i = 0; i < length; ++i) fact.numbers.push_back(whole(name, type));
    } else {
      if (length > bytes_.size()) take(length);  // Too many, and the product might overflow.
      take(length * kBytes[type]);
    }
  }

  void read_alignment() {
    const auto found = header_.facts.find("general.alignment");
    if (found == header_.facts.end()) return;
    const auto& numbers = found->second.numbers;
    if (numbers.size() != 1 || numbers[0] < 1 || numbers[0] > (1 << 20) ||
        !std::has_single_bit(static_cast<std::uint64_t>(numbers[0])))
      fail("its general.alignment is not a power of two up to 2^20");
    header_.alignment = static_cast<std::uint64_t>(numbers[0]);
  }

  void read_entry() {
    GgufEntry entry;
    entry.name = text(kLongestName);
    if (!names_.insert(entry.name).second)
      fail(fmt::format("tensor name {} stands twice in its GGUF header", printable(entry.name)));
    const auto rank = number<std::uint32_t>();
    if (rank > kHighestRank)
      fail(fmt::format("tensor {} claims {} extents; up to {} are possible", printable(entry.name), rank,
                       kHighestRank));
    for (std::uint32_t i = 0; i < rank; ++i) entry.extents.push_back(number<std::int64_t>());
    entry.type = number<std::uint32_t>();
    entry.offset = number<std::uint64_t>();
    header_.entries.push_back(std::move(entry));
  }

  const std::string& file_;
  std::span<const std::byte> bytes_;
  std::uint64_t at_ = 0;
  GgufHeader header_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace

GgufHeader parse_gguf_header(const std::string& file, std::span<const std::byte> bytes) {
  return HeaderReader(file, bytes).read();
}

}  // namespace latentdial::detail
