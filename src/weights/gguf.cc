#include "weights/gguf.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/gguf_header.h"

namespace latentdial::detail {
namespace {

struct FileType {
  std::uint32_t number;
  std::string_view name;
  std::optional<DType> dtype;
};

constexpr FileType kFileTypes[] = {
    {0, "F32", DType::f32},       {1, "F16", DType::f16},        {2, "Q4_0", DType::q4_0},
    {3, "Q4_1", DType::q4_1},     {6, "Q5_0", DType::q5_0},      {7, "Q5_1", DType::q5_1},
    {8, "Q8_0", DType::q8_0},     {9, "Q8_1", std::nullopt},     {10, "Q2_K", DType::q2_k},
    {11, "Q3_K", DType::q3_k},    {12, "Q4_K", DType::q4_k},     {13, "Q5_K", DType::q5_k},
    {14, "Q6_K", DType::q6_k},    {15, "Q8_K", std::nullopt},    {16, "IQ2_XXS", std::nullopt},
    {17, "IQ2_XS", std::nullopt}, {18, "IQ3_XXS", std::nullopt}, {19, "IQ1_S", std::nullopt},
    {20, "IQ4_NL", std::nullopt}, {21, "IQ3_S", std::nullopt},   {22, "IQ2_S", std::nullopt},
    {23, "IQ4_XS", std::nullopt}, {24, "I8", std::nullopt},      {25, "I16", std::nullopt},
    {26, "I32", DType::i32},      {27, "I64", DType::i64},       {28, "F64", DType::f64},
    {29, "IQ1_M", std::nullopt},  {30, "BF16", DType::bf16},     {34, "TQ1_0", std::nullopt},
    {35, "TQ2_0", std::nullopt},  {39, "MXFP4", std::nullopt},
};

/// A tensor whose place in the file was checked.
struct Placed {
  const GgufEntry* entry;
  std::uint64_t begin = 0, end = 0;  // Bytes from the end of the header.
};

class TensorReader {
 public:
  TensorReader(const std::shared_ptr<const MappedFile>& file, const GgufHeader& header)
      : file_(file), header_(header) {
    if (header.bytes < file->bytes().size()) data_ = file->bytes().subspan(header.bytes);
  }

  [[nodiscard]] StoredTensors read() const {
    StoredTensors tensors;
    std::vector<Placed> placed;
    for (const GgufEntry& entry : header_.entries) {
      const auto* type = std::ranges::find(kFileTypes, entry.type, &FileType::number);
      const bool is_known = type != std::end(kFileTypes);
      StoredTensor tensor{shape_of(entry), is_known ? std::string(type->name) : std::to_string(entry.type),
                          is_known ? type->dtype : std::nullopt, nullptr};
      if (tensor.dtype) {
        placed.push_back(place(entry, tensor.shape, *tensor.dtype));
        tensor.map = [file = file_, shape = tensor.shape, dtype = *tensor.dtype,
                      at = data_.data() + placed.back().begin] {
          return Tensor::view(shape, dtype, at, file);
        };
      }
      tensors.emplace(entry.name, std::move(tensor));
    }
    check_overlaps(std::move(placed));
    return tensors;
  }

 private:
  [[noreturn]] void fail(const GgufEntry& entry, const std::string& what) const {
    throw invalid_input(fmt::format("{}: tensor {} {}", file_->path().string(), printable(entry.name), what));
  }

  /// Outermost first; the original one where the file says that.
  [[nodiscard]] Shape shape_of(const GgufEntry& entry) const {
    const Shape shape(entry.extents.rbegin(), entry.extents.rend());
    const auto count = checked_bytes(shape, 1);
    if (!count) fail(entry, fmt::format("has the impossible shape {}", to_string(shape)));
    const auto fact = header_.facts.find(fmt::format("comfy.gguf.orig_shape.{}", entry.name));
    if (fact == header_.facts.end()) return shape;
    const Shape& original = fact->second.numbers;
    if (original.empty() || checked_bytes(original, 1) != count)
      fail(entry,
           fmt::format("of shape {} cannot have had the shape {}", to_string(shape), to_string(original)));
    return original;
  }

  [[nodiscard]] Placed place(const GgufEntry& entry, const Shape& shape, DType dtype) const {
    const auto block = block_of(dtype);
    const auto row = entry.extents.empty() ? 1 : entry.extents.front();
    if (row % block.elements != 0)
      fail(entry,
           fmt::format("has rows of {}, but {} is stored in blocks of {}", row, name(dtype), block.elements));
    const auto count = element_count(shape);  // In the order in which it was checked.
    const auto bytes = checked_bytes({count / block.elements}, block.bytes);
    if (entry.offset % header_.alignment != 0)
      fail(entry,
           fmt::format("begins at byte {}, which is not a multiple of {}", entry.offset, header_.alignment));
    if (!bytes || entry.offset > data_.size() || *bytes > data_.size() - entry.offset)
      fail(entry, fmt::format("claims {} bytes from byte {} on of {} bytes of data: truncated or damaged",
                              bytes.value_or(0), entry.offset, data_.size()));
    return {&entry, entry.offset, entry.offset + *bytes};
  }

  void check_overlaps(std::vector<Placed> placed) const {
    std::ranges::sort(placed, {}, [](const Placed& p) { return std::pair(p.begin, p.end); });
    for (std::size_t i = 1; i < placed.size(); ++i) {
      if (placed[i].begin < placed[i - 1].end)
        fail(*placed[i].entry, fmt::format("lies over tensor {}", printable(placed[i - 1].entry->name)));
    }
  }

  std::shared_ptr<const MappedFile> file_;
  const GgufHeader& header_;
  std::span<const std::byte> data_;
};

}  // namespace

CheckpointFile read_gguf_file(const std::shared_ptr<const MappedFile>& file) {
  const GgufHeader header = parse_gguf_header(file->path().string(), file->bytes());
  CheckpointFile result{FileFormat::gguf, TensorReader(file, header).read()};
  for (const auto& [name, fact] : header.facts)
    if (fact.text) result.metadata.emplace(name, *fact.text);
  return result;
}

}  // namespace latentdial::detail
