#include "ops/cpu/onednn_linear.h"

#include "ops/cpu/onednn_primitive.h"
#include "ops/cpu/parallel.h"

namespace latentdial::detail::ops::cpu {
namespace {

using Tag = dnnl::memory::format_tag;

// The layout of the weight does not depend on the number of rows; this many stand for all.
constexpr std::int64_t kTypicalRows = 1024;

dnnl::memory::desc plain(const Tensor& weight) {
  return {{weight.dim(1), weight.dim(0)}, dnnl::memory::data_type::f32, Tag::ba};
}

/// A matrix [in, out] in oneDNN's own layout, its bias, and its primitives by number of rows.
class OneDnnLinear final : public PackedLinear {
 public:
  OneDnnLinear(const Context& context, const Tensor& weight, const Tensor& bias)
      : PackedLinear(context.dtype, weight.dim(1), weight.dim(0)),
        bias_(copy_bias(bias, {1, out()})),
        weights_(plain(weight), weight,
                 describe(kTypicalRows, onednn::attributes(Activation::none, false)).weights_desc()) {}

  void run(const Context& context, const Tensor& x, const Epilogue& epilogue, Tensor& y) const override {
    run_with_epilogue("linear", context, epilogue, y, [&](Activation activation, bool accumulate) {
      const KernelKey key{{x.count() / in()}, activation, accumulate, context.threads};
      cache_.get(key, [&] { return build(key); })->run(x, y);
    });
  }

 private:
  [[nodiscard]] Kernel build(const KernelKey& key) const {
    const auto description = describe(key.shape.front(), onednn::attributes(key.activation, key.accumulate));
    return {dnnl::matmul(description),
            description.src_desc(),
            description.dst_desc(),
            description.scratchpad_desc(),
            weights_.in(description.weights_desc()),
            bias_};
  }

  [[nodiscard]] dnnl::matmul::primitive_desc describe(std::int64_t rows,
                                                      const dnnl::primitive_attr& attributes) const {
    const auto type = onednn::data_type(dtype());
    return onednn::matmul({{rows, in()}, type, Tag::ab}, {{in(), out()}, type, Tag::any}, bias_desc(bias_),
                          {{rows, out()}, type, Tag::ab}, attributes);
  }

  dnnl::memory bias_;
  WeightLayouts weights_;
  KernelCache cache_;
};

}  // namespace

PackedWeight prepare_onednn_linear(const Context& context, const Tensor& weight, const Tensor& bias) {
  try {
    const ThreadScope scope(context.threads);
    return std::make_shared<OneDnnLinear>(context, weight, bias);
  } catch (const dnnl::error& error) {
    onednn::rethrow("prepare_linear", error);
  }
}

}  // namespace latentdial::detail::ops::cpu
