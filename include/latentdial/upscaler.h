#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "latentdial/export.h"
#include "latentdial/image.h"
#include "latentdial/pipeline.h"

namespace latentdial {

/// A network that enlarges pictures, and what it runs on.
struct UpscalerOptions {
  /// .pth or .safetensors of an RRDBNet (ESRGAN, Real-ESRGAN) or an SRVGGNetCompact.
  std::string file;
  std::string dtype = {};  ///< "f32", "bf16" or "int8"; empty: the faster of f32 and bf16 here.
  int threads = 0;         ///< 0: every core this process may use.
};

/// Enlarges pictures by a network of its own, without a diffusion model. Calls of one upscaler run one after
/// the other.
class LATENTDIAL_API Upscaler {
 public:
  /// Throws invalid_input when the file cannot be read or holds another kind of network.
  static Upscaler load(const UpscalerOptions& options);
  ~Upscaler();
  Upscaler(Upscaler&&) noexcept;
  Upscaler& operator=(Upscaler&&) noexcept;

  [[nodiscard]] const std::string& name() const;  ///< Stem of the file.
  [[nodiscard]] const std::string& kind() const;  ///< "RRDBNet x4", "SRVGGNetCompact x2".
  [[nodiscard]] std::uint64_t hash() const;       ///< Of samples of every tensor; not cryptographic.
  [[nodiscard]] int scale() const;                ///< How many times as wide and high pictures become.

  /// The picture `by` times as wide and high, 1 to 16; by `scale()` where that is not given. Where the
  /// network gives less it is used again, where it gives more the picture is made smaller (Lanczos). It is
  /// drawn in squares that overlap, so that memory does not grow with the picture; `observer.on_step` is
  /// called after each. Throws invalid_input for a result of more than 16384 pixels a side, and
  /// Error(cancelled).
  [[nodiscard]] Image enlarge(const Image& image, std::optional<double> by = {},
                              const Observer& observer = {}) const;

 private:
  struct LATENTDIAL_LOCAL State;
  explicit Upscaler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// What a picture's settings, or no text, become when it is enlarged, as A1111 writes it behind them:
/// "…, Postprocess upscale by: 4, Postprocess upscaler: NAME".
[[nodiscard]] LATENTDIAL_API std::string enlarged_parameters(const std::string& before,
                                                             const std::string& upscaler, double by);

}  // namespace latentdial
