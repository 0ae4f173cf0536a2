#include <fmt/format.h>  // Brings what jpeglib.h needs.
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <utility>

#include "image/exif.h"
#include "image/formats.h"
#include "text/require.h"

namespace latentdial::detail {
namespace {

/// libjpeg reports errors by a call that must not return.
struct Failure {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX];
};

void on_error(j_common_ptr info) {
  auto* failure = reinterpret_cast<Failure*>(info->err);
  info->err->format_message(info, failure->message);
  std::longjmp(failure->escape, 1);
}

class JpegReader {
 public:
  JpegReader() {
    info_.err = jpeg_std_error(&failure_.manager);
    failure_.manager.error_exit = on_error;
    failure_.manager.output_message = [](j_common_ptr) {};
  }
  ~JpegReader() { jpeg_destroy_decompress(&info_); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  /// Up to the size. The functions that libjpeg may leave by longjmp keep no object of their own.
  bool start(std::span<const std::uint8_t> bytes) {
    if (setjmp(failure_.escape) != 0) return false;
    jpeg_create_decompress(&info_);
    jpeg_mem_src(&info_, bytes.data(), bytes.size());
    jpeg_save_markers(&info_, JPEG_APP0 + 1, 0xffff);
    jpeg_read_header(&info_, TRUE);
    info_.out_color_space = info_.num_components == 4 ? JCS_CMYK : JCS_RGB;
    return true;
  }

  bool read_rows(std::uint8_t* rows) {
    if (setjmp(failure_.escape) != 0) return false;
    jpeg_start_decompress(&info_);
    const std::size_t stride =
        static_cast<std::size_t>(info_.output_width) * static_cast<std::size_t>(info_.output_components);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = rows + stride * info_.output_scanline;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }

  [[nodiscard]] bool cut_short() const { return failure_.manager.num_warnings > 0; }
  [[nodiscard]] const char* message() const { return failure_.message; }
  [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }

 private:
  jpeg_decompress_struct info_{};
  Failure failure_{};
};

/// Inverted CMYK, as Adobe writes it, and plain CMYK to RGB.
std::vector<std::uint8_t> cmyk_to_rgb(const std::vector<std::uint8_t>& cmyk, bool inverted) {
  std::vector<std::uint8_t> rgb(cmyk.size() / 4 * 3);
  for (std::size_t i = 0; i < cmyk.size() / 4; ++i) {
    const auto ink = [&](std::size_t c) { return inverted ? cmyk[4 * i + c] : 255 - cmyk[4 * i + c]; };
    for (std::size_t c = 0; c < 3; ++c) rgb[3 * i + c] = static_cast<std::uint8_t>(ink(c) * ink(3) / 255);
  }
  return rgb;
}

/// The EXIF of an APP1 marker, which XMP has too.
Exif exif_of(const jpeg_decompress_struct& info) {
  for (auto* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const std::span<const std::uint8_t> data(marker->data, marker->data_length);
    if (data.size() > 4 && std::memcmp(data.data(), "Exif", 4) == 0) return read_exif(data);
  }
  return {};
}

}  // namespace

DecodedImage decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name) {
  JpegReader reader;
  const bool started = reader.start(bytes);
  require(started, "", "{} is a damaged JPEG: {}", name, reader.message());
  const auto& info = reader.info();
  check_sides(info.image_width, info.image_height, name);
  Image image{static_cast<int>(info.image_width), static_cast<int>(info.image_height), {}};
  Exif exif = exif_of(info);  // Now: libjpeg forgets the markers with the last row.
  const std::size_t channels = info.out_color_space == JCS_CMYK ? 4 : 3;
  image.rgb.resize(channels * image.width * image.height);
  const bool read = reader.read_rows(image.rgb.data());
  require(read, "", "{} is a damaged JPEG: {}", name, reader.message());
  require(!reader.cut_short(), "", "{} is a damaged JPEG: its data end early or are corrupt", name);
  if (channels == 4) image.rgb = cmyk_to_rgb(image.rgb, info.saw_Adobe_marker != 0);
  return {upright(std::move(image), exif.orientation), std::move(exif.comment)};
}

}  // namespace latentdial::detail
