#include "latentdial/upscaler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <utility>

#include "image/area.h"
#include "model/open_model.h"
#include "models/upscaler.h"
#include "tensor/arithmetic.h"
#include "tensor/buffer_pool.h"
#include "tensor/hash.h"
#include "tensor/stop_scope.h"
#include "text/require.h"
#include "upscale/squares.h"
#include "weights/sample_hash.h"
#include "weights/upscaler_files.h"

namespace latentdial {

using namespace detail;
namespace {

constexpr int kLongestSide = 16384;
constexpr double kMostEnlarged = 16;

using Kind = models::UpscalerConfig::Kind;

Tensor to_unit(const Image& image) {
  Tensor pixels = Tensor::empty({1, image.height, image.width, 3});
  std::ranges::transform(image.rgb, pixels.values().begin(),
                         [](std::uint8_t value) { return static_cast<float>(value) / 255.0f; });
  return pixels;
}

Image from_unit(const Tensor& pixels) {
  Image image{.width = static_cast<int>(pixels.dim(2)), .height = static_cast<int>(pixels.dim(1)), .rgb = {}};
  image.rgb.resize(pixels.values().size());
  std::ranges::transform(pixels.values(), image.rgb.begin(), [](float value) {
    return static_cast<std::uint8_t>(std::nearbyint(std::clamp(value, 0.0f, 1.0f) * 255));
  });
  return image;
}

Image cut(const Image& image, const PixelArea& area) {
  return resized(image, area, area.width, area.height);
}

/// The picture with sides that are multiples of `multiple`, mirrored at its right and lower edge.
Image padded(const Image& image, int multiple) {
  Image result{
      .width = round_up(image.width, multiple), .height = round_up(image.height, multiple), .rgb = {}};
  const auto mirrored = [](int at, int length) {
    return at < length ? at : std::max(0, 2 * (length - 1) - at);
  };
  for (int y = 0; y < result.height; ++y) {
    for (int x = 0; x < result.width; ++x) {
      const int row = mirrored(y, image.height), column = mirrored(x, image.width);
      const auto from = image.rgb.begin() + std::ptrdiff_t{3} * (std::ptrdiff_t{row} * image.width + column);
      result.rgb.insert(result.rgb.end(), from, from + 3);
    }
  }
  return result;
}

/// `by` times an area that is moved by so much.
PixelArea times(int by, const PixelArea& area, int left = 0, int top = 0) {
  return {by * (area.left - left), by * (area.top - top), by * area.width, by * area.height};
}

}  // namespace

struct Upscaler::State {
  State(const UpscalerOptions& options, const Component& component)
      : name(std::filesystem::path(options.file).stem().string()),
        config(models::UpscalerConfig::from_json(component.config)),
        kind(fmt::format("{} x{}", config.kind == Kind::rrdb_net ? "RRDBNet" : "SRVGGNetCompact",
                         config.scale())),
        backend(ops::make_cpu_backend(
            denoiser_options({.model = "", .dtype = options.dtype, .threads = options.threads}))),
        network(models::make_upscaler({component.weights, backend.get()}, config)) {
    hash = hash_samples(kHashStart, component.weights);
    const auto unused = component.weights.unused();
    require(unused.empty(), "", "{}: an {} has no tensor {}", options.file, kind, unused.front());
  }

  /// The picture `scale` times as large.
  [[nodiscard]] Image enlarged(const Image& image, const Observer& observer) const {
    const int scale = static_cast<int>(config.scale()), multiple = static_cast<int>(config.unshuffle);
    const Image small = padded(image, multiple);
    Image large{.width = scale * small.width, .height = scale * small.height, .rgb = {}};
    large.rgb.resize(small.rgb.size() * static_cast<std::size_t>(scale * scale));
    const auto squares = squares_of(small.width, small.height, multiple);
    StepProgress progress{.step = 0, .steps = static_cast<int>(squares.size())};
    for (const auto& [seen, kept] : squares) {
      const Tensor pixels = (*network)(to_unit(cut(small, seen)));
      require_finite(pixels, name, "enlarging");
      lay_into(large, times(scale, kept), cut(from_unit(pixels), times(scale, kept, seen.left, seen.top)));
      ++progress.step;
      if (observer.on_step) observer.on_step(progress);
    }
    if (small.width == image.width && small.height == image.height) return large;
    return cut(large, {0, 0, scale * image.width, scale * image.height});
  }

  std::string name;
  std::uint64_t hash = 0;
  models::UpscalerConfig config;
  std::string kind;
  std::unique_ptr<ops::Backend> backend;
  std::unique_ptr<models::Upscaler> network;
  std::mutex one_at_a_time;
};

Upscaler Upscaler::load(const UpscalerOptions& options) {
  return Upscaler(std::make_unique<State>(options, open_upscaler(options.file)));
}

Upscaler::Upscaler(std::unique_ptr<State> state) : state_(std::move(state)) {}
Upscaler::~Upscaler() = default;
Upscaler::Upscaler(Upscaler&&) noexcept = default;
Upscaler& Upscaler::operator=(Upscaler&&) noexcept = default;

const std::string& Upscaler::name() const {
  return state_->name;
}
const std::string& Upscaler::kind() const {
  return state_->kind;
}
std::uint64_t Upscaler::hash() const {
  return state_->hash;
}
int Upscaler::scale() const {
  return static_cast<int>(state_->config.scale());
}

Image Upscaler::enlarge(const Image& image, std::optional<double> by, const Observer& observer) const {
  const double wanted = by.value_or(scale());
  require(wanted >= 1 && wanted <= kMostEnlarged, "by", "{} is out of range, use 1 to {}", wanted,
          kMostEnlarged);
  const int width = static_cast<int>(std::lround(image.width * wanted));
  const int height = static_cast<int>(std::lround(image.height * wanted));
  int larger = scale();
  while (larger < wanted && scale() > 1) larger *= scale();
  require(std::max(image.width, image.height) <= kLongestSide / larger, "image",
          "{}x{} becomes {}x{}; sides of up to {} are possible", image.width, image.height,
          larger * image.width, larger * image.height, kLongestSide);
  const std::scoped_lock lock(state_->one_at_a_time);
  const StopScope scope(observer.stop);
  Image large = state_->enlarged(image, observer);
  while (large.width < width && scale() > 1) large = state_->enlarged(large, observer);
  release_idle_buffers();
  if (large.width == width && large.height == height) return large;
  return resized(large, {0, 0, large.width, large.height}, width, height);
}

std::string enlarged_parameters(const std::string& before, const std::string& upscaler, double by) {
  const std::string text =
      fmt::format("Postprocess upscale by: {:g}, Postprocess upscaler: {}", by, upscaler);
  return before.empty() ? text : fmt::format("{}, {}", before, text);
}

}  // namespace latentdial
