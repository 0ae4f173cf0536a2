#include <fmt/format.h>  // Brings what jpeglib.h needs.
#include <jpeglib.h>

#include <csetjmp>
#include <cstdlib>
#include <memory>
#include <new>

#include "image/exif.h"
#include "image/formats.h"

namespace latentdial {

using namespace detail;
namespace {

/// Memory is all that can be missing; libjpeg reports it by a call that must not return.
struct Failure {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
};

void on_error(j_common_ptr info) {
  std::longjmp(reinterpret_cast<Failure*>(info->err)->escape, 1);
}

/// What libjpeg makes, in memory of malloc.
struct JpegBytes {
  unsigned char* data = nullptr;
  unsigned long size = 0;
  ~JpegBytes() { std::free(data); }
};

/// Left by longjmp, so it keeps no object of its own. Colours are not thinned out: drawings have sharp ones.
bool write_rows(jpeg_compress_struct* info, Failure* failure, JpegBytes* bytes, const Image& image,
                const std::string& exif, int quality) {
  info->err = jpeg_std_error(&failure->manager);
  failure->manager.error_exit = on_error;
  if (setjmp(failure->escape) != 0) return false;
  jpeg_create_compress(info);
  jpeg_mem_dest(info, &bytes->data, &bytes->size);
  info->image_width = static_cast<JDIMENSION>(image.width);
  info->image_height = static_cast<JDIMENSION>(image.height);
  info->input_components = 3;
  info->in_color_space = JCS_RGB;
  jpeg_set_defaults(info);
  jpeg_set_quality(info, quality, TRUE);
  info->comp_info[0].h_samp_factor = info->comp_info[0].v_samp_factor = 1;
  jpeg_start_compress(info, TRUE);
  if (!exif.empty())
    jpeg_write_marker(info, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(exif.data()),
                      static_cast<unsigned>(exif.size()));
  while (info->next_scanline < info->image_height) {
    JSAMPROW row = const_cast<JSAMPROW>(image.rgb.data()) +
                   3 * static_cast<std::size_t>(image.width) * info->next_scanline;
    jpeg_write_scanlines(info, &row, 1);
  }
  jpeg_finish_compress(info);
  return true;
}

}  // namespace

std::vector<std::uint8_t> encode_jpeg(const Image& image, const std::string& parameters, int quality) {
  constexpr std::size_t kLongestMarker = 65533;
  std::string exif;
  if (!parameters.empty()) exif = std::string("Exif\0\0", 6) + write_exif(parameters);
  if (exif.size() > kLongestMarker) exif.clear();
  check_sides(image.width, image.height, "the picture");
  jpeg_compress_struct info{};
  Failure failure{};
  JpegBytes bytes;
  const bool written = write_rows(&info, &failure, &bytes, image, exif, quality);
  jpeg_destroy_compress(&info);
  if (!written) throw std::bad_alloc();
  return {bytes.data, bytes.data + bytes.size};
}

}  // namespace latentdial
