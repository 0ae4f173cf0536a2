#include "files/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "latentdial/files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

class ReadFile : public testing::Test {
 protected:
  void SetUp() override { write_file(path_, "12345"); }
  void TearDown() override { fs::remove(path_); }

  fs::path path_ = fs::temp_directory_path() / ("latentdial_read_" + std::to_string(getpid()));
  std::error_code fault_;
};

TEST_F(ReadFile, AllOfItUpToTheBound) {
  EXPECT_EQ(read_file(path_, 5, fault_), "12345");
  EXPECT_FALSE(fault_);
  EXPECT_EQ(read_file(path_, 4, fault_), "");
  EXPECT_EQ(fault_, std::errc::file_too_large);
  EXPECT_EQ(read_file(path_, 5, fault_), "12345");
  EXPECT_FALSE(fault_) << "of the call before";
}

TEST_F(ReadFile, ALinkIsReadOnlyWhereItMayBe) {
  const fs::path link = path_.string() + ".link";
  fs::create_symlink(path_, link);
  EXPECT_EQ(read_file(link, 5, fault_), "12345");
  EXPECT_EQ(read_file(link, 5, fault_, Links::refuse), "");
  EXPECT_EQ(fault_, std::errc::too_many_symbolic_link_levels);
  fs::remove(link);
}

TEST_F(ReadFile, NoDeviceAndNoPipe) {
  const fs::path pipe = path_.string() + ".pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  for (const fs::path& path : {pipe, fs::path("/dev/zero")}) {
    EXPECT_EQ(read_file(path, 5, fault_), "");
    EXPECT_EQ(fault_, std::errc::not_supported);
  }
  fs::remove(pipe);
}

TEST_F(ReadFile, SaysWhyNot) {
  EXPECT_EQ(read_file(path_ / "none", 5, fault_), "");
  EXPECT_TRUE(fault_);
  EXPECT_EQ(read_file(path_.string() + ".none", 5, fault_), "");
  EXPECT_EQ(fault_, std::errc::no_such_file_or_directory);
  EXPECT_EQ(read_file(fs::temp_directory_path(), 1u << 20, fault_), "");
  EXPECT_EQ(fault_, std::errc::is_a_directory);
}

}  // namespace
}  // namespace latentdial::detail
