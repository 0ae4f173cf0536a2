#include "weights/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <string_view>
#include <utility>

#include "latentdial/error.h"
#include "text/words.h"

namespace latentdial::detail {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kDirectoryEntry = 0x02014b50;
constexpr std::uint32_t kDirectoryEnd = 0x06054b50;
constexpr std::uint32_t kZip64End = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::uint32_t kInZip64 = 0xffffffff;  // A 32-bit field whose value stands in the zip64 record.
constexpr std::uint64_t kEndBytes = 22;
constexpr std::uint64_t kLocatorBytes = 20;

struct ZipCloser {
  void operator()(zip_t* archive) const { zip_discard(archive); }
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

}  // namespace

ZipArchive::ZipArchive(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {
  read_directory();
}

void ZipArchive::fail(const std::string& what) const {
  throw invalid_input(fmt::format("{}: {}: a truncated or damaged zip file", file_->path().string(), what));
}

std::uint64_t ZipArchive::number(std::uint64_t at, std::size_t bytes) const {
  const auto all = file_->bytes();
  if (at > all.size() || bytes > all.size() - at) fail("an offset points past the end");
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= std::to_integer<std::uint64_t>(all[at + i]) << (8 * i);
  return value;
}

void ZipArchive::read_directory() {
  const std::uint64_t size = file_->bytes().size();
  if (size < kEndBytes) fail("has no table of contents");
  // A comment of up to 64 KiB may follow the end record.
  constexpr std::uint64_t kLongestComment = 0xffff;
  std::uint64_t end = size - kEndBytes;
  const std::uint64_t earliest = end > kLongestComment ? end - kLongestComment : 0;
  while (number(end, 4) != kDirectoryEnd || number(end + 20, 2) != size - end - kEndBytes) {
    if (end == earliest) fail("has no table of contents at its end");
    --end;
  }
  std::uint64_t count = number(end + 10, 2);
  std::uint64_t length = number(end + 12, 4);
  std::uint64_t at = number(end + 16, 4);
  if (end >= kLocatorBytes && number(end - kLocatorBytes, 4) == kZip64Locator) {
    const auto zip64 = number(end - kLocatorBytes + 8, 8);
    if (number(zip64, 4) != kZip64End) fail("its zip64 record is not where it should be");
    count = number(zip64 + 32, 8);
    length = number(zip64 + 40, 8);
    at = number(zip64 + 48, 8);
  }
  if (at > size || length > size - at) fail("its table of contents runs past the end");
  const auto directory_end = at + length;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (at >= directory_end)
      fail(fmt::format("its table of contents holds fewer than the {} entries it claims", count));
    at = read_entry(at);
  }
}

// Reads the entry at `at`; gives the place of the next.
std::uint64_t ZipArchive::read_entry(std::uint64_t at) {
  constexpr std::uint64_t kFixedBytes = 46;
  if (number(at, 4) != kDirectoryEntry) fail("its table of contents is broken");
  const auto flags = number(at + 8, 2);
  const auto method = number(at + 10, 2);
  Entry entry{number(at + 24, 4), number(at + 20, 4), number(at + 42, 4), method == 0};
  const auto name_bytes = number(at + 28, 2);
  const auto extra_bytes = number(at + 30, 2);
  const auto next = at + kFixedBytes + name_bytes + extra_bytes + number(at + 32, 2);
  if (next > file_->bytes().size()) fail("its table of contents runs past the end");
  const std::string name(reinterpret_cast<const char*>(file_->bytes().data()) + at + kFixedBytes, name_bytes);
  read_zip64_extra(at + kFixedBytes + name_bytes, at + kFixedBytes + name_bytes + extra_bytes, entry);
  if ((flags & 1u) != 0) {
    throw invalid_input(fmt::format("{}: entry {} is encrypted; an unencrypted file is needed",
                                    file_->path().string(), printable(name)));
  }
  if (!entries_.emplace(name, entry).second)
    fail(fmt::format("entry {} stands there twice", printable(name)));
  return next;
}

// Extra field 1 holds, in this order, those of the three values that do not fit 32 bits.
void ZipArchive::read_zip64_extra(std::uint64_t at, std::uint64_t end, Entry& entry) const {
  while (at + 4 <= end) {
    const auto id = number(at, 2);
    const auto field_end = at + 4 + number(at + 2, 2);
    at += 4;
    if (field_end > end) return;
    if (id == 1) {
      for (auto* value : {&entry.size, &entry.compressed_size, &entry.header}) {
        if (*value == kInZip64 && at + 8 <= field_end) {
          *value = number(at, 8);
          at += 8;
        }
      }
    }
    at = field_end;
  }
}

std::span<const std::byte> ZipArchive::stored_bytes(const std::string& name) const {
  constexpr std::uint64_t kFixedBytes = 30;
  const auto& entry = entries_.at(name);
  const auto all = file_->bytes();
  if (!entry.stored || entry.size != entry.compressed_size)
    fail(fmt::format("entry {} is not stored plainly", printable(name)));
  if (entry.header > all.size() || number(entry.header, 4) != kLocalHeader) {
    fail(fmt::format("entry {} is not where the table of contents says", printable(name)));
  }
  const auto name_bytes = number(entry.header + 26, 2);
  const auto data = entry.header + kFixedBytes + name_bytes + number(entry.header + 28, 2);
  if (data > all.size() || entry.size > all.size() - data) {
    fail(fmt::format("entry {} of {} bytes runs past the end", printable(name), entry.size));
  }
  const std::string_view local_name(reinterpret_cast<const char*>(all.data()) + entry.header + kFixedBytes,
                                    name_bytes);
  if (local_name != name) fail(fmt::format("entry {} has another name at its place", printable(name)));
  return all.subspan(data, entry.size);
}

std::vector<std::byte> ZipArchive::unpack(const std::string& name) const {
  const auto all = file_->bytes();
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(all.data(), all.size(), 0, &error);
  if (source == nullptr) fail("libzip cannot read it");
  const std::unique_ptr<zip_t, ZipCloser> archive(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive == nullptr) {
    zip_source_free(source);
    fail(fmt::format("libzip cannot read it ({})", zip_error_strerror(&error)));
  }
  const std::unique_ptr<zip_file_t, ZipCloser> entry(zip_fopen(archive.get(), name.c_str(), 0));
  if (entry == nullptr) fail(fmt::format("entry {} cannot be unpacked", printable(name)));
  std::vector<std::byte> bytes(entries_.at(name).size);
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto got = zip_fread(entry.get(), bytes.data() + done, bytes.size() - done);
    if (got <= 0)
      fail(fmt::format("entry {} cannot be unpacked to the {} bytes it claims", printable(name),
                       bytes.size()));
    done += static_cast<std::size_t>(got);
  }
  std::byte beyond{};
  if (zip_fread(entry.get(), &beyond, 1) != 0)
    fail(fmt::format("entry {} is damaged or longer than it claims", printable(name)));
  return bytes;
}

}  // namespace latentdial::detail
