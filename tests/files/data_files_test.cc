// What comes with the library is found from where the program lies.

#include "files/data_files.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace latentdial::detail {
namespace {

TEST(Environment, AnEmptyVariableIsAsGoodAsNone) {
  ASSERT_EQ(setenv("LATENTDIAL_TEST_VARIABLE", "a value", 1), 0);
  EXPECT_EQ(environment("LATENTDIAL_TEST_VARIABLE"), "a value");
  ASSERT_EQ(setenv("LATENTDIAL_TEST_VARIABLE", "", 1), 0);
  EXPECT_EQ(environment("LATENTDIAL_TEST_VARIABLE"), std::nullopt);
  ASSERT_EQ(unsetenv("LATENTDIAL_TEST_VARIABLE"), 0);
  EXPECT_EQ(environment("LATENTDIAL_TEST_VARIABLE"), std::nullopt);
}

TEST(DataFile, IsFoundFromTheProgramNotFromTheWorkingFolder) {
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path("/");
  const auto found = find_data_file("scenes/model_index.json");
  std::filesystem::current_path(here);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->is_absolute());
  EXPECT_TRUE(std::filesystem::is_regular_file(*found));
}

TEST(DataFile, WhatIsNotThereIsNothing) {
  EXPECT_EQ(find_data_file("no such model"), std::nullopt);
}

}  // namespace
}  // namespace latentdial::detail
