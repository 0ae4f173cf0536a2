#include "uploads.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <system_error>

#include "latentdial/error.h"

namespace latentdial::server {
namespace {

constexpr std::string_view kPrefix = "latentdial-serve-";  // Then the process that holds the folder.
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::array<int, 256> digit_values() {
  std::array<int, 256> values{};
  values.fill(-1);
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    values[static_cast<unsigned char>(kDigits[i])] = static_cast<int>(i);
  return values;
}

/// "data:image/png;base64,…" → what follows the comma.
std::string_view without_data_url(std::string_view text) {
  if (!text.starts_with("data:")) return text;
  const auto comma = text.find(',');
  return comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
}

}  // namespace

std::string decode_base64(const std::string& key, std::string_view text) {
  static const auto values = digit_values();
  text = without_data_url(text);
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    const int value = values[static_cast<unsigned char>(c)];
    if (value < 0) throw invalid_input(key, "no base64; a PNG, JPEG or WebP in base64 is needed");
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    if ((count += 6) >= 8) bytes += static_cast<char>((bits >> (count -= 8)) & 0xff);
  }
  if (bytes.empty()) throw invalid_input(key, "empty; a PNG, JPEG or WebP in base64 is needed");
  return bytes;
}

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = (bits << 8) | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      text += i + k > bytes.size() ? '=' : kDigits[(bits >> (18 - 6 * k)) & 63];
  }
  return text;
}

void remove_orphaned_uploads() {
  std::error_code fault;
  std::filesystem::directory_iterator entries(std::filesystem::temp_directory_path(fault), fault);
  if (fault) return;
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    struct stat status {};
    int process = 0;
    if (!name.starts_with(kPrefix) || lstat(entry.path().c_str(), &status) != 0) continue;
    const char* digits = name.data() + kPrefix.size();
    const auto [end, wrong] = std::from_chars(digits, name.data() + name.size(), process);
    const bool ours =
        S_ISDIR(status.st_mode) && status.st_uid == geteuid() && wrong == std::errc() && process > 0;
    if (ours && kill(process, 0) != 0 && errno == ESRCH) std::filesystem::remove_all(entry.path(), fault);
  }
}

struct Uploads::File {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("{}{}-XXXXXX", kPrefix, getpid());

  File() {
    std::string name = folder.string();
    if (mkdtemp(name.data()) == nullptr)
      throw Error(ErrorCode::io, fmt::format("an uploaded picture cannot be kept: {}", std::strerror(errno)));
    folder = name;
  }
  ~File() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] std::string path() const { return folder / "picture.png"; }
};

std::string Uploads::add(const std::string& key, std::string_view bytes) {
  try {
    return add(
        decode_image({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, "what is given"));
  } catch (const Error& error) {
    throw error.about(key);
  }
}

std::string Uploads::add(const Image& image) {
  const auto file = std::make_shared<const File>();
  write_png(file->path(), image, "");
  files_.push_back(file);
  return file->path();
}

Error Uploads::without_paths(const Error& error) const {
  std::string message = error.message();
  for (const auto& file : files_) {
    for (auto at = message.find(file->path()); at != std::string::npos; at = message.find(file->path()))
      message.replace(at, file->path().size(), "the picture");
  }
  return {error.code(), error.field(), message};
}

}  // namespace latentdial::server
