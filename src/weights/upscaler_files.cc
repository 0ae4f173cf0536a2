#include "weights/upscaler_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "latentdial/error.h"
#include "text/words.h"
#include "weights/checkpoint_file.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;
using Tensors = std::map<std::string, Tensor>;

constexpr std::int64_t kPicture = 3;  ///< Red, green, blue.

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// "rdb1" of "RDB1".
std::string dense_block(std::string_view part) {
  return fmt::format("rdb{}", part.starts_with("RDB") ? part.substr(3) : part);
}

/// Names of ESRGAN's second form that stand for one convolution.
const std::map<std::string_view, std::string_view> kRenamed = {
    {"trunk_conv", "conv_body"}, {"upconv1", "conv_up1"}, {"upconv2", "conv_up2"}, {"HRconv", "conv_hr"}};

/// The convolutions of ESRGAN's first form that stand behind the body, model.N, by N.
std::map<std::int64_t, std::string> names_behind_body(const StoredTensors& tensors) {
  std::map<std::int64_t, std::string> names;
  for (const auto& [key, stored] : tensors) {
    const auto parts = split(key, '.');
    if (parts.size() == 3 && parts[0] == "model" && parts[2] == "weight") {
      if (const auto place = number_in(parts[1]); place > 1) names[*place];
    }
  }
  std::size_t left = names.size(), upsamplings = 0;
  for (auto& [place, name] : names) {
    name = left == 1 ? "conv_last" : left == 2 ? "conv_hr" : fmt::format("conv_up{}", ++upsamplings);
    --left;
  }
  return names;
}

/// Real-ESRGAN's name of an RRDBNet's tensor; the name itself where it has none other.
std::string real_esrgan_name(const std::string& key, const std::map<std::int64_t, std::string>& behind_body) {
  const auto parts = split(key, '.');
  const auto n = parts.size();
  if (n == 5 && parts[0] == "RRDB_trunk")
    return fmt::format("body.{}.{}.{}.{}", parts[1], dense_block(parts[2]), parts[3], parts[4]);
  if (n == 2 && kRenamed.contains(parts[0])) return fmt::format("{}.{}", kRenamed.at(parts[0]), parts[1]);
  if (parts[0] != "model") return key;
  if (n == 8 && parts[2] == "sub" && parts[6] == "0")
    return fmt::format("body.{}.{}.{}.{}", parts[3], dense_block(parts[4]), parts[5], parts[7]);
  if (n == 5 && parts[2] == "sub") return fmt::format("conv_body.{}", parts[4]);
  if (n != 3) return key;
  const auto place = number_in(parts[1]);
  if (place == 0) return fmt::format("conv_first.{}", parts[2]);
  const auto known = place ? behind_body.find(*place) : behind_body.end();
  return known == behind_body.end() ? key : fmt::format("{}.{}", known->second, parts[2]);
}

/// How many of PREFIX0, PREFIX1 … the names go on from, one after the other.
std::int64_t count_of(const Tensors& tensors, std::string_view prefix, std::int64_t first,
                      std::string_view suffix) {
  std::int64_t count = 0;
  while (tensors.contains(fmt::format("{}{}{}", prefix, first + count, suffix))) ++count;
  return count;
}

/// The shape of a 3×3 convolution; nothing where there is none of that name.
std::optional<Shape> convolution(const Tensors& tensors, const std::string& name) {
  const auto found = tensors.find(name + ".weight");
  if (found == tensors.end() || found->second.rank() != 4) return std::nullopt;
  return found->second.shape();
}

std::optional<nlohmann::json> rrdb_config(const Tensors& tensors) {
  const auto first = convolution(tensors, "conv_first"), dense = convolution(tensors, "body.0.rdb1.conv1");
  if (!first || !dense) return std::nullopt;
  std::int64_t unshuffle = 1;
  while (unshuffle < 4 && kPicture * unshuffle * unshuffle < (*first)[1]) unshuffle *= 2;
  if (kPicture * unshuffle * unshuffle != (*first)[1]) return std::nullopt;
  const auto upsamplings = std::min<std::int64_t>(count_of(tensors, "conv_up", 1, ".weight"), 6);
  return {{{"_class_name", "RRDBNet"},
           {"num_feat", (*first)[0]},
           {"num_grow_ch", (*dense)[0]},
           {"num_block", count_of(tensors, "body.", 0, ".rdb1.conv1.weight")},
           {"upsampling", std::int64_t{1} << upsamplings},
           {"unshuffle", unshuffle}}};
}

std::optional<nlohmann::json> compact_config(const Tensors& tensors) {
  const auto first = convolution(tensors, "body.0");
  const auto layers = count_of(tensors, "body.", 0, ".weight");
  const auto last = convolution(tensors, fmt::format("body.{}", layers - 1));
  if (!first || !last || layers < 5 || layers % 2 == 0) return std::nullopt;
  std::int64_t upsampling = 1;
  while (kPicture * upsampling * upsampling < (*last)[0]) ++upsampling;
  return {{{"_class_name", "SRVGGNetCompact"},
           {"num_feat", (*first)[0]},
           {"num_conv", (layers - 3) / 2},
           {"upsampling", upsampling}}};
}

}  // namespace

Component open_upscaler(const fs::path& path) {
  const auto file = read_checkpoint_file(path);
  const auto behind_body = names_behind_body(file.tensors);
  Tensors tensors;
  for (const auto& [key, stored] : file.tensors)
    tensors.emplace(real_esrgan_name(key, behind_body), open_tensor(path.string(), key, stored));
  auto config = rrdb_config(tensors);
  if (!config) config = compact_config(tensors);
  if (!config) {
    throw invalid_input(fmt::format(
        "{}: is not a network that enlarges pictures, or of a kind that is not known; an RRDBNet (ESRGAN, "
        "Real-ESRGAN) or an SRVGGNetCompact is needed",
        path.string()));
  }
  return {std::move(*config), Weights("the upscaler", path.string(), std::move(tensors))};
}

}  // namespace latentdial::detail
