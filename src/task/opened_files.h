#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>

#include "latentdial/dial.h"
#include "latentdial/request.h"
#include "latentdial/upscaler.h"

namespace latentdial::detail {

/// The files that settings name, each read once for as long as it does not change: the positions of a dial
/// name the same ones. Thread-safe.
class OpenedFiles {
 public:
  /// Throws invalid_input naming the file.
  [[nodiscard]] InputImage image(const std::filesystem::path& path);
  [[nodiscard]] InputImage mask(const std::filesystem::path& path);
  [[nodiscard]] std::shared_ptr<const Dial> dial(const std::filesystem::path& path);
  [[nodiscard]] std::shared_ptr<const Upscaler> upscaler(const UpscalerOptions& options);
  /// How often a file was read.
  [[nodiscard]] int reads() const;

 private:
  // Of each kind. A start picture and another end, and two masks, are the most that one picture names.
  static constexpr std::size_t kMostOpened = 8;

  /// A file as it was when it was read.
  struct Version {
    std::filesystem::path path;
    std::filesystem::file_time_type written = {};
    std::uintmax_t size = 0;
    bool operator==(const Version&) const = default;
  };
  template <class Value>
  struct Opened {
    Version version;
    Value value;
  };
  template <class Value, class Read>
  Value open(std::deque<Opened<Value>>& opened, const std::filesystem::path& path, const Read& read,
             std::size_t most = kMostOpened);

  mutable std::mutex mutex_;
  std::deque<Opened<InputImage>> images_, masks_;
  std::deque<Opened<std::shared_ptr<const Dial>>> dials_;
  std::deque<Opened<std::shared_ptr<const Upscaler>>> upscalers_;
  int reads_ = 0;
};

}  // namespace latentdial::detail
