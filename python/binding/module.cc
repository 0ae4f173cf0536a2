#include "bind.h"
#include "latentdial/version.h"

NB_MODULE(_engine, module) {
  using namespace latentdial::binding;
  nanobind::set_leak_warnings(
      false);  // Programs that end with modules still in use, as Ray's do, are no fault.
  module.doc() = "The C++ engine as it is; the package latentdial is what to use.";
  module.attr("version") = latentdial::kVersion;
  bind_errors(module);
  bind_settings(module);
  bind_parameters(module);
  bind_images(module);
  bind_watch(module);
  bind_pipeline(module);
  bind_calibrate(module);
  bind_stages(module);
  bind_upscaler(module);
  bind_clip(module);
}
