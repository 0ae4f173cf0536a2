#include "weights/safetensors_header.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostNames = 1u << 16;  // A whole Stable Diffusion has some two thousand.

// Takes the header token by token, so that a hostile one of 100 MB never becomes a tree many times its size.
class HeaderReader : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(const std::string& file) : file_(file) {}

  SafetensorsHeader take() { return std::move(header_); }

  bool key(std::string& text) override;
  bool start_object(std::size_t) override;
  bool end_object() override;
  bool start_array(std::size_t) override;
  bool end_array() override;
  bool string(std::string& text) override;
  bool number_unsigned(std::uint64_t value) override;

  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool number_integer(std::int64_t value) override { unexpected(fmt::format("{}", value)); }
  bool number_float(double, const std::string& text) override { unexpected(text); }
  bool binary(Json::binary_t&) override { unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const Json::exception&) override {
    fail(fmt::format("the header is not valid JSON at byte {}: the file is damaged or not safetensors",
                     position));
  }

 private:
  enum class At { start, names, metadata, fields, shape, offsets, done };

  [[noreturn]] void fail(const std::string& what) const {
    throw invalid_input(fmt::format("{}: {}", file_, what));
  }
  [[noreturn]] void unexpected(std::string_view what) const {
    static constexpr const char* kWanted[] = {"a JSON object",
                                              "an object per tensor",
                                              "strings in __metadata__",
                                              "\"dtype\", \"shape\" or \"data_offsets\"",
                                              "extents that are whole numbers from 0",
                                              "two byte offsets that are whole numbers from 0",
                                              "the end"};
    const auto where =
        entry_.name.empty() ? std::string("the header") : fmt::format("tensor {}", printable(entry_.name));
    fail(fmt::format("{} has {} where the format has {}", where, printable(what),
                     kWanted[static_cast<int>(at_)]));
  }
  void add(std::uint64_t value);

  const std::string& file_;
  SafetensorsHeader header_;
  std::set<std::string, std::less<>> names_;
  At at_ = At::start;
  SafetensorsEntry entry_;
  std::string field_;
  std::set<std::string, std::less<>> fields_;
  std::vector<std::uint64_t> numbers_;
};

bool HeaderReader::key(std::string& text) {
  if (at_ == At::names) {
    if (names_.size() == kMostNames) fail(fmt::format("the header names more than {} tensors", kMostNames));
    if (!names_.insert(text).second)
      fail(fmt::format("tensor name {} stands twice in the header", printable(text)));
    entry_ = {};
    entry_.name = text;
  } else if (at_ == At::fields) {
    if (!fields_.insert(text).second) {
      fail(fmt::format("tensor {} gives {} twice", printable(entry_.name), printable(text)));
    }
    if (text != "dtype" && text != "shape" && text != "data_offsets") unexpected(text);
    field_ = text;
  } else if (header_.metadata.size() == kMostNames) {
    fail(fmt::format("__metadata__ has more than {} texts", kMostNames));
  } else if (header_.metadata.contains(text)) {
    fail(fmt::format("__metadata__ gives {} twice", printable(text)));
  } else {
    field_ = text;
  }
  return true;
}

bool HeaderReader::start_object(std::size_t) {
  if (at_ == At::start) {
    at_ = At::names;
  } else if (at_ == At::names) {
    at_ = entry_.name == "__metadata__" ? At::metadata : At::fields;
    fields_.clear();
  } else {
    unexpected("an object");
  }
  return true;
}

bool HeaderReader::end_object() {
  if (at_ == At::fields) {
    if (fields_.size() != 3) {
      fail(fmt::format("tensor {} lacks one of \"dtype\", \"shape\" and \"data_offsets\"",
                       printable(entry_.name)));
    }
    header_.entries.push_back(std::move(entry_));
  }
  entry_ = {};
  at_ = at_ == At::names ? At::done : At::names;
  return true;
}

bool HeaderReader::start_array(std::size_t) {
  if (at_ != At::fields || field_ == "dtype") unexpected("an array");
  at_ = field_ == "shape" ? At::shape : At::offsets;
  numbers_.clear();
  return true;
}

bool HeaderReader::end_array() {
  if (at_ == At::shape) {
    entry_.shape.assign(numbers_.begin(), numbers_.end());
  } else if (numbers_.size() == 2) {
    entry_.begin = numbers_[0];
    entry_.end = numbers_[1];
  } else {
    unexpected("one");
  }
  at_ = At::fields;
  return true;
}

bool HeaderReader::string(std::string& text) {
  if (at_ == At::metadata) {
    header_.metadata.emplace(field_, text);
  } else if (at_ == At::fields && field_ == "dtype") {
    entry_.dtype = text;
  } else {
    unexpected(text);
  }
  return true;
}

bool HeaderReader::number_unsigned(std::uint64_t value) {
  const std::size_t most = at_ == At::shape ? 8 : 2;
  if (at_ != At::shape && at_ != At::offsets) unexpected(fmt::format("{}", value));
  if (value > static_cast<std::uint64_t>(INT64_MAX)) unexpected(fmt::format("{}", value));
  if (numbers_.size() == most) {
    fail(fmt::format("tensor {} has more than {} numbers in {}", printable(entry_.name), most,
                     printable(field_)));
  }
  numbers_.push_back(value);
  return true;
}

}  // namespace

SafetensorsHeader parse_safetensors_header(const std::string& file, std::string_view json) {
  HeaderReader reader(file);
  Json::sax_parse(json, &reader);
  return reader.take();
}

}  // namespace latentdial::detail
