#include "task/opened_files.h"

#include <algorithm>
#include <system_error>

namespace latentdial::detail {
namespace {

constexpr std::size_t kMostUpscalers = 2;  // Each is many megabytes.

}  // namespace

template <class Value, class Read>
Value OpenedFiles::open(std::deque<Opened<Value>>& opened, const std::filesystem::path& path,
                        const Read& read, std::size_t most) {
  std::error_code fault;
  const Version version{path, std::filesystem::last_write_time(path, fault),
                        std::filesystem::file_size(path, fault)};
  const std::scoped_lock lock(mutex_);
  const auto known = std::ranges::find(opened, version, &Opened<Value>::version);
  if (!fault && known != opened.end()) return known->value;
  ++reads_;
  Value value = read(path);
  opened.push_front({version, value});
  if (opened.size() > most) opened.pop_back();
  return value;
}

InputImage OpenedFiles::image(const std::filesystem::path& path) {
  return open(images_, path, InputImage::read);
}

InputImage OpenedFiles::mask(const std::filesystem::path& path) {
  return open(masks_, path, InputImage::read_as_mask);
}

std::shared_ptr<const Dial> OpenedFiles::dial(const std::filesystem::path& path) {
  return open(dials_, path, [](const auto& file) { return std::make_shared<const Dial>(read_dial(file)); });
}

std::shared_ptr<const Upscaler> OpenedFiles::upscaler(const UpscalerOptions& options) {
  const auto load = [&](const auto&) { return std::make_shared<const Upscaler>(Upscaler::load(options)); };
  return open(upscalers_, options.file, load, kMostUpscalers);
}

int OpenedFiles::reads() const {
  const std::scoped_lock lock(mutex_);
  return reads_;
}

}  // namespace latentdial::detail
