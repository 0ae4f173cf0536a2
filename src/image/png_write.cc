#include <fcntl.h>
#include <fmt/format.h>
#include <png.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>
#include <system_error>

#include "latentdial/error.h"
#include "latentdial/image.h"

namespace latentdial {
namespace {

/// A file that gets its name only when it is whole; until then, and after any fault, only a temporary one.
class PendingFile {
 public:
  explicit PendingFile(const std::filesystem::path& path) : path_(path) {
    std::error_code ignored;
    // A rename would put a picture in the place of a device such as /dev/null.
    if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored)) {
      throw Error(ErrorCode::io, fmt::format("{} cannot be written: it is no regular file", path.string()));
    }
    static std::atomic<unsigned> count = 0;
    temporary_ = path;
    temporary_.replace_filename(fmt::format(".{}.{}-{}.tmp", path.filename().string(), getpid(), count++));
    const int handle = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    file_ = handle < 0 ? nullptr : fdopen(handle, "wb");
    if (file_ == nullptr) throw fault();
  }
  ~PendingFile() {
    if (file_ != nullptr) std::fclose(file_);
    if (!finished_) unlink(temporary_.c_str());
  }
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  [[nodiscard]] std::FILE* file() const { return file_; }

  void finish() {
    const bool written = std::fflush(file_) == 0 && fsync(fileno(file_)) == 0;
    if (!written || rename(temporary_.c_str(), path_.c_str()) != 0) throw fault();
    finished_ = true;
  }

  [[nodiscard]] Error fault() const {
    return {ErrorCode::io, fmt::format("{} cannot be written: {}", path_.string(), std::strerror(errno))};
  }

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::FILE* file_ = nullptr;
  bool finished_ = false;
};

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

/// Where the bytes of a PNG go; false when they cannot.
using Sink = bool (*)(void* target, const std::uint8_t* bytes, std::size_t count);

/// What libpng is handed, so that it can hand it back.
struct Output {
  Sink sink;
  void* target;
};

/// The cause is known to the sink; libpng's own words would be a second line.
[[noreturn]] void on_error(png_structp png, png_const_charp) {
  longjmp(png_jmpbuf(png), 1);
}

void put(png_structp png, png_bytep bytes, std::size_t count) {
  const auto* output = static_cast<const Output*>(png_get_io_ptr(png));
  if (!output->sink(output->target, bytes, count)) png_error(png, "");
}

/// Left by longjmp when the disk is full, so it keeps no object of its own.
bool write_chunks(png_structp png, png_infop info, Output* output, const Image& image, png_text* text) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_write_fn(png, output, put, [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(image.width), static_cast<png_uint_32>(image.height), 8,
               PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (text != nullptr) png_set_text(png, info, text, 1);
  png_write_info(png, info);
  for (int y = 0; y < image.height; ++y)
    png_write_row(png, image.rgb.data() + 3 * static_cast<std::size_t>(image.width) * y);
  png_write_end(png, info);
  return true;
}

bool encode(Output output, const Image& image, const std::string& parameters) {
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, on_error, [](png_structp, png_const_charp) {});
  png_infop info = png == nullptr ? nullptr : png_create_info_struct(png);
  png_text text = text_chunk(parameters);
  const bool written =
      info != nullptr && write_chunks(png, info, &output, image, parameters.empty() ? nullptr : &text);
  png_destroy_write_struct(&png, &info);
  return written;
}

bool to_file(void* file, const std::uint8_t* bytes, std::size_t count) {
  return std::fwrite(bytes, 1, count, static_cast<std::FILE*>(file)) == count;
}

bool to_memory(void* memory, const std::uint8_t* bytes, std::size_t count) {
  try {
    auto* all = static_cast<std::vector<std::uint8_t>*>(memory);
    all->insert(all->end(), bytes, bytes + count);
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

}  // namespace

void write_png(const std::filesystem::path& path, const Image& image, const std::string& parameters) {
  PendingFile pending(path);
  if (!encode({to_file, pending.file()}, image, parameters)) throw pending.fault();
  pending.finish();
}

std::vector<std::uint8_t> encode_png(const Image& image, const std::string& parameters) {
  std::vector<std::uint8_t> bytes;
  if (!encode({to_memory, &bytes}, image, parameters)) throw std::bad_alloc();
  return bytes;
}

}  // namespace latentdial
