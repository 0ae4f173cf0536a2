#include <fmt/format.h>  // Brings what jpeglib.h needs.
#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>

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

/// EXIF orientation 1 to 8 from the APP1 marker; 1 where there is none (EXIF 2.3, section 4.6).
int orientation(const jpeg_decompress_struct& info) {
  for (auto* marker = info.marker_list; marker != nullptr; marker = marker->next) {
    const std::span<const std::uint8_t> data(marker->data, marker->data_length);
    if (data.size() < 14 ||
        std::string_view(reinterpret_cast<const char*>(data.data()), 6) != std::string_view("Exif\0\0", 6))
      continue;
    const auto tiff = data.subspan(6);
    const bool little = tiff[0] == 'I';
    const auto read = [&](std::size_t at, std::size_t bytes) -> std::size_t {
      std::size_t value = 0;
      if (at + bytes > tiff.size()) return 0;
      for (std::size_t i = 0; i < bytes; ++i)
        value |= static_cast<std::size_t>(tiff[at + i]) << (8 * (little ? i : bytes - 1 - i));
      return value;
    };
    const std::size_t directory = read(4, 4);
    for (std::size_t i = 0; i < read(directory, 2); ++i) {
      const std::size_t entry = directory + 2 + 12 * i;
      if (read(entry, 2) == 0x0112) {
        const auto value = static_cast<int>(read(entry + 8, 2));
        return value >= 1 && value <= 8 ? value : 1;
      }
    }
  }
  return 1;
}

/// The picture turned upright.
Image upright(Image image, int turned) {
  if (turned == 1) return image;
  const bool swapped = turned >= 5;
  Image out{swapped ? image.height : image.width, swapped ? image.width : image.height,
            std::vector<std::uint8_t>(image.rgb.size())};
  for (int y = 0; y < out.height; ++y) {
    for (int x = 0; x < out.width; ++x) {
      int from_x = swapped ? y : x, from_y = swapped ? x : y;
      if (turned == 2 || turned == 3 || turned == 7 || turned == 8) from_x = image.width - 1 - from_x;
      if (turned == 3 || turned == 4 || turned == 6 || turned == 7) from_y = image.height - 1 - from_y;
      const std::size_t from = 3 * (static_cast<std::size_t>(from_y) * image.width + from_x);
      const std::size_t to = 3 * (static_cast<std::size_t>(y) * out.width + x);
      std::copy_n(image.rgb.begin() + static_cast<std::ptrdiff_t>(from), 3,
                  out.rgb.begin() + static_cast<std::ptrdiff_t>(to));
    }
  }
  return out;
}

}  // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& name) {
  JpegReader reader;
  const bool started = reader.start(bytes);
  require(started, "", "{} is a damaged JPEG: {}", name, reader.message());
  const auto& info = reader.info();
  check_sides(info.image_width, info.image_height, name);
  Image image{static_cast<int>(info.image_width), static_cast<int>(info.image_height), {}};
  const int turned = orientation(info);  // Now: libjpeg forgets the markers with the last row.
  const std::size_t channels = info.out_color_space == JCS_CMYK ? 4 : 3;
  image.rgb.resize(channels * image.width * image.height);
  const bool read = reader.read_rows(image.rgb.data());
  require(read, "", "{} is a damaged JPEG: {}", name, reader.message());
  require(!reader.cut_short(), "", "{} is a damaged JPEG: its data end early or are corrupt", name);
  if (channels == 4) image.rgb = cmyk_to_rgb(image.rgb, info.saw_Adobe_marker != 0);
  return upright(std::move(image), turned);
}

}  // namespace latentdial::detail
