#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "image/exif.h"
#include "image/formats.h"
#include "latentdial/error.h"
#include "text/utf8.h"

namespace latentdial::detail {
namespace {

/// One PNG in memory, read as RGBA. The functions that libpng may leave by longjmp keep no object of their
/// own.
class PngReader {
 public:
  explicit PngReader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, [](png_structp, png_const_charp) {});
    info_ = png_ == nullptr ? nullptr : png_create_info_struct(png_);
    if (info_ == nullptr) throw std::bad_alloc();
  }
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  bool start() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_read_fn(png_, this, read);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_read_info(png_, info_);
    return true;
  }

  /// All rows and the chunks after them.
  bool read_rows(std::uint8_t* rgba) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_16(png_);
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xff, PNG_FILLER_AFTER);
    const int passes = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    const std::size_t stride = png_get_rowbytes(png_, info_);
    for (int pass = 0; pass < passes; ++pass) {
      for (std::size_t y = 0; y < height(); ++y) png_read_row(png_, rgba + y * stride, nullptr);
    }
    png_read_end(png_, info_);
    return true;
  }

  /// The text chunk that holds settings as UTF-8, of those read so far: A1111's, ComfyUI's or InvokeAI's.
  [[nodiscard]] std::string parameters() const {
    for (const char* key : {"parameters", "prompt", "invokeai_metadata"})
      if (std::string found = text(key); !found.empty()) return found;
    return "";
  }

  [[nodiscard]] Exif exif() const {
    png_bytep bytes = nullptr;
    png_uint_32 size = 0;
    if (png_get_eXIf_1(png_, info_, &size, &bytes) == 0) return {};
    return read_exif({bytes, size});
  }

  [[nodiscard]] std::size_t width() const { return png_get_image_width(png_, info_); }
  [[nodiscard]] std::size_t height() const { return png_get_image_height(png_, info_); }
  [[nodiscard]] Error fault(const std::string& name) const {
    return invalid_input(fmt::format("{} is a damaged PNG: {}", name, message_));
  }

 private:
  [[nodiscard]] std::string text(const char* key) const {
    png_textp text = nullptr;
    const int count = png_get_text(png_, info_, &text, nullptr);
    for (int i = 0; i < count; ++i) {
      if (std::strcmp(text[i].key, key) != 0) continue;
      const bool international = text[i].compression >= PNG_ITXT_COMPRESSION_NONE;
      return utf8_or_latin1({text[i].text, international ? text[i].itxt_length : text[i].text_length});
    }
    return "";
  }

  static void on_error(png_structp png, png_const_charp message) {
    auto* self = static_cast<PngReader*>(png_get_error_ptr(png));
    std::strncpy(self->message_, message, sizeof self->message_ - 1);
    longjmp(png_jmpbuf(png), 1);
  }

  static void read(png_structp png, png_bytep out, std::size_t count) {
    auto* self = static_cast<PngReader*>(png_get_io_ptr(png));
    if (count > self->bytes_.size()) png_error(png, "it ends early");
    std::memcpy(out, self->bytes_.data(), count);
    self->bytes_ = self->bytes_.subspan(count);
  }

  std::span<const std::uint8_t> bytes_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char message_[128] = {};
};

std::uint32_t big_endian(std::span<const std::uint8_t> four) {
  std::uint32_t value = 0;
  for (const auto byte : four) value = value << 8 | byte;
  return value;
}

/// Each chunk's length must be within the file: libpng asks for the memory before it reads.
void check_chunk_lengths(std::span<const std::uint8_t> bytes, const std::string& name) {
  constexpr std::size_t kSignature = 8, kLength = 4, kBesideData = 12;  // Length, type and checksum.
  bytes = bytes.subspan(std::min(bytes.size(), kSignature));
  while (bytes.size() >= kBesideData) {
    const std::size_t length = big_endian(bytes.first(kLength));
    if (length > bytes.size() - kBesideData)
      throw invalid_input(fmt::format("{} is a damaged PNG: a chunk of {} bytes, and {} are left", name,
                                      length, bytes.size() - kBesideData));
    if (std::memcmp(bytes.data() + kLength, "IEND", 4) == 0) return;  // Whatever follows is not read.
    bytes = bytes.subspan(length + kBesideData);
  }
}

}  // namespace

DecodedImage decode_png(std::span<const std::uint8_t> bytes, const std::string& name) {
  check_chunk_lengths(bytes, name);
  PngReader reader(bytes);
  if (!reader.start()) throw reader.fault(name);
  check_sides(static_cast<std::int64_t>(reader.width()), static_cast<std::int64_t>(reader.height()), name);
  std::vector<std::uint8_t> rgba(4 * reader.width() * reader.height());
  if (!reader.read_rows(rgba.data())) throw reader.fault(name);
  Exif exif = reader.exif();
  const auto width = static_cast<int>(reader.width()), height = static_cast<int>(reader.height());
  std::string parameters = reader.parameters();
  return {upright(lay_on_white(rgba.data(), width, height), exif.orientation),
          parameters.empty() ? std::move(exif.comment) : std::move(parameters),
          upright(opacity_of(rgba.data(), width, height), exif.orientation)};
}

}  // namespace latentdial::detail
