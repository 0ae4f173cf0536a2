#include "files/json_file.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "files/mapped_file.h"
#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using Json = nlohmann::json;

// Refuses while it is parsed what a configuration never has.
class StructureCheck {
 public:
  explicit StructureCheck(std::string path) : path_(std::move(path)) {}

  bool operator()(int depth, Json::parse_event_t event, const Json& value) {
    constexpr int kDeepest = 64;
    if (depth > kDeepest)
      throw invalid_input(fmt::format("{}: is nested deeper than {} levels", path_, kDeepest));
    if (event == Json::parse_event_t::object_start) names_.emplace_back();
    if (event == Json::parse_event_t::object_end) names_.pop_back();
    if (event == Json::parse_event_t::key && !names_.back().insert(value.get<std::string>()).second) {
      throw invalid_input(fmt::format("{}: gives {} twice", path_, printable(value.get<std::string>())));
    }
    return true;
  }

 private:
  std::string path_;
  std::vector<std::set<std::string>> names_;
};

}  // namespace

nlohmann::json read_json_object(const std::filesystem::path& path) {
  constexpr std::size_t kLargest = 64u << 20;
  const auto file = MappedFile::open(path);
  const std::string_view text{reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()};
  if (text.size() > kLargest) {
    throw invalid_input(fmt::format("{}: has {} bytes; a JSON file of at most {} is expected", path.string(),
                                    text.size(), kLargest));
  }
  Json parsed;
  try {
    parsed = Json::parse(text, StructureCheck(path.string()));
  } catch (const Json::parse_error& error) {
    throw invalid_input(fmt::format("{}: is not valid JSON (at byte {})", path.string(), error.byte));
  } catch (const Json::exception&) {
    throw invalid_input(fmt::format("{}: is not valid JSON (a number is out of range)", path.string()));
  }
  if (!parsed.is_object()) throw invalid_input(fmt::format("{}: a JSON object is expected", path.string()));
  return parsed;
}

}  // namespace latentdial::detail
