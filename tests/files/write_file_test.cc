// A file is written whole or not at all, and nothing is left beside it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "files/append_to_file.h"
#include "files/read_file.h"
#include "files/temporary_name.h"
#include "latentdial/error.h"
#include "latentdial/files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

class WriteFile : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::ptrdiff_t files() const { return std::distance(fs::directory_iterator(folder_), {}); }
  [[nodiscard]] std::string text() const {
    std::error_code fault;
    return read_file(path_, 1000, fault);
  }

  fs::path folder_ = fs::temp_directory_path() / ("latentdial_files_" + std::to_string(getpid()));
  fs::path path_ = folder_ / "file.json";
};

TEST_F(WriteFile, ANewOneAndOneInAnEarliersPlace) {
  const std::string zero("a\0b", 3);
  for (const std::string& bytes : {std::string("first"), zero, std::string()}) {
    write_file(path_, bytes);
    EXPECT_EQ(text(), bytes);
    EXPECT_EQ(files(), 1);
  }
}

TEST_F(WriteFile, ANameInTheFolderWhereTheProgramRuns) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  write_file("file.json", "here");
  fs::current_path(before);
  EXPECT_EQ(text(), "here");
}

TEST_F(WriteFile, TheUmaskSaysWhoMayReadIt) {
  const mode_t before = umask(0027);
  write_file(path_, "mine");
  umask(before);
  EXPECT_EQ(fs::status(path_).permissions(), static_cast<fs::perms>(0640));
}

TEST_F(WriteFile, ALinkIsReplacedAndNotFollowed) {
  write_file(folder_ / "other", "other's");
  fs::create_symlink("other", path_);
  write_file(path_, "own");
  EXPECT_FALSE(fs::is_symlink(path_));
  EXPECT_EQ(text(), "own");
  EXPECT_EQ(files(), 2);
}

TEST_F(WriteFile, AFullDiskLeavesTheEarlierFile) {
  write_file(path_, "earlier");
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{2000, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(write_file(path_, std::string(5000, 'x')), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(text(), "earlier");
  EXPECT_EQ(files(), 1);
}

TEST_F(WriteFile, AppendsToWhatIsThere) {
  append_to_file(path_, "one\n");
  append_to_file(path_, "two\n");
  EXPECT_EQ(text(), "one\ntwo\n");
  EXPECT_THROW(append_to_file(folder_ / "none" / "file", "x"), Error);
}

TEST_F(WriteFile, AppendsToNoLinkAndNoPipe) {
  write_file(folder_ / "other", "other's");
  fs::create_symlink("other", path_);
  EXPECT_THROW(append_to_file(path_, "more"), Error);
  fs::remove(path_);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_THROW(append_to_file(path_, "more"), Error);
  std::error_code fault;
  EXPECT_EQ(read_file(folder_ / "other", 1000, fault), "other's");
}

TEST_F(WriteFile, ANameIsTakenOnce) {
  const fs::path name = folder_ / "out.png", link = folder_ / "link.png";
  fs::create_symlink(folder_ / "nowhere", link);
  EXPECT_TRUE(take_name(name));
  EXPECT_FALSE(take_name(name));
  EXPECT_FALSE(take_name(link)) << "which is not followed";
  EXPECT_FALSE(fs::exists(folder_ / "nowhere"));
  EXPECT_THROW((void)take_name(folder_ / "none" / "file"), Error);
}

TEST_F(WriteFile, SaysWhatIsWrong) {
  const auto fault_of = [](const fs::path& path) -> std::string {
    try {
      write_file(path, "x");
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::io);
      return error.what();
    }
    return "";
  };
  const fs::path missing = folder_ / "none" / "file";
  EXPECT_EQ(fault_of(missing), missing.string() + " cannot be written: No such file or directory");
  EXPECT_EQ(fault_of(folder_), folder_.string() + " cannot be written: it is no regular file");
  EXPECT_THAT(fault_of("/dev/null"), testing::HasSubstr("no regular file"));
  EXPECT_THAT(fault_of(folder_ / std::string(300, 'x')), testing::HasSubstr("too long"));
  EXPECT_EQ(files(), 0);
}

TEST(TemporaryName, SaysWhoseItIs) {
  const fs::path name = temporary_name("folder/a.b.png");
  EXPECT_EQ(name.parent_path(), "folder");
  EXPECT_NE(name, temporary_name("folder/a.b.png"));
  EXPECT_EQ(written_name(name.filename().string()), "a.b.png");
  EXPECT_EQ(written_name("picture.png.tmp"), "picture.png");
  EXPECT_EQ(written_name("picture.png"), "");
  EXPECT_EQ(written_name(".tmp"), "");
}

}  // namespace
}  // namespace latentdial::detail
