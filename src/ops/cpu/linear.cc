#include "ops/cpu/linear.h"

#include <fmt/format.h>

#include <string_view>

#include "ops/cpu/check.h"
#include "ops/cpu/parallel.h"

namespace latentdial::ops::cpu {
namespace {

using Tag = dnnl::memory::format_tag;

// The layout of the weight does not depend on the number of rows; this many stand for all.
constexpr std::int64_t kTypicalRows = 1024;

// Rows that one thread computes where oneDNN itself would split sums between threads.
constexpr std::int64_t kRowBlock = 256;

dnnl::memory::desc plain(const Tensor& weight) {
  return {{weight.dim(1), weight.dim(0)}, dnnl::memory::data_type::f32, Tag::ba};
}

// The blocks depend on the shape alone and each is one thread's work, so the bits do not depend on the thread
// count.
void run_in_row_blocks(const Context& context, const Tensor& x, const Tensor& y, const PackedLinear& w,
                       Activation activation, bool accumulate) {
  parallel_blocks(context.threads, x.dim(0), kRowBlock, [&](std::int64_t begin, std::int64_t end) {
    const ThreadScope alone(1);
    Tensor block = y.slice(begin, end);
    w.kernel({{end - begin}, activation, accumulate, 1})->run(x.slice(begin, end), block);
  });
}

}  // namespace

PackedLinear::PackedLinear(const Context& context, const Tensor& weight, const Tensor& bias)
    : dtype_(context.dtype),
      in_(weight.dim(1)),
      out_(weight.dim(0)),
      bias_(copy_bias(bias, {1, out_})),
      sums_by_thread_(std::string_view(
                          describe(kTypicalRows, onednn::attributes(Activation::none, false)).impl_info_str())
                          .starts_with("gemm")),
      weights_(plain(weight), weight,
               describe(kTypicalRows, onednn::attributes(Activation::none, false)).weights_desc()) {}

dnnl::matmul::primitive_desc PackedLinear::describe(std::int64_t rows,
                                                    const dnnl::primitive_attr& attributes) const {
  const auto type = onednn::data_type(dtype_);
  return onednn::matmul({{rows, in_}, type, Tag::ab}, {{in_, out_}, type, Tag::any}, bias_desc(bias_),
                        {{rows, out_}, type, Tag::ab}, attributes);
}

Kernel PackedLinear::build(const KernelKey& key) const {
  const auto rows = key.shape.front();
  const auto description = describe(rows, onednn::attributes(key.activation, key.accumulate));
  return {dnnl::matmul(description),
          description.src_desc(),
          description.dst_desc(),
          description.scratchpad_desc(),
          weights_.in(description.weights_desc()),
          bias_};
}

std::shared_ptr<const Kernel> PackedLinear::kernel(const KernelKey& key) const {
  return cache_.get(key, [&] { return build(key); });
}

PackedWeight prepare_linear(const Context& context, const Tensor& weight, const Tensor& bias) {
  constexpr auto op = "prepare_linear";
  if (!weight.defined() || weight.rank() != 2) fault(op, "a weight [out, in] is needed");
  check_parameter(op, weight, weight.shape());
  if (bias.defined()) check_parameter(op, bias, {weight.dim(0)});
  try {
    const ThreadScope scope(context.threads);
    return std::make_shared<PackedLinear>(context, weight, bias);
  } catch (const dnnl::error& error) {
    onednn::rethrow(op, error);
  }
}

Tensor linear(const char* op, const Context& context, const Tensor& x, const PackedLinear& w,
              const Epilogue& epilogue) {
  check_activation(op, context, x);
  if (x.dim(-1) != w.in() || w.dtype() != context.dtype) {
    fault(op, fmt::format("{} {} meets a {} weight of {} inputs", name(x.dtype()), to_string(x.shape()),
                          name(w.dtype()), w.in()));
  }
  Shape shape = x.shape();
  shape.back() = w.out();
  Tensor y = Tensor::empty(shape, context.dtype);
  run_with_epilogue(op, context, epilogue, y, [&](Activation activation, bool accumulate) {
    const auto rows = x.count() / w.in();
    if (w.sums_by_thread()) {
      run_in_row_blocks(context, x.reshape({rows, w.in()}), y.reshape({rows, w.out()}), w, activation,
                        accumulate);
    } else {
      w.kernel({{rows}, activation, accumulate, context.threads})->run(x, y);
    }
  });
  return y;
}

}  // namespace latentdial::ops::cpu
