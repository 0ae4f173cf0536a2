#pragma once

#include <nanobind/nanobind.h>

namespace latentdial::binding {

/// Each adds its part to the module `latentdial._engine`.
void bind_calibrate(nanobind::module_& module);
void bind_clip(nanobind::module_& module);
void bind_errors(nanobind::module_& module);
void bind_images(nanobind::module_& module);
void bind_parameters(nanobind::module_& module);
void bind_pipeline(nanobind::module_& module);
void bind_settings(nanobind::module_& module);
void bind_stages(nanobind::module_& module);
void bind_upscaler(nanobind::module_& module);
void bind_watch(nanobind::module_& module);

}  // namespace latentdial::binding
