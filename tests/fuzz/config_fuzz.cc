// diffusers' JSON configs: each input is read as each of them.
#include "diffusion/schedule.h"
#include "files/json_file.h"
#include "models/config.h"
#include "scratch_file.h"
#include "try_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace latentdial;
  using namespace latentdial::detail;
  const fuzz::ScratchFile file({data, size});
  return fuzz::try_input([&] {
    const nlohmann::json config = read_json_object(file.path());
    fuzz::try_input([&] { (void)models::TextConfig::from_json(config); });
    fuzz::try_input([&] { (void)models::VisionConfig::from_json(config); });
    fuzz::try_input([&] { (void)models::UNetConfig::from_json(config); });
    fuzz::try_input([&] { (void)models::AutoencoderConfig::from_json(config); });
    fuzz::try_input([&] { (void)models::TinyDecoderConfig::from_json(config); });
    fuzz::try_input([&] { (void)NoiseSchedule::from_json(config); });
  });
}
