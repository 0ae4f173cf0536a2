#include "model/dials.h"

#include "text/require.h"

namespace latentdial::detail {

void require_own_dial(const Dial& dial, const std::string& file, const ModelInfo& model) {
  require(dial.fingerprint == model.fingerprint, "dial",
          "{} was made for another model ({}, weights {}), not for {} (weights {}); make one with latentdial "
          "calibrate",
          file, dial.model, dial.fingerprint, model.name, model.fingerprint);
}

std::vector<std::shared_ptr<const Dial>> read_dials(const std::vector<std::string>& files,
                                                    const ModelInfo& model) {
  std::vector<std::shared_ptr<const Dial>> dials;
  for (const std::string& file : files) {
    dials.push_back(std::make_shared<const Dial>(read_dial(file)));
    require_own_dial(*dials.back(), file, model);
  }
  return dials;
}

}  // namespace latentdial::detail
