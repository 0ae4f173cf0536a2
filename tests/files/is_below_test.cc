// Where a path leads once its links are followed.

#include "files/is_below.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "latentdial/files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

class IsBelow : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "inner");
    fs::create_directories(outside_);
    write_file(folder_ / "inner" / "file", "");
    write_file(outside_ / "file", "");
    fs::create_directory_symlink(outside_, folder_ / "away");
    fs::create_symlink("inner/file", folder_ / "within");
    fs::create_symlink("loop", folder_ / "loop");
  }
  void TearDown() override {
    fs::remove_all(folder_);
    fs::remove_all(outside_);
  }

  fs::path folder_ = fs::temp_directory_path() / ("latentdial_below_" + std::to_string(getpid()));
  fs::path outside_ = folder_.string() + "_too";  // Its name begins as the folder's.
};

TEST_F(IsBelow, WhatLiesInTheFolder) {
  for (const char* name : {"inner/file", "within", "inner/../within", "not/there/yet", "inner"})
    EXPECT_TRUE(is_below(folder_ / name, folder_)) << name;
  EXPECT_TRUE(is_below(folder_ / "within", folder_ / "inner"));
  EXPECT_TRUE(is_below(folder_, folder_));
  EXPECT_TRUE(is_below(folder_ / "within", folder_ / ""));
}

TEST_F(IsBelow, NothingElse) {
  for (const char* name :
       {"away/file", "away/not there", "../file", "inner/../../file", "loop", "/etc/passwd"})
    EXPECT_FALSE(is_below(folder_ / name, folder_)) << name;
  EXPECT_FALSE(is_below(outside_ / "file", folder_));
  EXPECT_FALSE(is_below(folder_ / "inner", folder_ / "no such folder"));
}

TEST_F(IsBelow, ARelativePathIsTheWorkingFolders) {
  const fs::path before = fs::current_path();
  fs::current_path(folder_);
  EXPECT_TRUE(is_below("within", "."));
  EXPECT_TRUE(is_below("not there", folder_));
  EXPECT_FALSE(is_below("away/file", "."));
  fs::current_path(before);
}

}  // namespace
}  // namespace latentdial::detail
