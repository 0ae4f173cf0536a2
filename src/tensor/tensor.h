#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tensor/dtype.h"

namespace latentdial::detail {

/// Extents, outermost first. Pictures and feature maps are [B, H, W, C] everywhere.
using Shape = std::vector<std::int64_t>;

/// "[2, 64, 64, 320]".
[[nodiscard]] std::string to_string(const Shape& shape);
/// Product of the extents; 1 for an empty shape.
[[nodiscard]] std::int64_t element_count(const Shape& shape);

/// A dense row-major array in host memory. Copies share the storage; `clone` copies it.
class Tensor {
 public:
  Tensor() = default;

  /// Uninitialised, 64-byte aligned, from the buffer pool.
  static Tensor empty(Shape shape, DType dtype = DType::f32);
  static Tensor zeros(Shape shape, DType dtype = DType::f32);
  /// Copies `values`; their count must be that of the shape.
  static Tensor of(Shape shape, std::span<const float> values);
  /// A tensor over memory that `owner` keeps alive (a mapped file).
  static Tensor view(Shape shape, DType dtype, const std::byte* data, std::shared_ptr<const void> owner);

  [[nodiscard]] bool defined() const { return data_ != nullptr; }
  /// Whether another tensor has this memory too, or it is a view of memory from elsewhere.
  [[nodiscard]] bool is_shared() const;
  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] std::int64_t rank() const { return static_cast<std::int64_t>(shape_.size()); }
  /// Extent of axis `i`; a negative `i` counts from the last.
  [[nodiscard]] std::int64_t dim(std::int64_t i) const {
    return shape_.at(static_cast<std::size_t>(i < 0 ? i + rank() : i));
  }
  [[nodiscard]] std::int64_t count() const { return element_count(shape_); }
  [[nodiscard]] DType dtype() const { return dtype_; }
  /// Of a type that is stored in blocks the count must be a multiple of a block's.
  [[nodiscard]] std::size_t bytes() const;

  template <class T>
  [[nodiscard]] T* data() {
    assert(dtype_of<T>() == dtype_);
    return reinterpret_cast<T*>(data_);
  }
  template <class T>
  [[nodiscard]] const T* data() const {
    assert(dtype_of<T>() == dtype_);
    return reinterpret_cast<const T*>(data_);
  }
  [[nodiscard]] std::byte* raw() { return data_; }
  [[nodiscard]] const std::byte* raw() const { return data_; }
  /// All elements of a f32 tensor.
  [[nodiscard]] std::span<float> values() { return {data<float>(), static_cast<std::size_t>(count())}; }
  [[nodiscard]] std::span<const float> values() const {
    return {data<float>(), static_cast<std::size_t>(count())};
  }

  /// The same storage under another shape of equal element count.
  [[nodiscard]] Tensor reshape(Shape shape) const;
  /// Rows [begin, end) of the first axis; shares the storage. A row must not begin within a block.
  [[nodiscard]] Tensor slice(std::int64_t begin, std::int64_t end) const;
  /// A copy in f32 or bf16 (from any floating type); the tensor itself when it already is.
  [[nodiscard]] Tensor to(DType dtype) const;
  [[nodiscard]] Tensor clone() const;

 private:
  Shape shape_;
  DType dtype_ = DType::f32;
  std::shared_ptr<const void> owner_;
  bool borrowed_ = false;  // Memory of a view, which may be read-only.
  std::byte* data_ = nullptr;
};

/// Rows of all tensors one after the other along the first axis.
[[nodiscard]] Tensor concat_rows(const std::vector<Tensor>& parts);
/// [B, C, H, W] → [B, H, W, C] and back, f32.
[[nodiscard]] Tensor nchw_to_nhwc(const Tensor& x);
[[nodiscard]] Tensor nhwc_to_nchw(const Tensor& x);

}  // namespace latentdial::detail
