#include "files/json_file.h"

#include <fmt/format.h>

#include <string_view>

#include "files/mapped_file.h"
#include "latentdial/error.h"
#include "latentdial/json.h"

namespace latentdial::detail {

nlohmann::json read_json_object(const std::filesystem::path& path, std::size_t largest,
                                const JsonLimits& limits) {
  const auto file = MappedFile::open(path);
  const std::string_view text{reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()};
  const auto refuse = [&](std::string_view what) {
    return invalid_input(fmt::format("{}: {}", path.string(), what));
  };
  if (text.size() > largest)
    throw refuse(fmt::format("has {} bytes; a JSON file of at most {} is expected", text.size(), largest));
  try {
    auto parsed = parse_json<nlohmann::json>(text, limits);
    if (parsed.is_object()) return parsed;
  } catch (const Error& error) {
    throw refuse(error.message());
  }
  throw refuse("a JSON object is expected");
}

}  // namespace latentdial::detail
