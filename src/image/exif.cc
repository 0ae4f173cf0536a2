#include "image/exif.h"

#include <algorithm>
#include <string_view>

#include "text/utf8.h"

namespace latentdial::detail {
namespace {

constexpr std::uint64_t kOrientation = 0x0112, kExifDirectory = 0x8769, kUserComment = 0x9286;

/// A TIFF structure whose numbers are zero where they lie outside.
class Tiff {
 public:
  explicit Tiff(std::span<const std::uint8_t> bytes)
      : bytes_(bytes), little_(!bytes.empty() && bytes[0] == 'I') {}

  [[nodiscard]] std::size_t number(std::size_t at, std::size_t size) const {
    std::size_t value = 0;
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    for (std::size_t i = 0; i < size; ++i)
      value |= static_cast<std::size_t>(bytes_[at + i]) << (8 * (little_ ? i : size - 1 - i));
    return value;
  }
  /// Where a tag's entry is in the directory at `directory`; 0: it has none. An entry is of 12 bytes: tag,
  /// type, count, value or where that is.
  [[nodiscard]] std::size_t entry(std::size_t directory, std::uint64_t tag) const {
    for (std::size_t i = 0; i < number(directory, 2); ++i) {
      const std::size_t at = directory + 2 + 12 * i;
      if (number(at, 2) == tag) return at;
    }
    return 0;
  }
  [[nodiscard]] std::string_view text(std::size_t at, std::size_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return {};
    return {reinterpret_cast<const char*>(bytes_.data()) + at, size};
  }

 private:
  std::span<const std::uint8_t> bytes_;
  bool little_;
};

/// UTF-16 of either byte order, which writers take freely: settings are ASCII for the most part, whose upper
/// bytes are zero.
std::string from_utf16(std::string_view text) {
  std::size_t zeros[2] = {0, 0};
  for (std::size_t i = 0; i < text.size(); ++i) zeros[i % 2] += text[i] == '\0' ? 1 : 0;
  const std::size_t upper = zeros[0] >= zeros[1] ? 0 : 1;
  std::u32string points;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto byte = [&](std::size_t j) { return static_cast<unsigned char>(text[i + j]); };
    const auto unit = static_cast<char32_t>(byte(upper) << 8 | byte(1 - upper));
    const bool low = unit >= 0xdc00 && unit < 0xe000;
    if (low && !points.empty() && points.back() >= 0xd800 && points.back() < 0xdc00) {
      points.back() = 0x10000 + ((points.back() - 0xd800) << 10) + (unit - 0xdc00);
    } else if (unit != 0xfeff) {
      points.push_back(unit);
    }
  }
  std::ranges::replace_if(
      points, [](char32_t point) { return point >= 0xd800 && point < 0xe000; }, 0xfffd);
  return encode_utf8(points);
}

/// UTF-16, the upper byte first.
std::string to_utf16(const std::string& text) {
  std::string bytes;
  const auto put = [&](char32_t unit) {
    bytes += static_cast<char>(unit >> 8);
    bytes += static_cast<char>(unit & 0xff);
  };
  for (const char32_t point : decode_utf8(text)) {
    if (point >= 0x10000) put(0xd800 + ((point - 0x10000) >> 10));
    put(point >= 0x10000 ? 0xdc00 + (point & 0x3ff) : point);
  }
  return bytes;
}

/// A text behind the eight bytes that say how it is written.
std::string read_comment(std::string_view comment) {
  constexpr std::size_t kCode = 8;
  if (comment.size() < kCode) return "";
  const auto text = comment.substr(kCode);
  std::string read = comment.starts_with("UNICODE") ? from_utf16(text) : utf8_or_latin1(text);
  read.erase(std::ranges::find_if(read.rbegin(), read.rend(), [](char c) { return c != '\0'; }).base(),
             read.end());
  return read;
}

}  // namespace

Exif read_exif(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kMarker = 6, kFirstDirectory = 4;
  if (bytes.size() > kMarker && bytes[0] == 'E') bytes = bytes.subspan(kMarker);
  const Tiff tiff(bytes);
  const std::size_t directory = tiff.number(kFirstDirectory, 4);
  Exif exif;
  if (const auto entry = tiff.entry(directory, kOrientation); entry != 0) {
    const auto value = static_cast<int>(tiff.number(entry + 8, 2));
    if (value >= 1 && value <= 8) exif.orientation = value;
  }
  const auto inner = tiff.entry(directory, kExifDirectory);
  const auto comment = inner == 0 ? 0 : tiff.entry(tiff.number(inner + 8, 4), kUserComment);
  if (comment != 0)
    exif.comment = read_comment(tiff.text(tiff.number(comment + 8, 4), tiff.number(comment + 4, 4)));
  return exif;
}

std::string write_exif(const std::string& comment) {
  constexpr std::size_t kFirst = 8, kInner = kFirst + 2 + 12 + 4, kText = kInner + 2 + 12 + 4;
  constexpr std::uint32_t kLong = 4, kUndefined = 7;
  std::string bytes = "MM";
  const auto put = [&](std::size_t value, int size) {
    while (size-- > 0) bytes += static_cast<char>(value >> (8 * size) & 0xff);
  };
  const auto put_directory = [&](std::uint64_t tag, std::uint32_t type, std::size_t count,
                                 std::size_t value) {
    put(1, 2);
    put(tag, 2);
    put(type, 2);
    put(count, 4);
    put(value, 4);
    put(0, 4);
  };
  const std::string text = std::string("UNICODE\0", 8) + to_utf16(comment);
  put(42, 2);
  put(kFirst, 4);
  put_directory(kExifDirectory, kLong, 1, kInner);
  put_directory(kUserComment, kUndefined, text.size(), kText);
  return bytes + text;
}

Image upright(Image image, int orientation) {
  if (orientation == 1) return image;
  const bool swapped = orientation >= 5;
  Image out{swapped ? image.height : image.width, swapped ? image.width : image.height,
            std::vector<std::uint8_t>(image.rgb.size())};
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int from_x = swapped ? y : x, from_y = swapped ? x : y;
      if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8)
        from_x = image.width - 1 - from_x;
      if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7)
        from_y = image.height - 1 - from_y;
      const std::size_t from = 3 * (static_cast<std::size_t>(from_y) * image.width + from_x);
      const std::size_t to = 3 * (static_cast<std::size_t>(y) * out.width + x);
      std::copy_n(image.rgb.begin() + static_cast<std::ptrdiff_t>(from), 3,
                  out.rgb.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  return out;
}

}  // namespace latentdial::detail
