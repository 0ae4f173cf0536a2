#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http.h"

namespace latentdial::server {

/// What a body of txt2img or img2img asks for.
struct A1111Request {
  std::vector<Settings> list;  ///< One a picture: batch_size · n_iter, seeds ascending.
  Request asked;               ///< The first of them, with pictures and network of all.
  bool send_images = true;
  std::vector<std::string> notices;  ///< Settings that were given and have no effect.
};

/// A1111's name of one of our settings: "cfg_scale" of "guidance_scale"; "" where it has none.
[[nodiscard]] std::string a1111_name(std::string_view field);

/// "20" and 20.0 where one of our settings needs 20, as A1111 takes them; anything else as it is.
[[nodiscard]] Json as_number(const std::string& setting, const Json& value);

/// Reads a body of /sdapi/v1/txt2img, or of img2img, whose `init_images` are taken from it. `options` are
/// what GET /sdapi/v1/options says, `upscalers` what a second pass may enlarge by. Throws invalid_input
/// naming a setting that is wrong or not supported.
[[nodiscard]] A1111Request read_a1111_request(Body& body, bool from_image, const ModelInfo& model,
                                              const Json& options, const Upscalers& upscalers = {});

}  // namespace latentdial::server
