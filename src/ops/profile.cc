#include "ops/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace latentdial::detail::ops {
namespace {

/// A parameter with the number of multiply-adds that one result needs.
struct CountedWeight final : Packed {
  CountedWeight(PackedWeight w, std::int64_t n) : weight(std::move(w)), terms(n) {}
  PackedWeight weight;
  std::int64_t terms;
};

const CountedWeight& counted(const PackedWeight& w) {
  return static_cast<const CountedWeight&>(*w);
}

class ProfiledBackend final : public Backend {
 public:
  ProfiledBackend(std::unique_ptr<Backend> backend, std::shared_ptr<Profile> profile)
      : backend_(std::move(backend)), profile_(std::move(profile)) {}

  DType dtype() const override { return backend_->dtype(); }
  std::string description() const override { return backend_->description(); }

  PackedWeight prepare_linear(const Tensor& weight, const Tensor& bias, Precision precision) const override {
    return count(backend_->prepare_linear(weight, bias, precision), weight.count() / weight.dim(0));
  }
  PackedWeight prepare_conv2d(const Tensor& weight, const Tensor& bias, ConvGeometry geometry,
                              Precision precision) const override {
    return count(backend_->prepare_conv2d(weight, bias, geometry, precision), weight.count() / weight.dim(0));
  }
  PackedWeight prepare_norm(const Tensor& gamma, const Tensor& beta, float epsilon) const override {
    return backend_->prepare_norm(gamma, beta, epsilon);
  }
  PackedWeight prepare_embedding(const Tensor& table) const override {
    return backend_->prepare_embedding(table);
  }
  Tensor to_device(const Tensor& host) const override { return backend_->to_device(host); }
  Tensor to_host(const Tensor& device) const override { return backend_->to_host(device); }

  Tensor linear(const Tensor& x, const PackedWeight& w, Epilogue epilogue) const override {
    return time("linear", x, counted(w).terms,
                [&] { return backend_->linear(x, counted(w).weight, epilogue); });
  }
  Tensor conv2d(const Tensor& x, const PackedWeight& w, Epilogue epilogue) const override {
    return time("conv2d", x, counted(w).terms,
                [&] { return backend_->conv2d(x, counted(w).weight, epilogue); });
  }
  Tensor group_norm(Tensor x, const PackedWeight& w, std::int64_t groups,
                    GroupNormExtras extras) const override {
    return time("group_norm", x, 0, [&] { return backend_->group_norm(std::move(x), w, groups, extras); });
  }
  Tensor layer_norm(const Tensor& x, const PackedWeight& w) const override {
    return time("layer_norm", x, 0, [&] { return backend_->layer_norm(x, w); });
  }
  Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, std::int64_t heads,
                   bool causal) const override {
    // A result needs M products for its share of the scores and M for its sum.
    return time(fmt::format("attention, {} keys", k.dim(1)), q, 2 * k.dim(1),
                [&] { return backend_->attention(q, k, v, heads, causal); });
  }
  Tensor geglu(const Tensor& x) const override {
    return time("geglu", x, 0, [&] { return backend_->geglu(x); });
  }
  Tensor activate(const Tensor& x, Activation activation) const override {
    return time("activate", x, 0, [&] { return backend_->activate(x, activation); });
  }
  Tensor prelu(const Tensor& x, const Tensor& slopes) const override {
    return time("prelu", x, 0, [&] { return backend_->prelu(x, slopes); });
  }
  Tensor add(const Tensor& a, const Tensor& b) const override {
    return time("add", a, 0, [&] { return backend_->add(a, b); });
  }
  Tensor mix(const Tensor& a, const Tensor& b, float share) const override {
    return time("mix", a, 0, [&] { return backend_->mix(a, b, share); });
  }
  Tensor upsample_nearest2x(const Tensor& x, std::int64_t height, std::int64_t width) const override {
    return time("upsample", x, 0, [&] { return backend_->upsample_nearest2x(x, height, width); });
  }
  Tensor concat_channels(const Tensor& a, const Tensor& b) const override {
    return time("concat", a, 0, [&] { return backend_->concat_channels(a, b); });
  }
  Tensor embedding(std::span<const std::int32_t> ids, const PackedWeight& table) const override {
    return backend_->embedding(ids, table);
  }

 private:
  static PackedWeight count(PackedWeight weight, std::int64_t terms) {
    return std::make_shared<CountedWeight>(std::move(weight), terms);
  }

  template <class Call>
  Tensor time(const std::string& operation, const Tensor& x, std::int64_t terms, const Call& call) const {
    const auto from = to_string(x.shape());  // The call may take x.
    const auto start = std::chrono::steady_clock::now();
    Tensor y = call();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    profile_->add(operation, fmt::format("{} → {}", from, to_string(y.shape())), seconds,
                  2.0 * static_cast<double>(y.count()) * static_cast<double>(terms));
    return y;
  }

  std::unique_ptr<Backend> backend_;
  std::shared_ptr<Profile> profile_;
};

}  // namespace

void Profile::add(const std::string& operation, const std::string& shapes, double seconds, double flop) {
  const std::scoped_lock lock(mutex_);
  auto& row = rows_[{operation, shapes}];
  row.operation = operation;
  row.shapes = shapes;
  row.calls += 1;
  row.seconds += seconds;
  row.flop += flop;
}

std::vector<OperationTime> Profile::rows() const {
  const std::scoped_lock lock(mutex_);
  std::vector<OperationTime> result;
  for (const auto& [key, row] : rows_) result.push_back(row);
  std::sort(result.begin(), result.end(),
            [](const OperationTime& a, const OperationTime& b) { return a.seconds > b.seconds; });
  return result;
}

std::unique_ptr<Backend> make_profiled_backend(std::unique_ptr<Backend> backend,
                                               std::shared_ptr<Profile> profile) {
  return std::make_unique<ProfiledBackend>(std::move(backend), std::move(profile));
}

}  // namespace latentdial::detail::ops
