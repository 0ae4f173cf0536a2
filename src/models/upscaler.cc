#include "models/upscaler.h"

#include "models/compact_net.h"
#include "models/rrdb_net.h"

namespace latentdial::detail::models {

std::unique_ptr<Upscaler> make_upscaler(const Scope& scope, const UpscalerConfig& config) {
  if (config.kind == UpscalerConfig::Kind::compact_net) return std::make_unique<CompactNet>(scope, config);
  return std::make_unique<RrdbNet>(scope, config);
}

}  // namespace latentdial::detail::models
