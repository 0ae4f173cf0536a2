#include "weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/safetensors_header.h"

namespace latentdial::detail {
namespace {

constexpr std::uint64_t kLongestHeader = 100'000'000;
constexpr std::uint64_t kLengthBytes = 8;

struct FileType {
  std::string_view name;
  std::uint64_t bytes;
  std::optional<DType> dtype;
};

constexpr FileType kFileTypes[] = {
    {"F32", 4, DType::f32},       {"F16", 2, DType::f16},         {"BF16", 2, DType::bf16},
    {"I64", 8, DType::i64},       {"I32", 4, DType::i32},         {"F64", 8, DType::f64},
    {"U64", 8, std::nullopt},     {"U32", 4, std::nullopt},       {"I16", 2, std::nullopt},
    {"U16", 2, std::nullopt},     {"I8", 1, std::nullopt},        {"U8", 1, std::nullopt},
    {"BOOL", 1, std::nullopt},    {"F8_E4M3", 1, DType::f8_e4m3}, {"F8_E5M2", 1, DType::f8_e5m2},
    {"F8_E8M0", 1, std::nullopt}, {"C64", 8, std::nullopt},
};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw invalid_input(fmt::format("{}: {}", path, what));
}

// The header's JSON; the data follow it.
std::string_view header_of(const std::string& path, std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes + 2) {
    fail(path, fmt::format("has {} bytes, too few for a safetensors file", bytes.size()));
  }
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i)
    length |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
  if (length > bytes.size() - kLengthBytes) {
    fail(path, fmt::format("the header length {} runs past the end of the file ({} bytes): truncated, or not "
                           "a safetensors file",
                           length, bytes.size()));
  }
  if (length > kLongestHeader) {
    fail(path,
         fmt::format("the header length {} is beyond the format's limit of {}", length, kLongestHeader));
  }
  return {reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, static_cast<std::size_t>(length)};
}

const FileType& type_of(const std::string& path, const SafetensorsEntry& entry) {
  const auto* found = std::ranges::find(kFileTypes, entry.dtype, &FileType::name);
  if (found == std::end(kFileTypes)) {
    fail(path, fmt::format("tensor {} has the unknown dtype {}; F32, F16 or BF16 is needed",
                           printable(entry.name), printable(entry.dtype)));
  }
  return *found;
}

void check_extent(const std::string& path, const SafetensorsEntry& entry, std::uint64_t data_bytes) {
  if (entry.begin > entry.end || entry.end > data_bytes) {
    fail(path, fmt::format("tensor {} claims bytes [{}, {}) of {} bytes of data: truncated or damaged",
                           printable(entry.name), entry.begin, entry.end, data_bytes));
  }
  const auto needed = checked_bytes(entry.shape, type_of(path, entry).bytes);
  if (!needed)
    fail(path,
         fmt::format("tensor {} has the impossible shape {}", printable(entry.name), to_string(entry.shape)));
  if (*needed != entry.end - entry.begin) {
    fail(path, fmt::format("tensor {} has {} bytes where shape {} of {} needs {}", printable(entry.name),
                           entry.end - entry.begin, to_string(entry.shape), entry.dtype, *needed));
  }
}

// The format wants the data covered exactly: "the byte buffer needs to be entirely indexed, and cannot
// contain holes".
void check_cover(const std::string& path, std::vector<const SafetensorsEntry*> entries,
                 std::uint64_t data_bytes) {
  std::ranges::sort(entries, {}, [](const auto* e) { return std::pair(e->begin, e->end); });
  std::uint64_t at = 0;
  const SafetensorsEntry* last = nullptr;
  for (const auto* entry : entries) {
    if (entry->begin < at) {
      fail(path, fmt::format("tensors {} and {} overlap: [{}, {}) and [{}, {})", printable(last->name),
                             printable(entry->name), last->begin, last->end, entry->begin, entry->end));
    }
    if (entry->begin > at) {
      fail(path, fmt::format("{} bytes before tensor {} belong to no tensor", entry->begin - at,
                             printable(entry->name)));
    }
    at = entry->end;
    last = entry;
  }
  if (at != data_bytes)
    fail(path, fmt::format("{} bytes after the last tensor belong to no tensor", data_bytes - at));
}

}  // namespace

Safetensors read_safetensors(const std::shared_ptr<const MappedFile>& file) {
  const auto path = file->path().string();
  const auto json = header_of(path, file->bytes());
  auto header = parse_safetensors_header(path, json);
  const auto data = file->bytes().subspan(kLengthBytes + json.size());

  std::vector<const SafetensorsEntry*> in_order;
  in_order.reserve(header.entries.size());
  for (const auto& entry : header.entries) {
    check_extent(path, entry, data.size());
    in_order.push_back(&entry);
  }
  check_cover(path, in_order, data.size());

  Safetensors result;
  result.metadata = std::move(header.metadata);
  for (const auto& entry : header.entries) {
    const auto dtype = type_of(path, entry).dtype;
    const auto* at = data.data() + entry.begin;
    result.tensors.emplace(
        entry.name, StoredTensor{entry.shape, entry.dtype, dtype,
                                 [=, shape = entry.shape] { return Tensor::view(shape, *dtype, at, file); }});
  }
  return result;
}

}  // namespace latentdial::detail
