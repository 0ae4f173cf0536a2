#include "tensor/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "latentdial/error.h"
#include "tensor/buffer_pool.h"

namespace latentdial::detail {
namespace {

/// In the order of DType.
constexpr struct {
  std::string_view name;
  Block block;
} kDTypes[] = {{"f32", {1, 4}},      {"bf16", {1, 2}},    {"f16", {1, 2}},      {"f64", {1, 8}},
               {"i32", {1, 4}},      {"i64", {1, 8}},     {"f8_e4m3", {1, 1}},  {"f8_e5m2", {1, 1}},
               {"q4_0", {32, 18}},   {"q4_1", {32, 20}},  {"q5_0", {32, 22}},   {"q5_1", {32, 24}},
               {"q8_0", {32, 34}},   {"q2_k", {256, 84}}, {"q3_k", {256, 110}}, {"q4_k", {256, 144}},
               {"q5_k", {256, 176}}, {"q6_k", {256, 210}}};

[[noreturn]] void shape_fault(const char* where, const Shape& shape, const Shape& wanted) {
  throw Error(ErrorCode::internal,
              fmt::format("{}: shape {} where {} is needed", where, to_string(shape), to_string(wanted)));
}

template <class From, class To>
void convert(const Tensor& from, Tensor& to) {
  const auto* source = from.data<From>();
  auto* target = to.data<To>();
  const auto n = from.count();
#pragma omp parallel for schedule(static) if (n > (1 << 16))
  for (std::int64_t i = 0; i < n; ++i) target[i] = static_cast<To>(static_cast<float>(source[i]));
}

// Swaps the two inner axes: [B, R, C] → [B, C, R].
Tensor transpose_inner(const Tensor& x, std::int64_t batch, std::int64_t rows, std::int64_t columns,
                       Shape shape) {
  Tensor y = Tensor::empty(std::move(shape));
  const auto* source = x.data<float>();
  auto* target = y.data<float>();
  for (std::int64_t b = 0; b < batch; ++b) {
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c) {
        target[(b * columns + c) * rows + r] = source[(b * rows + r) * columns + c];
      }
    }
  }
  return y;
}

}  // namespace

Block block_of(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)].block;
}

std::size_t element_size(DType dtype) {
  assert(block_of(dtype).elements == 1);
  return block_of(dtype).bytes;
}

std::string_view name(DType dtype) {
  return kDTypes[static_cast<std::size_t>(dtype)].name;
}

std::string to_string(const Shape& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::int64_t element_count(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::size_t Tensor::bytes() const {
  const auto [elements, bytes] = block_of(dtype_);
  return static_cast<std::size_t>(count() / elements) * bytes;
}

Tensor Tensor::empty(Shape shape, DType dtype) {
  Tensor t;
  t.shape_ = std::move(shape);
  t.dtype_ = dtype;
  auto buffer = pooled_buffer(t.bytes());
  t.data_ = buffer.get();
  t.owner_ = std::move(buffer);
  return t;
}

Tensor Tensor::zeros(Shape shape, DType dtype) {
  Tensor t = empty(std::move(shape), dtype);
  std::memset(t.data_, 0, t.bytes());
  return t;
}

Tensor Tensor::of(Shape shape, std::span<const float> values) {
  Tensor t = empty(std::move(shape));
  if (static_cast<std::int64_t>(values.size()) != t.count()) {
    shape_fault("Tensor::of", {static_cast<std::int64_t>(values.size())}, t.shape_);
  }
  std::copy(values.begin(), values.end(), t.data<float>());
  return t;
}

Tensor Tensor::view(Shape shape, DType dtype, const std::byte* data, std::shared_ptr<const void> owner) {
  Tensor t;
  t.shape_ = std::move(shape);
  t.dtype_ = dtype;
  t.owner_ = std::move(owner);
  t.borrowed_ = true;
  t.data_ = const_cast<std::byte*>(data);  // NOLINT: the owner of a view decides whether it may be written.
  return t;
}

bool Tensor::is_shared() const {
  return borrowed_ || owner_.use_count() > 1;
}

Tensor Tensor::reshape(Shape shape) const {
  if (element_count(shape) != count()) shape_fault("Tensor::reshape", shape_, shape);
  Tensor t = *this;
  t.shape_ = std::move(shape);
  return t;
}

Tensor Tensor::slice(std::int64_t begin, std::int64_t end) const {
  if (rank() == 0 || begin < 0 || end < begin || end > dim(0)) {
    shape_fault("Tensor::slice", shape_, {begin, end});
  }
  Tensor t = *this;
  t.shape_[0] = end - begin;
  if (count() % (std::max<std::int64_t>(1, dim(0)) * block_of(dtype_).elements) != 0)
    throw Error(ErrorCode::internal,
                fmt::format("Tensor::slice: {} is not stored in whole rows", to_string(shape_)));
  const auto row_bytes = dim(0) == 0 ? 0 : bytes() / static_cast<std::size_t>(dim(0));
  t.data_ += static_cast<std::size_t>(begin) * row_bytes;
  return t;
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == dtype_) return *this;
  Tensor t = empty(shape_, dtype);
  if (dtype == DType::f32 && dtype_ == DType::bf16) {
    convert<bfloat16, float>(*this, t);
  } else if (dtype == DType::f32 && dtype_ == DType::f16) {
    convert<float16, float>(*this, t);
  } else if (dtype == DType::bf16 && dtype_ == DType::f32) {
    convert<float, bfloat16>(*this, t);
  } else if (dtype == DType::bf16 && dtype_ == DType::f16) {
    convert<float16, bfloat16>(*this, t);
  } else {
    throw Error(ErrorCode::internal,
                fmt::format("Tensor::to: no conversion from {} to {}", name(dtype_), name(dtype)));
  }
  return t;
}

Tensor Tensor::clone() const {
  Tensor t = empty(shape_, dtype_);
  std::memcpy(t.data_, data_, bytes());
  return t;
}

Tensor concat_rows(const std::vector<Tensor>& parts) {
  Shape shape = parts.front().shape();
  shape[0] = 0;
  for (const auto& part : parts) shape[0] += part.dim(0);
  Tensor t = Tensor::empty(shape, parts.front().dtype());
  auto* target = t.raw();
  for (const auto& part : parts) {
    Shape same_tail = part.shape();
    same_tail[0] = shape[0];
    if (same_tail != shape || part.dtype() != t.dtype()) shape_fault("concat_rows", part.shape(), shape);
    std::memcpy(target, part.raw(), part.bytes());
    target += part.bytes();
  }
  return t;
}

Tensor nchw_to_nhwc(const Tensor& x) {
  const auto b = x.dim(0), c = x.dim(1), h = x.dim(2), w = x.dim(3);
  return transpose_inner(x, b, c, h * w, {b, h, w, c});
}

Tensor nhwc_to_nchw(const Tensor& x) {
  const auto b = x.dim(0), h = x.dim(1), w = x.dim(2), c = x.dim(3);
  return transpose_inner(x, b, h * w, c, {b, c, h, w});
}

}  // namespace latentdial::detail
