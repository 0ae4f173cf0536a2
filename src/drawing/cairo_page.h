#pragma once

#include <cairo.h>

#include <memory>

#include "latentdial/image.h"

namespace latentdial::detail {

/// A white page to draw on with Cairo. Throws invalid_input for sides that Cairo cannot draw.
class CairoPage {
 public:
  CairoPage(int width, int height);
  [[nodiscard]] cairo_t* cairo() const { return cairo_.get(); }
  /// What is drawn, as RGB.
  [[nodiscard]] Image image() const;

 private:
  std::unique_ptr<cairo_surface_t, decltype(&cairo_surface_destroy)> surface_;
  std::unique_ptr<cairo_t, decltype(&cairo_destroy)> cairo_;
};

}  // namespace latentdial::detail
