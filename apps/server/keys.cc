#include "keys.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base64.h"
#include "http_message.h"
#include "latentdial/error.h"

namespace latentdial::server {
namespace {

constexpr std::size_t kLargestFile = 64 << 10;

struct Descriptor {
  int number;
  ~Descriptor() { close(number); }
};

Error wrong_file(const std::string& path, const std::string& what) {
  return invalid_input("api_key_file", fmt::format("{}: {}", path, what));
}

/// The file is asked after it is open, so that nobody can exchange it in between.
std::string read_private_file(const std::string& path) {
  const Descriptor file{open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat about {};
  if (file.number < 0 || fstat(file.number, &about) != 0) throw wrong_file(path, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) throw wrong_file(path, "is not a file");
  if ((about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    throw wrong_file(path, "others may read or change it; let nobody but yourself, as by chmod 600");
  std::string text(kLargestFile + 1, '\0');
  const ssize_t size = read(file.number, text.data(), text.size());
  if (size < 0) throw wrong_file(path, std::strerror(errno));
  if (static_cast<std::size_t>(size) > kLargestFile) throw wrong_file(path, "is larger than 64 KiB");
  text.resize(static_cast<std::size_t>(size));
  return text;
}

bool fits_header(const std::string& key) {
  return std::ranges::all_of(key, [](unsigned char c) { return c > ' ' && c <= '~'; });
}

/// The key that a header carries: a bearer's, or the password of a login.
std::string key_of(const std::string& header) {
  const auto space = header.find(' ');
  const auto begin = header.find_first_not_of(' ', space);
  if (begin == std::string::npos) return "";
  const std::string_view scheme = std::string_view(header).substr(0, space);
  const std::string value = header.substr(begin);
  if (equal_without_case(scheme, "Bearer")) return value;
  if (!equal_without_case(scheme, "Basic")) return "";
  try {
    const std::string login = decode_base64("Authorization", value);
    const auto colon = login.find(':');
    return colon == std::string::npos ? "" : login.substr(colon + 1);
  } catch (const Error&) {
    return "";
  }
}

/// In a time that does not tell where they differ.
bool equal_in_constant_time(const std::string& a, const std::string& b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |=
        static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b.empty() ? '\0' : b[i % b.size()]);
  return difference == 0;
}

}  // namespace

Keys::Keys(const std::string& key, const std::string& file) {
  if (!key.empty()) keys_.push_back(key);
  if (file.empty()) return;
  std::istringstream lines(read_private_file(file));
  for (std::string line; std::getline(lines, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    line.erase(0, line.find_first_not_of(" \t"));
    if (line.empty() || line.front() == '#') continue;
    if (!fits_header(line)) throw wrong_file(file, "a key has a character that no header can hold");
    if (std::ranges::find(keys_, line) == keys_.end()) keys_.push_back(line);
  }
  if (keys_.empty()) throw wrong_file(file, "holds no key; one a line is needed");
}

std::size_t Keys::shortest() const {
  const auto shortest = std::ranges::min_element(keys_, {}, &std::string::size);
  return shortest == keys_.end() ? 0 : shortest->size();
}

std::optional<std::size_t> Keys::find(const std::string& authorization) const {
  const std::string key = key_of(authorization);
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < keys_.size(); ++i)
    if (equal_in_constant_time(key, keys_[i])) found = i;
  return found;
}

void keep_memory_private() {
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace latentdial::server
