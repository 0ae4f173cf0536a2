#include "weights/widen.h"

#include <algorithm>
#include <cstring>

#include "files/mapped_file.h"
#include "weights/quantised_blocks.h"

namespace latentdial::detail {
namespace {

// A file gives no alignment: elements are read with memcpy, never through a typed pointer.
template <class T>
void widen_all(const std::byte* from, float* to, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, from + i * sizeof(T), sizeof(T));
    to[i] = static_cast<float>(value);
  }
}

void widen_all(DType dtype, const std::byte* from, float* to, std::size_t count) {
  switch (dtype) {
    case DType::f32:
      std::memcpy(to, from, count * sizeof(float));
      return;
    case DType::f16:
      return widen_all<float16>(from, to, count);
    case DType::bf16:
      return widen_all<bfloat16>(from, to, count);
    case DType::f64:
      return widen_all<double>(from, to, count);
    case DType::i32:
      return widen_all<std::int32_t>(from, to, count);
    case DType::i64:
      return widen_all<std::int64_t>(from, to, count);
    case DType::f8_e4m3:
      return widen_all<float8_e4m3>(from, to, count);
    case DType::f8_e5m2:
      return widen_all<float8_e5m2>(from, to, count);
    case DType::q4_0:
    case DType::q4_1:
    case DType::q5_0:
    case DType::q5_1:
    case DType::q8_0:
    case DType::q2_k:
    case DType::q3_k:
    case DType::q4_k:
    case DType::q5_k:
    case DType::q6_k:
      return widen_blocks(dtype, from, to, count);
  }
}

}  // namespace

// Little of the mapped file is resident at a time.
Tensor as_f32(const Tensor& stored, float scale) {
  constexpr std::int64_t kPiece = 1 << 20;  // A multiple of every block.
  Tensor copy = Tensor::empty(stored.shape());
  const auto values = copy.values();
  const auto block = block_of(stored.dtype());
  const auto count = static_cast<std::int64_t>(values.size());
#pragma omp parallel for schedule(dynamic)
  for (std::int64_t begin = 0; begin < count; begin += kPiece) {
    const auto piece = std::min(kPiece, count - begin);
    const auto bytes = static_cast<std::size_t>(piece / block.elements) * block.bytes;
    const auto* from = stored.raw() + static_cast<std::size_t>(begin / block.elements) * block.bytes;
    const auto to = values.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(piece));
    widen_all(stored.dtype(), from, to.data(), to.size());
    if (scale != 1)
      for (float& value : to) value *= scale;
    release_mapped_pages(from, bytes);
  }
  return copy;
}

}  // namespace latentdial::detail
