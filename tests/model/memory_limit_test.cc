// A control group kills without a word, so what it allows is read before a model is loaded.

#include "model/memory_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "latentdial/error.h"
#include "model/open_model.h"
#include "weights/test_files.h"

namespace latentdial::detail {
namespace {

namespace fs = std::filesystem;

class MemoryLimit : public ::testing::Test {
 protected:
  void write(const fs::path& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }

  testing::TempDir dir_;
  fs::path root_ = dir_ / "root";
};

TEST_F(MemoryLimit, NothingIsKnownWithoutControlGroups) {
  EXPECT_EQ(memory_limit(root_), std::nullopt);
  write("proc/self/cgroup", "nonsense\n0::\n");
  EXPECT_EQ(memory_limit(root_), std::nullopt);
}

TEST_F(MemoryLimit, TheLeastOfAGroupAndThoseAboveItCounts) {
  write("proc/self/cgroup", "0::/slice/unit\n");
  write("sys/fs/cgroup/slice/unit/memory.max", "max\n");
  EXPECT_EQ(memory_limit(root_), std::nullopt);
  write("sys/fs/cgroup/slice/memory.max", "3000\n");
  EXPECT_EQ(memory_limit(root_), 3000u);
  write("sys/fs/cgroup/slice/unit/memory.max", "5000\n");
  EXPECT_EQ(memory_limit(root_), 3000u);
}

TEST_F(MemoryLimit, VersionOneHasAnotherFileAndAnotherWordForNone) {
  write("proc/self/cgroup", "5:cpu:/other\n4:hugetlb,memory:/unit\n0::/\n");
  write("sys/fs/cgroup/memory/unit/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(memory_limit(root_), std::nullopt);
  write("sys/fs/cgroup/memory/unit/memory.limit_in_bytes", "4096\n");
  EXPECT_EQ(memory_limit(root_), 4096u);
}

TEST_F(MemoryLimit, AContainerSeesItsGroupAsTheTopmostOne) {
  write("proc/self/cgroup", "4:memory:/docker/0123\n");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "4096\n");
  EXPECT_EQ(memory_limit(root_), 4096u);
}

TEST_F(MemoryLimit, AModelThatDoesNotFitIsRefusedInOneLine) {
  const auto checkpoint = open_path("");
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", "1048576\n");
  try {
    require_memory(checkpoint, {.dtype = DType::bf16}, root_);
    FAIL() << "it does not fit";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::invalid_input);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("the control group allows 1 MiB"));
  }
  write("sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_NO_THROW(require_memory(checkpoint, {.dtype = DType::f32}, root_));
}

TEST_F(MemoryLimit, WhatLorasChangeCountsBesideTheModel) {
  const auto checkpoint = open_path("");
  const ops::BackendOptions unet = {.dtype = DType::bf16};
  EXPECT_EQ(least_memory_of_changes(checkpoint, unet), 0u);
  const std::string name = "conv_in.weight";
  checkpoint.unet.weights.add(name, [](Tensor&) {});
  const auto changed = static_cast<std::uint64_t>(2 * element_count(checkpoint.unet.weights.shape(name)));
  EXPECT_EQ(least_memory_of_changes(checkpoint, unet), changed);
  const std::uint64_t model = least_memory(checkpoint, unet);
  write("proc/self/cgroup", "0::/\n");
  write("sys/fs/cgroup/memory.max", std::to_string(model + changed - 1) + "\n");
  EXPECT_NO_THROW(require_memory(checkpoint, unet, root_));
  EXPECT_THAT(testing::refusal([&] { require_memory_beside(checkpoint, unet, root_); }),
              ::testing::HasSubstr("those that the LoRAs change"));
  write("sys/fs/cgroup/memory.max", std::to_string(model + changed) + "\n");
  EXPECT_NO_THROW(require_memory_beside(checkpoint, unet, root_));
}

TEST_F(MemoryLimit, SmallerNumbersTakeLess) {
  const auto checkpoint = open_path("");
  const auto bytes = [&](DType dtype, bool int8) {
    return least_memory(checkpoint, {.dtype = dtype, .int8 = int8});
  };
  EXPECT_EQ(bytes(DType::f32, false), 2 * bytes(DType::bf16, false));
  EXPECT_LT(bytes(DType::bf16, true), bytes(DType::bf16, false));
}

}  // namespace
}  // namespace latentdial::detail
