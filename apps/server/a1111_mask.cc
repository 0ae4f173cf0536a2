#include "a1111_mask.h"

#include <array>
#include <cstddef>
#include <utility>

#include "a1111_request.h"
#include "http.h"
#include "latentdial/error.h"

namespace latentdial::server {
namespace {

// By A1111's numbers.
constexpr std::array kFills = {"around", "original", "noise", "nothing"};

constexpr int kDefaultBlur = 4;

Json take_number(Body& body, const char* key, Json otherwise) {
  return as_number("mask_padding", take(body.json, key, std::move(otherwise)));
}

/// A1111 takes true and 1.
bool is_on(const char* key, const Json& value) {
  return value.is_boolean() ? value.get<bool>() : read_whole(key, value, 0, 1) == 1;
}

/// One blur for both directions.
Json take_blur(Body& body) {
  const Json across = take_number(body, "mask_blur_x", kDefaultBlur),
             down = take_number(body, "mask_blur_y", kDefaultBlur),
             both = take_number(body, "mask_blur", Json());
  if (both.is_null() && across != down)
    throw invalid_input("mask_blur_y", "a blur of its own is not supported; give the same as mask_blur_x");
  return both.is_null() ? across : both;
}

}  // namespace

std::optional<InputImage> read_a1111_mask(Body& body, Json& settings) {
  const Json given = take(body.json, "mask", ""), fill = take_number(body, "inpainting_fill", 0),
             alone = take_number(body, "inpaint_full_res", true),
             padding = take_number(body, "inpaint_full_res_padding", 0),
             inverted = take_number(body, "inpainting_mask_invert", 0);
  take(body.json, "mask_round", {});  // Grey is taken as less strength.
  const Json words = body.json.value("redraw_words", Json());
  const bool by_words = words.is_string() && words != "";
  if (given == "" && !by_words) {
    for (const char* key : {"mask_blur", "mask_blur_x", "mask_blur_y"}) body.json.erase(key);
    return std::nullopt;
  }
  settings["mask_blur"] = take_blur(body);
  settings["mask_fill"] = kFills[static_cast<std::size_t>(
      read_whole("inpainting_fill", fill, 0, static_cast<int>(kFills.size()) - 1))];
  if (given == "") return std::nullopt;
  settings["only_masked"] = is_on("inpaint_full_res", alone);
  settings["mask_padding"] = padding;
  const std::string bytes = body.take_bytes("mask", given);
  const InputImage mask = read_mask_picture("mask", bytes, MaskOf::opacity_else_brightness);
  return is_on("inpainting_mask_invert", inverted) ? inverse_of(mask) : mask;
}

}  // namespace latentdial::server
