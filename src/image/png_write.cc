#include <png.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <new>

#include "latentdial/files.h"
#include "latentdial/image.h"

namespace latentdial {
namespace {

/// tEXt where the text is ASCII, iTXt for the rest of Unicode; A1111's readers take both.
png_text text_chunk(const std::string& parameters) {
  const bool ascii = std::all_of(parameters.begin(), parameters.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  static char key[] = "parameters";
  png_text text{};
  text.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
  text.key = key;
  text.text = const_cast<char*>(parameters.c_str());
  return text;
}

/// Memory is all that can be missing; libpng's own words would be a second line.
[[noreturn]] void on_error(png_structp png, png_const_charp) {
  longjmp(png_jmpbuf(png), 1);
}

/// No exception may pass through libpng.
bool append(png_structp png, png_bytep bytes, std::size_t count) {
  try {
    auto* all = static_cast<std::vector<std::uint8_t>*>(png_get_io_ptr(png));
    all->insert(all->end(), bytes, bytes + count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

void put(png_structp png, png_bytep bytes, std::size_t count) {
  if (!append(png, bytes, count)) png_error(png, "");
}

/// Left by longjmp when memory runs out, so it keeps no object of its own.
bool write_chunks(png_structp png, png_infop info, std::vector<std::uint8_t>* bytes, const Image& image,
                  png_text* text) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, bytes, put, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
               PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (text != nullptr) png_set_text(png, info, text, 1);
  png_write_info(png, info);
  for (int y = 0; y < image.height; ++y)
    png_write_row(png, image.rgb.data() + 3 * static_cast<std::size_t>(image.width) * y);
  png_write_end(png, info);
  return true;
}

}  // namespace

void write_png(const std::filesystem::path& path, const Image& image, const std::string& parameters) {
  const auto bytes = encode_png(image, parameters);
  write_file(path, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::vector<std::uint8_t> encode_png(const Image& image, const std::string& parameters) {
  std::vector<std::uint8_t> bytes;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, [](png_structp, png_const_charp) {});
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  png_text text = text_chunk(parameters);
  const bool written =
      info != nullptr && write_chunks(png, info, &bytes, image, parameters.empty() ? nullptr : &text);
  png_destroy_write_struct(&png, &info);
  if (!written) throw std::bad_alloc();
  return bytes;
}

}  // namespace latentdial
